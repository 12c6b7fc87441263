//! What the platform's staff see of organizations and may change: name, plan, state, counts. Nothing of what they do.

use super::status::{Mode, StatusChange, change_status};
use super::{export, stale};
use crate::handle::Identity;
use crate::limits::{Plan, SubscriptionChange, SubscriptionStatus, change_subscription, step_subscription};
use crate::store::{lifecycle, staff as rows};
use chrono::{DateTime, Utc};
use kernel::cursor::CursorKey;
use kernel::ids::OrganizationId;
use kernel::{Actor, Ctx, Error, ErrorKind, Page, PageRequest, Permission, Resource};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::TenantTx;

/// An organization as staff see it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct StaffOrganization {
    pub id: OrganizationId,
    #[schema(example = "clinica-bem-estar")]
    pub slug: String,
    pub name: String,
    pub kind: String,
    #[schema(example = "active")]
    pub status: String,
    pub suspension_mode: Option<String>,
    pub status_reason: Option<String>,
    pub closing_at: Option<DateTime<Utc>>,
    #[schema(example = "pro")]
    pub plan: String,
    #[schema(example = "trial")]
    pub subscription_status: String,
    /// Memberships that take a seat.
    pub seats_taken: i64,
    /// Whether another organization gave the same tax id.
    pub same_tax_id: bool,
    pub created_at: DateTime<Utc>,
    pub version: i64,
}

/// Which ones.
#[derive(Clone, Debug, Default)]
pub struct StaffFilter {
    pub status: Option<String>,
    /// Part of slug or name.
    pub q: Option<String>,
}

/// All organizations, by slug.
///
/// # Errors
/// 403 for anybody but staff.
pub async fn list_for_staff(
    ctx: &Ctx,
    tx: &mut TenantTx,
    cursors: &CursorKey,
    filter: StaffFilter,
    page: &PageRequest,
) -> Result<Page<StaffOrganization>, Error> {
    let own = Resource::organization(ctx.organization_id());
    let mut allowed = ctx.require(Permission::PLATFORM_ORGANIZATIONS, &own);
    for other in [Permission::PLATFORM_SUPPORT, Permission::PLATFORM_OPERATIONS] {
        allowed = allowed.or_else(|refused| ctx.require(other, &own).map_err(|_| refused));
    }
    allowed?;
    let status = filter.status.unwrap_or_default();
    let q = filter.q.map(|q| q.trim().to_lowercase()).unwrap_or_default();
    let purpose = format!("platform_organizations:{status}:{q}");
    let after = match &page.cursor {
        None => String::new(),
        Some(cursor) => cursors
            .open(ctx.organization_id(), &purpose, cursor)
            .and_then(|value| String::from_utf8(value).ok())
            .ok_or_else(|| {
                Error::new(ErrorKind::BadRequest, "CURSOR_INVALID", "This cursor was not made for this list.")
            })?,
    };
    let found = rows::list(tx, &after, &status, &q, i64::from(page.limit) + 1).await?;
    Ok(Page::cut(found, page.limit, |last| cursors.seal(ctx.organization_id(), &purpose, last.slug.as_bytes())))
}

/// What staff may change; absent fields stay.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "plan": "pro", "seats": 12, "limits": { "exports_per_day": 20 }, "features": { "voice": true } }))]
pub struct OrganizationPatch {
    /// active, suspended or closing.
    pub status: Option<NewStatus>,
    /// With `suspended`: `read_only` unless said.
    pub suspension_mode: Option<NewMode>,
    /// Shown to its admins.
    pub status_reason: Option<String>,
    pub plan: Option<Plan>,
    pub subscription_status: Option<SubscriptionStatus>,
    /// `null`: as many as the plan says.
    #[serde(default, deserialize_with = "super::change::nullable")]
    #[schema(value_type = Option<i64>)]
    pub seats: Option<Option<i64>>,
    #[serde(default, deserialize_with = "super::change::nullable")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub renews_at: Option<Option<DateTime<Utc>>>,
    /// By name; `null` takes back what was set, -1 is no limit.
    #[serde(default)]
    pub limits: BTreeMap<String, Option<i64>>,
    /// By name; `null` takes back what was set.
    #[serde(default)]
    pub features: BTreeMap<String, Option<bool>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NewStatus {
    Active,
    Suspended,
    Closing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NewMode {
    ReadOnly,
    Blocked,
}

/// Changes state, plan, limits and features of any organization.
///
/// # Errors
/// 403 without `platform.organizations`; 404; 412; 409 `INVALID_TRANSITION`, `LIMIT_REACHED`; 422.
pub async fn change_by_staff(
    identity: &Identity,
    caller: &Ctx,
    id: OrganizationId,
    patch: OrganizationPatch,
    expected: Option<i64>,
) -> Result<StaffOrganization, Error> {
    caller.require(Permission::PLATFORM_ORGANIZATIONS, &Resource::organization(caller.organization_id()))?;
    let by = caller.actor();
    let mut ctx = Ctx::system(id, caller.clock.clone(), caller.ids.clone(), caller.request_id.clone());
    ctx.origin.clone_from(&caller.origin);
    let mut tx = identity.0.db.tenant(id).await?;
    let before = lifecycle::find(&mut tx).await?.filter(|row| row.status != "erased").ok_or_else(Error::not_found)?;
    if expected.is_some_and(|expected| expected != before.version) {
        return Err(stale());
    }
    let mut ended = Vec::new();
    let wanted = status_change(&patch)?;
    let change = subscription_change(&patch);
    if change.is_some() || wanted.is_some() {
        if let Some(change) = &change {
            change_subscription(&ctx, &mut tx, change, by.clone()).await?;
        }
        if let Some(wanted) = wanted {
            ended.extend(move_to(&ctx, &mut tx, wanted, patch.status_reason.as_deref(), by).await?);
        } else {
            // Paid: what was suspended for money is open again at once.
            ended.extend(step_subscription(&ctx, &mut tx).await?);
        }
    }
    let after = rows::find(&mut tx).await?.ok_or_else(Error::not_found)?;
    tx.commit().await?;
    identity.sessions_ended(&ended);
    identity.rights_changed();
    Ok(after)
}

async fn move_to(
    ctx: &Ctx,
    tx: &mut TenantTx,
    wanted: StatusChange,
    reason: Option<&str>,
    by: Actor,
) -> Result<Vec<kernel::ids::SessionId>, Error> {
    let ended = change_status(ctx, tx, wanted, reason, by).await?;
    if wanted == StatusChange::Close {
        export::begin(ctx, tx).await?;
    }
    Ok(ended)
}

fn status_change(patch: &OrganizationPatch) -> Result<Option<StatusChange>, Error> {
    if patch.status_reason.as_deref().is_some_and(|reason| reason.chars().count() > 500) {
        return Err(Error::invalid_field("status_reason", "LENGTH", "At most 500 characters."));
    }
    let mode = patch.suspension_mode.map(|mode| match mode {
        NewMode::ReadOnly => Mode::ReadOnly,
        NewMode::Blocked => Mode::Blocked,
    });
    match (patch.status, mode) {
        (Some(NewStatus::Suspended), mode) => Ok(Some(StatusChange::Suspend(mode.unwrap_or(Mode::ReadOnly)))),
        (_, Some(_)) => {
            Err(Error::invalid_field("suspension_mode", "INVALID_VALUE", "Only with the status suspended."))
        }
        (Some(NewStatus::Active), None) => Ok(Some(StatusChange::Activate)),
        (Some(NewStatus::Closing), None) => Ok(Some(StatusChange::Close)),
        (None, None) => Ok(None),
    }
}

fn subscription_change(patch: &OrganizationPatch) -> Option<SubscriptionChange> {
    let nothing = patch.plan.is_none()
        && patch.subscription_status.is_none()
        && patch.seats.is_none()
        && patch.renews_at.is_none()
        && patch.limits.is_empty()
        && patch.features.is_empty();
    (!nothing).then(|| SubscriptionChange {
        plan: patch.plan,
        status: patch.subscription_status,
        seats: patch.seats,
        renews_at: patch.renews_at,
        limits: patch.limits.clone(),
        features: patch.features.clone(),
    })
}
