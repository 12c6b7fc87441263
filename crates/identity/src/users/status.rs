//! Suspending a member and letting him in again.

use super::leave::{Left, end_sessions};
use super::{events, last_admin, managed};
use crate::limits;
use crate::store::{members, people};
use kernel::ids::UserId;
use kernel::{Ctx, Error, ErrorKind, Permission, Resource};
use serde_json::json;
use store::TenantTx;

/// Keeps a member out: sessions end at once, live work returns to the queues.
///
/// # Errors
/// 404, 403 without `users.manage`, `GRANT_EXCEEDS_OWN`, 409 `INVALID_TRANSITION`, `LAST_ADMIN`.
pub(crate) async fn suspend_user(ctx: &Ctx, tx: &mut TenantTx, id: UserId) -> Result<Left, Error> {
    ctx.require(Permission::USERS_MANAGE, &Resource::organization(ctx.organization_id()))?;
    last_admin::lock(tx).await?;
    let found = people::lock(tx, id).await?.filter(|(_, status)| status != "removed");
    let (membership, _) = found.ok_or_else(Error::not_found)?;
    managed::require_not_above(ctx, tx, membership).await?;
    let was_admin = members::is_admin(tx, membership, ctx.now()).await?;
    if !people::set_status(tx, membership, "active", "suspended", ctx.now()).await? {
        return Err(transition("Only active members can be suspended."));
    }
    if was_admin {
        last_admin::must_remain(tx, ctx.now()).await?;
    }
    let sessions = end_sessions(ctx, tx, id, "membership_suspended").await?;
    events::append(ctx, tx, events::membership("membership.suspended", membership, id, json!({})));
    Ok(Left { sessions })
}

/// Lets a suspended member in again; that takes a seat.
///
/// # Errors
/// 404, 403 without `users.manage`, 409 `INVALID_TRANSITION`, `LIMIT_REACHED`.
pub(crate) async fn restore_user(ctx: &Ctx, tx: &mut TenantTx, id: UserId) -> Result<(), Error> {
    ctx.require(Permission::USERS_MANAGE, &Resource::organization(ctx.organization_id()))?;
    let found = people::lock(tx, id).await?.filter(|(_, status)| status != "removed");
    let (membership, status) = found.ok_or_else(Error::not_found)?;
    if status != "suspended" {
        return Err(transition("Only suspended members can be restored."));
    }
    managed::require_not_above(ctx, tx, membership).await?;
    limits::take_seat(ctx, tx).await?;
    people::set_status(tx, membership, "suspended", "active", ctx.now()).await?;
    events::append(ctx, tx, events::membership("membership.restored", membership, id, json!({})));
    Ok(())
}

pub(super) fn transition(detail: &'static str) -> Error {
    Error::new(ErrorKind::Conflict, "INVALID_TRANSITION", detail)
}
