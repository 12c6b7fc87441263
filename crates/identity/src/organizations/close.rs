//! Closing an organization, and changing one's mind.

use super::export;
use super::status::{StatusChange, change_status};
use super::view::OrganizationDetails;
use crate::store::lifecycle as rows;
use kernel::ids::SessionId;
use kernel::{Ctx, Error, Permission, Resource};
use store::TenantTx;

/// A move that was made, with the sessions that it ended.
pub struct Moved {
    pub organization: OrganizationDetails,
    pub ended: Vec<SessionId>,
}

/// Closes the caller's organization: a final export is made at once, and after 30 days nothing is left but a skeleton.
///
/// # Errors
/// 403 without `organization.close` or a recent proof of identity; 409 `INVALID_TRANSITION`.
pub async fn close_organization(ctx: &Ctx, tx: &mut TenantTx, reason: Option<&str>) -> Result<Moved, Error> {
    ctx.require(Permission::ORGANIZATION_CLOSE, &Resource::organization(tx.organization_id()))?;
    if reason.is_some_and(|reason| reason.chars().count() > 500) {
        return Err(Error::invalid_field("reason", "LENGTH", "At most 500 characters."));
    }
    let ended = change_status(ctx, tx, StatusChange::Close, reason, ctx.actor()).await?;
    export::begin(ctx, tx).await?;
    moved(tx, ended).await
}

/// Cancels the closing.
///
/// # Errors
/// 403 without `organization.close` or a recent proof of identity; 409 `INVALID_TRANSITION` for one that is not closing.
pub async fn reopen_organization(ctx: &Ctx, tx: &mut TenantTx) -> Result<Moved, Error> {
    ctx.require(Permission::ORGANIZATION_CLOSE, &Resource::organization(tx.organization_id()))?;
    // A suspension is not lifted by those whom it concerns.
    if rows::closing_at(tx).await?.is_none() {
        return Err(super::status::not_closing());
    }
    let ended = change_status(ctx, tx, StatusChange::Activate, None, ctx.actor()).await?;
    moved(tx, ended).await
}

async fn moved(tx: &mut TenantTx, ended: Vec<SessionId>) -> Result<Moved, Error> {
    let row = rows::find(tx).await?.ok_or_else(Error::not_found)?;
    Ok(Moved { organization: row.into(), ended })
}
