//! What this domain brings to the house.

use crate::provision::provision_units;
use crate::routes::router;
use kernel::Permission;
use kernel::cursor::CursorKey;
use module::{EventDoc, Module, Provision};
use std::sync::Arc;
use store::Database;

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
        provisions: vec![Provision(Arc::new(|ctx, tx| Box::pin(provision_units(ctx, tx))))],
        ..Module::default()
    }
}
