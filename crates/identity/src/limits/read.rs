//! Plan, limits and features as the organization sees them.

use super::features::Feature;
use super::{Limit, Plan, SubscriptionStatus, current, plan};
use crate::store::limits::{self as rows, Subscription};
use chrono::{DateTime, Utc};
use kernel::{Ctx, Error, Permission, Resource};
use serde::Serialize;
use std::collections::BTreeMap;
use store::TenantTx;

/// How much of something is used.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct LimitView {
    #[schema(example = "seats")]
    pub limit: &'static str,
    /// `null`: no limit.
    #[schema(example = 5)]
    pub max: Option<i64>,
    #[schema(example = 3)]
    pub current: i64,
    /// When the count begins anew; `null` where it does not.
    pub resets_at: Option<DateTime<Utc>>,
}

/// What the organization pays for.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SubscriptionView {
    pub plan: Plan,
    pub status: SubscriptionStatus,
    /// Bought ones; `null` where the plan says.
    pub seats: Option<i64>,
    pub trial_ends_at: Option<DateTime<Utc>>,
    pub renews_at: Option<DateTime<Utc>>,
}

/// Plan, limits and features.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct LimitsView {
    pub subscription: SubscriptionView,
    pub limits: Vec<LimitView>,
    /// By name of a feature.
    pub features: BTreeMap<&'static str, bool>,
}

/// All of them with their use now.
///
/// # Errors
/// 403 with neither `organization.view` nor `organization.billing`.
pub async fn read_limits(ctx: &Ctx, tx: &mut TenantTx) -> Result<LimitsView, Error> {
    let organization = Resource::organization(tx.organization_id());
    if ctx.require(Permission::ORGANIZATION_BILLING, &organization).is_err() {
        ctx.require(Permission::ORGANIZATION_VIEW, &organization)?;
    }
    let subscription = rows::find(tx).await?.ok_or_else(Error::not_found)?;
    let mut limits = Vec::with_capacity(Limit::ALL.len());
    for limit in Limit::ALL {
        let max = subscription.allowance().max(limit);
        let current = current(ctx, tx, limit).await?;
        limits.push(LimitView { limit: limit.name(), max, current, resets_at: plan::resets_at(limit, ctx.now()) });
    }
    Ok(LimitsView { features: features(&subscription), subscription: view(&subscription), limits })
}

pub(super) fn view(subscription: &Subscription) -> SubscriptionView {
    SubscriptionView {
        plan: subscription.plan(),
        status: SubscriptionStatus::parse(&subscription.status).unwrap_or(SubscriptionStatus::Active),
        seats: subscription.seats.map(i64::from),
        trial_ends_at: subscription.trial_ends_at,
        renews_at: subscription.renews_at,
    }
}

fn features(subscription: &Subscription) -> BTreeMap<&'static str, bool> {
    let is_on = |feature: Feature| feature.is_on(subscription.plan(), &subscription.features);
    Feature::ALL.into_iter().map(|feature| (feature.name(), is_on(feature))).collect()
}
