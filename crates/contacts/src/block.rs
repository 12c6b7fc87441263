//! Blocking: inbound of a blocked contact is kept in silence, nothing goes out.

use crate::{events, store};
use ::store::TenantTx;
use kernel::ids::ContactId;
use kernel::{Ctx, Error, Permission, Resource};
use serde_json::json;

/// Blocks a contact; answers whether it was not blocked before. Messaging closes the threads in the same transaction.
///
/// # Errors
/// 403 without `contacts.update`, 404 for an unknown contact.
pub async fn block(ctx: &Ctx, tx: &mut TenantTx, id: ContactId) -> Result<bool, Error> {
    set(ctx, tx, id, "blocked", "contact.blocked").await
}

/// Lifts the block; answers whether there was one.
///
/// # Errors
/// 403 without `contacts.update`, 404 for an unknown contact.
pub async fn unblock(ctx: &Ctx, tx: &mut TenantTx, id: ContactId) -> Result<bool, Error> {
    set(ctx, tx, id, "active", "contact.unblocked").await
}

/// Whether the contact is blocked now.
///
/// # Errors
/// 404 for an unknown contact.
pub async fn is_blocked(tx: &mut TenantTx, id: ContactId) -> Result<bool, Error> {
    let status = store::status(tx, id).await?.ok_or_else(Error::not_found)?;
    Ok(status == "blocked")
}

async fn set(ctx: &Ctx, tx: &mut TenantTx, id: ContactId, to: &str, event: &'static str) -> Result<bool, Error> {
    ctx.require(Permission::CONTACTS_UPDATE, &Resource::organization(ctx.organization_id()))?;
    let status = store::lock_status(tx, id).await?.ok_or_else(Error::not_found)?;
    if (status == "blocked") == (to == "blocked") {
        return Ok(false);
    }
    store::set_status(tx, id, to, ctx.now()).await?;
    events::append(ctx, tx, event, id, ctx.actor(), json!({ "contact_id": id }));
    Ok(true)
}
