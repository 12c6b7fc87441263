//! Legal holds: what must be kept is not erased.

use super::events;
use crate::store::privacy as rows;
use kernel::ids::UserId;
use kernel::text::clean_line;
use kernel::{Ctx, Error, ErrorKind, Permission, Resource};
use serde::Deserialize;
use serde_json::json;
use store::TenantTx;

/// Why a person's data must be kept.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "Processo 0001234-56.2026.8.26.0100" }))]
pub struct SetHold {
    /// 3 to 500 characters.
    pub reason: String,
}

/// Sets a hold, or lifts it.
///
/// # Errors
/// 404, 403 without `privacy.manage`, 422.
pub(super) async fn set_hold(ctx: &Ctx, tx: &mut TenantTx, user: UserId, hold: Option<&SetHold>) -> Result<(), Error> {
    ctx.require(Permission::PRIVACY_MANAGE, &Resource::organization(ctx.organization_id()))?;
    let place = rows::lock_place(tx, user).await?.ok_or_else(Error::not_found)?;
    let reason = hold.map(|hold| clean_line(&hold.reason));
    if reason.as_deref().is_some_and(|reason| !(3..=500).contains(&reason.chars().count())) {
        return Err(Error::invalid_field("reason", "LENGTH", "3 to 500 characters."));
    }
    if reason.is_none() && place.held_at.is_none() {
        return Err(Error::not_found());
    }
    rows::set_hold(tx, place.membership_id, reason.as_deref(), ctx.now()).await?;
    let kind = if reason.is_some() { "privacy.hold_set" } else { "privacy.hold_lifted" };
    events::append(ctx, tx, kind, user, json!({}));
    Ok(())
}

pub(super) fn held() -> Error {
    Error::new(ErrorKind::Conflict, "LEGAL_HOLD", "This person's data must be kept: a legal hold is set.")
}
