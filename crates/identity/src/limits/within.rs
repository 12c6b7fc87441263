//! What of a plan every decision and every socket asks, read beside the grants.

use super::{Allowance, Limit, Plan, disabled_permissions};
use kernel::PermissionSet;
use serde_json::Value;

/// Permissions of features that the organization's plan lacks; without a subscription there is no plan to lack any.
pub fn disabled_by(plan: Option<&str>, features: Option<&Value>) -> PermissionSet {
    match (plan.and_then(Plan::parse), features) {
        (Some(plan), Some(features)) => disabled_permissions(plan, features),
        _ => PermissionSet::EMPTY,
    }
}

/// The most sockets of a plan, or what was set for the organization alone.
pub fn max_sockets(plan: Option<&str>, limits: Option<&Value>) -> Option<u32> {
    let (plan, overrides) = (plan.and_then(Plan::parse)?, limits?);
    let max = Allowance { plan, seats: None, overrides }.max(Limit::Sockets)?;
    Some(u32::try_from(max.max(0)).unwrap_or(u32::MAX))
}
