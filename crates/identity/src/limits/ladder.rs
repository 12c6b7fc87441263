//! What time does to a subscription: a trial ends in the free plan, a late payment suspends step by step. Nothing is
//! ever erased for money.

use super::Plan;
use crate::organizations::{Mode, StatusChange, change_status, events};
use crate::store::limits as rows;
use crate::store::organizations;
use chrono::Duration;
use kernel::ids::SessionId;
use kernel::{Actor, Ctx, Error};
use serde_json::json;
use store::TenantTx;

/// A late payment suspends (reads stay open) after this.
const PATIENCE: Duration = Duration::days(14);
/// And blocks after so much more.
const MORE_PATIENCE: Duration = Duration::days(30);
/// The reason that such a suspension carries; a payment lifts no other.
pub const FOR_MONEY: &str = "past_due";

/// One step, if one is due. Answers the sessions that ended by it.
///
/// # Errors
/// When a statement fails.
pub async fn step_subscription(ctx: &Ctx, tx: &mut TenantTx) -> Result<Vec<SessionId>, Error> {
    let mut subscription = rows::lock(tx, ctx.now()).await?;
    let now = ctx.now();
    if subscription.status == "trial" && subscription.trial_ends_at.is_some_and(|end| end <= now) {
        let before = subscription.plan.clone();
        Plan::Free.name().clone_into(&mut subscription.plan);
        "active".clone_into(&mut subscription.status);
        subscription.seats = None;
        rows::save(tx, &subscription, now).await?;
        let changes =
            [("plan".to_owned(), json!(before), json!("free")), ("status".to_owned(), json!("trial"), json!("active"))];
        tx.append(ctx, events::subscription_changed(ctx, &changes));
        return Ok(Vec::new());
    }
    let Some(organization) = organizations::find(tx).await? else { return Ok(Vec::new()) };
    let suspended_for_money = organizations::status_reason(tx).await?.as_deref() == Some(FOR_MONEY);
    let status = (organization.status.as_str(), organization.suspension_mode.as_deref());
    let wanted = match subscription.past_due_since {
        None if status.0 == "suspended" && suspended_for_money => Some(StatusChange::Activate),
        Some(since) if status.0 == "active" && since + PATIENCE <= now => Some(StatusChange::Suspend(Mode::ReadOnly)),
        Some(since)
            if status == ("suspended", Some("read_only"))
                && suspended_for_money
                && since + PATIENCE + MORE_PATIENCE <= now =>
        {
            Some(StatusChange::Suspend(Mode::Blocked))
        }
        _ => None,
    };
    match wanted {
        Some(StatusChange::Activate) => change_status(ctx, tx, StatusChange::Activate, None, Actor::SYSTEM).await,
        Some(change) => change_status(ctx, tx, change, Some(FOR_MONEY), Actor::SYSTEM).await,
        None => Ok(Vec::new()),
    }
}
