//! What those do with invitations who manage people: list, send again, take back.

use super::send::{append, send_again};
use super::{InvitationView, events};
use crate::handle::Identity;
use crate::limits;
use crate::store::invitations as rows;
use crate::users::{Left, end_membership};
use kernel::cursor::CursorKey;
use kernel::{Ctx, Error, ErrorKind, Page, PageRequest, Permission, Resource};
use store::TenantTx;
use uuid::Uuid;

/// Invitations, the newest first.
///
/// # Errors
/// 403 without `users.manage`; 400 `CURSOR_INVALID`.
pub(super) async fn list(
    ctx: &Ctx,
    tx: &mut TenantTx,
    cursors: &CursorKey,
    status: Option<&str>,
    page: &PageRequest,
) -> Result<Page<InvitationView>, Error> {
    ctx.require(Permission::USERS_MANAGE, &Resource::organization(ctx.organization_id()))?;
    let purpose = format!("invitations:{status:?}");
    let before = match &page.cursor {
        Some(cursor) => Some(open_cursor(ctx, cursors, &purpose, cursor)?),
        None => None,
    };
    let found = rows::list(tx, status, None, before, i64::from(page.limit) + 1).await?;
    let cut = Page::cut(found, page.limit, |last| cursors.seal(ctx.organization_id(), &purpose, last.id.as_bytes()));
    Ok(cut.map(InvitationView::from))
}

/// One invitation.
///
/// # Errors
/// 404, 403 without `users.manage`.
pub(super) async fn find(ctx: &Ctx, tx: &mut TenantTx, id: Uuid) -> Result<InvitationView, Error> {
    ctx.require(Permission::USERS_MANAGE, &Resource::organization(ctx.organization_id()))?;
    let found = rows::list(tx, None, Some(id), None, 1).await?.pop();
    found.map(InvitationView::from).ok_or_else(Error::not_found)
}

/// Sends a new link for seven more days; also for an invitation that expired, which takes a seat again.
///
/// # Errors
/// 404, 403 without `users.manage`, 409 `INVALID_TRANSITION` for one accepted or taken back, 409 `LIMIT_REACHED`, 429.
pub(super) async fn resend(
    identity: &Identity,
    ctx: &Ctx,
    tx: &mut TenantTx,
    id: Uuid,
) -> Result<InvitationView, Error> {
    ctx.require(Permission::USERS_MANAGE, &Resource::organization(ctx.organization_id()))?;
    let row = rows::lock(tx, id).await?.ok_or_else(Error::not_found)?;
    match row.status.as_str() {
        "pending" => {}
        "expired" if row.membership_status == "removed" => {
            limits::take_seat(ctx, tx).await?;
            if !rows::reinvite(tx, row.membership_id, ctx.now()).await? {
                return Err(over());
            }
            crate::store::logins::keep(tx, row.user_id, ctx.now()).await?;
        }
        _ => return Err(over()),
    }
    send_again(identity, ctx, tx, &row).await?;
    find(ctx, tx, id).await
}

/// Takes an invitation back: its link is dead, the seat is free.
///
/// # Errors
/// 404 also the second time, 403 without `users.manage`, 409 `INVALID_TRANSITION` for one that was accepted.
pub(super) async fn revoke(ctx: &Ctx, tx: &mut TenantTx, id: Uuid) -> Result<Left, Error> {
    ctx.require(Permission::USERS_MANAGE, &Resource::organization(ctx.organization_id()))?;
    let row = rows::lock(tx, id).await?.ok_or_else(Error::not_found)?;
    match row.status.as_str() {
        "accepted" => return Err(over()),
        "revoked" => return Err(Error::not_found()),
        _ => {}
    }
    rows::set_status(tx, id, "revoked", ctx.now()).await?;
    append(ctx, tx, events::about("invitation.revoked", &row));
    if row.membership_status == "invited" {
        return end_membership(ctx, tx, row.membership_id, row.user_id, crate::users::Keep::Nothing).await;
    }
    Ok(Left::default())
}

fn over() -> Error {
    Error::new(ErrorKind::Conflict, "INVALID_TRANSITION", "This invitation is over.")
}

fn open_cursor(ctx: &Ctx, cursors: &CursorKey, purpose: &str, cursor: &str) -> Result<Uuid, Error> {
    cursors
        .open(ctx.organization_id(), purpose, cursor)
        .and_then(|value| Uuid::from_slice(&value).ok())
        .ok_or_else(|| Error::new(ErrorKind::BadRequest, "CURSOR_INVALID", "This cursor was not made for this list."))
}
