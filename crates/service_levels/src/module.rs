//! What this domain brings to the house.

use crate::provision::provision_units;
use crate::routes::router;
use crate::store;
use ::store::Database;
use kernel::cursor::CursorKey;
use kernel::ids::UnitId;
use kernel::{Permission, Resource};
use module::{EventDoc, Module, Provision, ResourceKind};
use std::sync::Arc;

const EVENTS: &[EventDoc] = &[
    EventDoc { kind: "unit.created", version: 1, meaning: "A unit was made: unit_id, name, kind, is_fallback." },
    EventDoc {
        kind: "unit.member_added",
        version: 1,
        meaning: "Somebody joined a unit: unit_id, membership_id, role.",
    },
];

/// The domain's one value for the binary's list.
pub fn module(db: Database, cursors: CursorKey) -> Module {
    Module {
        name: "service_levels",
        routes: router(db, cursors),
        permissions: &[Permission::UNITS_VIEW, Permission::UNITS_MANAGE],
        events: EVENTS,
        resources: vec![unit()],
        provisions: vec![Provision(Arc::new(|ctx, tx| Box::pin(provision_units(ctx, tx))))],
        ..Module::default()
    }
}

fn unit() -> ResourceKind {
    ResourceKind {
        kind: "unit",
        load: Arc::new(|tx, id| {
            Box::pin(async move {
                let there = store::exists(tx, UnitId(id)).await?;
                Ok(there.then(|| Resource::in_unit(tx.organization_id(), Some(UnitId(id)))))
            })
        }),
    }
}
