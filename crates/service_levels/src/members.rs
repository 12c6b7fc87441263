//! Who belongs to which unit.

use crate::store;
use crate::unit::fallback_unit;
use ::store::TenantTx;
use kernel::ids::{MembershipId, UnitId};
use kernel::{Audience, Ctx, Error, NewEvent, Permission, Resource, StreamRef};
use serde_json::json;

/// Puts a new member into the fallback unit, so that nobody starts with an empty screen. Whoever makes a member calls
/// it in the same transaction; a member who has a unit already stays where he is.
///
/// # Errors
/// 403 without `users.manage`.
pub async fn join_fallback_unit(ctx: &Ctx, tx: &mut TenantTx, membership: MembershipId) -> Result<UnitId, Error> {
    ctx.require(Permission::USERS_MANAGE, &Resource::organization(ctx.organization_id()))?;
    let unit = fallback_unit(tx).await?;
    if !store::has_unit(tx, membership).await? {
        join(ctx, tx, unit, membership).await?;
    }
    Ok(unit)
}

/// Makes a member of each of these units, or of the fallback unit where none is named.
///
/// # Errors
/// 403 without `units.manage` there, 404 for a unit that is not there or archived.
pub async fn add_to_units(
    ctx: &Ctx,
    tx: &mut TenantTx,
    membership: MembershipId,
    units: &[UnitId],
) -> Result<(), Error> {
    if units.is_empty() {
        join_fallback_unit(ctx, tx, membership).await?;
        return Ok(());
    }
    for unit in units {
        ctx.require(Permission::UNITS_MANAGE, &Resource::in_unit(ctx.organization_id(), Some(*unit)))?;
        if !store::is_active(tx, *unit).await? {
            return Err(Error::not_found());
        }
        join(ctx, tx, *unit, membership).await?;
    }
    Ok(())
}

async fn join(ctx: &Ctx, tx: &mut TenantTx, unit: UnitId, membership: MembershipId) -> Result<(), Error> {
    if store::add_member(tx, unit, membership, ctx.now()).await? {
        tx.append(
            ctx,
            NewEvent {
                kind: "unit.member_added",
                version: 1,
                stream: StreamRef { kind: "unit".into(), id: *unit, seq: None },
                actor: ctx.actor(),
                audience: Audience {
                    permission: Some(Permission::UNITS_VIEW.name().to_owned()),
                    unit_id: Some(unit),
                    ..Audience::default()
                },
                data: json!({ "unit_id": unit, "membership_id": membership, "role": "member" }),
            },
        );
    }
    Ok(())
}
