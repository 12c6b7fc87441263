//! Running one item: its effect and its end are one transaction.
//!
//! A failed run leaves nothing but its count. After 1, 2, 4, 30 s and 5 min without success the item is `dead`, visible
//! with its error, and waits for a replay. What the database refuses only for the moment is not counted.

use super::effects::{self, Effect};
use super::{ApplyItem, event_place, is_of_the_moment};
use crate::Channels;
use crate::accounts::{self, AccountStatus};
use crate::connector::InboundEvent;
use crate::items::ItemState;
use crate::store::accounts as account_rows;
use crate::store::items as rows;
use ::store::jobs::{JobOutcome, JobRun};
use chrono::Duration;
use futures_util::FutureExt;
use kernel::ids::InboundItemId;
use kernel::{Ctx, Error};
use outbound::retry::INTAKE_ITEM;
use serde_json::json;
use std::panic::AssertUnwindSafe;

/// How often an item looks whether its organization is back. Only those that waited when it was blocked do: later ones are
/// kept without a job.
const CLOSED_LOOK: Duration = Duration::seconds(30);

/// The job [`super::APPLY`].
pub(crate) async fn apply(channels: Channels, run: JobRun) -> Result<JobOutcome, Error> {
    let ApplyItem { item_id } = run.parse()?;
    let tried = AssertUnwindSafe(run_item(&channels, &run.ctx, item_id)).catch_unwind().await;
    match tried.unwrap_or_else(|_| Err(Error::internal("the effect of an item panicked"))) {
        Ok(Ran::Over) => Ok(JobOutcome::Done),
        Ok(Ran::Closed) => Ok(JobOutcome::Again(run.ctx.now() + CLOSED_LOOK)),
        Err(error) if is_of_the_moment(&error) => Ok(JobOutcome::Again(run.ctx.now() + Duration::seconds(1))),
        Err(error) => Err(count_failure(&channels, &run.ctx, item_id, error).await?),
    }
}

/// How a run ended.
enum Ran {
    Over,
    /// The organization was blocked while the item waited: it stays in its place.
    Closed,
}

async fn run_item(channels: &Channels, ctx: &Ctx, id: InboundItemId) -> Result<Ran, Error> {
    let mut tx = channels.db.tenant(ctx.organization_id()).await?;
    let Some(item) = rows::lock(&mut tx, id).await? else { return Ok(Ran::Over) };
    if item.state != ItemState::Stored.as_str() {
        return Ok(Ran::Over);
    }
    let account = account_rows::brief(&mut tx, item.account).await?.ok_or_else(Error::not_found)?;
    if !account.inbound_open {
        return Ok(Ran::Closed);
    }
    let sealed = item.event_sealed.ok_or_else(|| Error::internal("the content of the item is no longer kept"))?;
    let organization_id = tx.organization_id();
    let sealer = channels.sealer.for_tenant(&mut tx, &ctx.ids, ctx.now()).await?;
    let event = sealer.open(event_place(&organization_id, &id), &sealed)?;
    let event: InboundEvent = serde_json::from_slice(&event).map_err(Error::internal)?;
    let effect = match account.status {
        AccountStatus::Draft | AccountStatus::Archived => Effect::Ignored("account_not_active"),
        AccountStatus::Active | AccountStatus::Paused | AccountStatus::Error => {
            effects::of(ctx, &mut tx, &account, &event, item.received_at).await?
        }
    };
    let (state, reason) = match effect {
        Effect::Processed => (ItemState::Processed, None),
        Effect::Ignored(reason) => (ItemState::Ignored, Some(reason)),
    };
    rows::finish(&mut tx, id, state, reason, ctx.now()).await?;
    tx.commit().await?;
    metrics::counter!("inbound_items_run_total", "kind" => event.kind.name(), "state" => state.as_str()).increment(1);
    Ok(Ran::Over)
}

/// Counts the failure; answers the error as the job's end: later again, or for good.
async fn count_failure(channels: &Channels, ctx: &Ctx, id: InboundItemId, error: Error) -> Result<Error, Error> {
    let mut tx = channels.db.tenant(ctx.organization_id()).await?;
    let Some(item) = rows::lock(&mut tx, id).await? else { return Ok(error.with_retryable(false)) };
    let failures = rows::fail(&mut tx, id, error.code()).await?;
    let pause = INTAKE_ITEM.delay(u32::try_from(failures).unwrap_or(u32::MAX), ctx.ids.fraction());
    if let Some(pause) = pause {
        tx.commit().await?;
        let pause = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        return Ok(error.with_retryable(true).with_retry_after_ms(pause));
    }
    rows::finish(&mut tx, id, ItemState::Dead, Some(error.code()), ctx.now()).await?;
    let unit_id = account_rows::brief(&mut tx, item.account).await?.and_then(|account| account.unit_id);
    let data = json!({ "id": id, "channel_account_id": item.account, "kind": item.kind, "error": error.code() });
    tx.append(ctx, accounts::event(ctx, "inbound.dead", item.account, unit_id, data));
    tx.commit().await?;
    metrics::counter!("inbound_items_run_total", "kind" => item.kind, "state" => "dead").increment(1);
    Ok(error.with_retryable(false))
}
