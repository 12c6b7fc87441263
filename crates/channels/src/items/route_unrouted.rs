//! A number got an owner: what was kept of it is routed there.
//!
//! Two steps, because the number's account may become active while a body with its items is being taken apart: the
//! second step shares that work's order key, so whatever was kept before it is seen by it.

use super::{INTAKE_ORDER, KeptNumber, ROUTE_UNROUTED, Routed, is_of_the_moment};
use crate::Channels;
use crate::connector::{ConnectorKind, InboundEvent};
use crate::store::{accounts, raw};
use ::store::PlatformReason;
use ::store::jobs::{JobOutcome, JobRun, Lane, NewJob};
use chrono::Duration;
use kernel::{Ctx, Error};
use std::collections::HashMap;
use uuid::Uuid;

/// Kept items routed at once.
const BATCH: i64 = 200;

/// The job [`super::REPLAY_UNROUTED`] of the account's organization: asks for the routing, which is the installation's.
pub(crate) async fn start(channels: Channels, run: JobRun) -> Result<JobOutcome, Error> {
    let number: KeptNumber = run.parse()?;
    let mut tx = channels.db.platform(PlatformReason::Intake).await?;
    let ctx = channels.installation_ctx(run.ctx.request_id.clone());
    tx.enqueue(&ctx, NewJob::new(Lane::Interactive, ROUTE_UNROUTED, &number).in_order(INTAKE_ORDER));
    tx.commit().await?;
    Ok(JobOutcome::Done)
}

/// The job [`super::ROUTE_UNROUTED`].
pub(crate) async fn route_unrouted(channels: Channels, run: JobRun) -> Result<JobOutcome, Error> {
    let number: KeptNumber = run.parse()?;
    loop {
        match route_batch(&channels, &run.ctx, &number).await {
            Ok(true) => {}
            Ok(false) => return Ok(JobOutcome::Done),
            Err(error) if is_of_the_moment(&error) => {
                return Ok(JobOutcome::Again(channels.clock.now() + Duration::seconds(1)));
            }
            Err(error) => return Err(error),
        }
    }
}

/// One batch; false when nothing is left, or the number has no owner any more.
async fn route_batch(channels: &Channels, ctx: &Ctx, number: &KeptNumber) -> Result<bool, Error> {
    let Some(connector) = ConnectorKind::parse(&number.connector) else { return Ok(false) };
    let mut tx = channels.db.platform(PlatformReason::Intake).await?;
    let owner = accounts::owners(&mut tx, connector, std::slice::from_ref(&number.external_id)).await?;
    let Some((_, organization_id, account)) = owner.into_iter().next() else { return Ok(false) };
    let kept = raw::unrouted_of(&mut tx, &number.connector, &number.external_id, BATCH).await?;
    if kept.is_empty() {
        return Ok(false);
    }
    let mut raw_ids: Vec<Uuid> = kept.iter().map(|item| item.raw_id).collect();
    raw_ids.sort_unstable();
    raw_ids.dedup();
    let raws = raw::by_id(&mut tx, &raw_ids).await?;
    tx.commit().await?;

    let mut bodies: HashMap<Uuid, Vec<Option<InboundEvent>>> = HashMap::new();
    for raw in &raws {
        match channels.events_of(raw) {
            Ok(events) => {
                bodies.insert(raw.id, events.into_iter().map(Some).collect());
            }
            Err(error) => {
                tracing::error!(raw = %raw.id, code = error.code(), private = error.private(), "a kept body does not open")
            }
        }
    }
    let received: HashMap<Uuid, _> = raws.iter().map(|raw| (raw.id, raw.received_at)).collect();
    let mut routed = Vec::with_capacity(kept.len());
    for item in &kept {
        let place = usize::try_from(item.position).ok();
        let event = place.and_then(|place| bodies.get_mut(&item.raw_id)?.get_mut(place)?.take());
        let (Some(event), Some(received_at)) = (event, received.get(&item.raw_id)) else { continue };
        routed.push(Routed { account, raw_id: item.raw_id, position: item.position, received_at: *received_at, event });
    }
    channels.store_items(ctx, organization_id, &routed).await?;

    let ids: Vec<Uuid> = kept.iter().map(|item| item.id).collect();
    let mut tx = channels.db.platform(PlatformReason::Intake).await?;
    raw::delete_unrouted(&mut tx, &ids).await?;
    tx.commit().await?;
    Ok(true)
}
