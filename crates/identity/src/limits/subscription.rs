//! Changing what an organization pays for: the platform's staff, and one day a payment provider.

use super::features::Feature;
use super::read::{SubscriptionView, view};
use super::{Limit, Plan, SubscriptionStatus, current};
use crate::organizations::events;
use crate::store::limits::{self as rows, Subscription};
use chrono::{DateTime, Utc};
use kernel::{Actor, Ctx, Error, FieldError};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use store::TenantTx;

/// What is to change; `None` stays.
#[derive(Clone, Debug, Default)]
pub struct SubscriptionChange {
    pub plan: Option<Plan>,
    pub status: Option<SubscriptionStatus>,
    /// `Some(None)`: as many as the plan says.
    pub seats: Option<Option<i64>>,
    pub renews_at: Option<Option<DateTime<Utc>>>,
    /// By name; `null` takes what was set back. A limit of -1 is none at all.
    pub limits: BTreeMap<String, Option<i64>>,
    /// By name; `null` takes what was set back.
    pub features: BTreeMap<String, Option<bool>>,
}

/// Changes the subscription of the organization of this transaction. Whoever calls has decided that `by` may.
///
/// # Errors
/// 422 for unknown limits and features; 409 `LIMIT_REACHED` for fewer seats than are taken.
pub async fn change_subscription(
    ctx: &Ctx,
    tx: &mut TenantTx,
    change: &SubscriptionChange,
    by: Actor,
) -> Result<SubscriptionView, Error> {
    check(change)?;
    let mut subscription = rows::lock(tx, ctx.now()).await?;
    let (before, seats_before) = (facts(&subscription), subscription.allowance().max(Limit::Seats));
    apply(&mut subscription, change, ctx.now());
    let seats_after = subscription.allowance().max(Limit::Seats);
    if let Some(max) = seats_after
        && seats_before.is_none_or(|before| max < before)
    {
        let taken = current(ctx, tx, Limit::Seats).await?;
        if taken > max {
            return Err(super::reached(Limit::Seats, taken, max));
        }
    }
    let after = facts(&subscription);
    let differs = |name: &&String| before.get(*name) != after.get(*name);
    let changed: Vec<_> =
        after.keys().filter(differs).map(|name| (name.clone(), before[name].clone(), after[name].clone())).collect();
    if !changed.is_empty() {
        rows::save(tx, &subscription, ctx.now()).await?;
        let mut event = events::subscription_changed(ctx, &changed);
        event.actor = by;
        tx.append(ctx, event);
    }
    Ok(view(&subscription))
}

fn apply(subscription: &mut Subscription, change: &SubscriptionChange, now: DateTime<Utc>) {
    if let Some(plan) = change.plan {
        plan.name().clone_into(&mut subscription.plan);
        // A trial is of `pro`; another plan was chosen instead of it.
        if subscription.status == "trial" {
            "active".clone_into(&mut subscription.status);
        }
    }
    if let Some(seats) = change.seats {
        subscription.seats = seats.and_then(|seats| i32::try_from(seats).ok());
    }
    if let Some(status) = change.status {
        status.name().clone_into(&mut subscription.status);
    }
    if let Some(renews_at) = change.renews_at {
        subscription.renews_at = renews_at;
    }
    match subscription.status.as_str() {
        "past_due" => subscription.past_due_since = subscription.past_due_since.or(Some(now)),
        _ => subscription.past_due_since = None,
    }
    let limits =
        change.limits.iter().map(|(name, max)| (name, max.map(|max| if max < 0 { Value::Null } else { json!(max) })));
    overlay(&mut subscription.limits, limits);
    overlay(&mut subscription.features, change.features.iter().map(|(name, on)| (name, on.map(Value::from))));
}

/// Sets what has a value and takes back what has none.
fn overlay<'a>(kept: &mut Value, changes: impl Iterator<Item = (&'a String, Option<Value>)>) {
    let mut values = kept.as_object().cloned().unwrap_or_default();
    for (name, value) in changes {
        match value {
            Some(value) => values.insert(name.clone(), value),
            None => values.remove(name),
        };
    }
    *kept = Value::Object(values);
}

fn check(change: &SubscriptionChange) -> Result<(), Error> {
    let mut wrong = Vec::new();
    let mut refuse = |field: String, code: &'static str, message: &'static str| {
        wrong.push(FieldError { field: field.into(), code: code.into(), message: message.into() });
    };
    for name in change.limits.keys().filter(|name| Limit::parse(name).is_none()) {
        refuse(format!("limits.{name}"), "UNKNOWN_FIELD", "There is no limit of this name.");
    }
    for name in change.features.keys().filter(|name| Feature::parse(name).is_none()) {
        refuse(format!("features.{name}"), "UNKNOWN_FIELD", "There is no feature of this name.");
    }
    if change.seats.flatten().is_some_and(|seats| !(1..=100_000).contains(&seats)) {
        refuse("seats".to_owned(), "OUT_OF_RANGE", "1 to 100000.");
    }
    if change.status == Some(SubscriptionStatus::Trial) {
        refuse("status".to_owned(), "INVALID_VALUE", "A trial begins with the organization.");
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::invalid(wrong)) }
}

/// What the event tells, by name.
fn facts(subscription: &Subscription) -> Map<String, Value> {
    let facts = json!({
        "plan": subscription.plan, "status": subscription.status, "seats": subscription.seats,
        "renews_at": subscription.renews_at, "limits": subscription.limits, "features": subscription.features,
    });
    facts.as_object().cloned().unwrap_or_default()
}
