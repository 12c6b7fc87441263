//! The units that every organization starts with.

use crate::store::{self, NewUnit};
use crate::unit::UnitKind;
use ::store::TenantTx;
use kernel::ids::UnitId;
use kernel::{Audience, Ctx, Error, NewEvent, Permission, StreamRef};
use serde_json::json;

/// Gives an organization without units its fallback unit `Suporte` and `Comercial`. What was renamed, moved or archived
/// since stays as it is; only a missing fallback unit is made again.
///
/// # Errors
/// When a statement fails.
pub async fn provision_units(ctx: &Ctx, tx: &mut TenantTx) -> Result<(), Error> {
    let first_time = !store::has_units(tx).await?;
    if first_time || store::fallback_unit(tx).await?.is_none() {
        add(ctx, tx, "Suporte", "suporte", true, 0).await?;
    }
    if first_time {
        add(ctx, tx, "Comercial", "comercial", false, 1).await?;
    }
    Ok(())
}

async fn add(
    ctx: &Ctx,
    tx: &mut TenantTx,
    name: &str,
    slug: &str,
    is_fallback: bool,
    position: i32,
) -> Result<(), Error> {
    let id: UnitId = ctx.new_id();
    let kind = UnitKind::Queue.name();
    let new = NewUnit { id, name, slug, kind, is_fallback, position };
    if store::insert(tx, &new, ctx.now()).await? {
        tx.append(
            ctx,
            NewEvent {
                kind: "unit.created",
                version: 1,
                stream: StreamRef { kind: "unit".into(), id: *id, seq: None },
                actor: ctx.actor(),
                audience: Audience {
                    permission: Some(Permission::UNITS_VIEW.name().to_owned()),
                    ..Audience::default()
                },
                data: json!({ "unit_id": id, "name": name, "kind": kind, "is_fallback": is_fallback }),
            },
        );
    }
    Ok(())
}
