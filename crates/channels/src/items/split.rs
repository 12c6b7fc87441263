//! Taking stored bodies apart: read, route by number, store the items, end the bodies.
//!
//! Items are written organization by organization before the bodies are ended. A crash in between makes the next run
//! find the same items again, which are there and stay as they are.

use super::{Routed, SPLIT, is_of_the_moment};
use crate::Channels;
use crate::connector::{ConnectorKind, InboundEvent};
use crate::store::accounts;
use crate::store::raw::{self, Raw, Unrouted};
use ::store::PlatformReason;
use ::store::jobs::{JobOutcome, JobRun, Lane, absorb};
use chrono::Duration;
use kernel::ids::{ChannelAccountId, OrganizationId};
use kernel::{Ctx, Error};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// Bodies read at once.
const BATCH: i64 = 100;
/// Batches of one run; then other work gets its turn.
const BATCHES: usize = 20;
/// A body that could not be taken apart so often is dead.
const TRIES: i32 = 5;

/// The job [`super::SPLIT`].
pub(crate) async fn split(channels: Channels, run: JobRun) -> Result<JobOutcome, Error> {
    for _ in 0..BATCHES {
        match split_batch(&channels, &run.ctx).await {
            Ok(true) => {}
            Ok(false) => return Ok(JobOutcome::Done),
            Err(error) if is_of_the_moment(&error) => {
                return Ok(JobOutcome::Again(channels.clock.now() + Duration::seconds(1)));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(JobOutcome::Again(channels.clock.now()))
}

type Owners = HashMap<String, (OrganizationId, ChannelAccountId)>;

/// One batch; false when nothing was waiting.
async fn split_batch(channels: &Channels, ctx: &Ctx) -> Result<bool, Error> {
    let mut tx = channels.db.platform(PlatformReason::Intake).await?;
    // Under load every batch of webhooks brings a job; this run does the work of all that wait behind it.
    absorb(&mut tx, Lane::Interactive, SPLIT).await?;
    let raws = raw::waiting(&mut tx, BATCH).await?;
    if raws.is_empty() {
        tx.commit().await?;
        return Ok(false);
    }
    let mut batch = Batch::default();
    for raw in &raws {
        match channels.events_of(raw) {
            Ok(events) => batch.add(ctx, raw, events),
            Err(error) => batch.broken.push((raw.id, error)),
        }
    }
    let owners = owners(&mut tx, &batch.external_ids()).await?;
    // Nothing of this transaction is needed while the organizations' own run.
    tx.commit().await?;

    let (routed, unrouted) = batch.route(&owners);
    let mut failed: BTreeMap<Uuid, Error> = batch.broken.into_iter().collect();
    for (organization_id, items) in routed {
        if let Err(error) = channels.store_items(ctx, organization_id, &items).await {
            if is_of_the_moment(&error) {
                return Err(error);
            }
            tracing::error!(organization = %organization_id, code = error.code(), private = error.private(), "items could not be stored");
            failed.extend(items.iter().map(|item| (item.raw_id, error.clone())));
        }
    }
    settle(channels, ctx, &raws, &batch.useful, &unrouted, &failed).await?;
    Ok(true)
}

/// What the bodies of a batch hold.
#[derive(Default)]
struct Batch {
    items: Vec<(ConnectorKind, Routed)>,
    /// Bodies with an item for some number.
    useful: BTreeSet<Uuid>,
    broken: Vec<(Uuid, Error)>,
    ids: Vec<Uuid>,
}

impl Batch {
    fn add(&mut self, ctx: &Ctx, raw: &Raw, events: Vec<InboundEvent>) {
        let Some(connector) = ConnectorKind::parse(&raw.connector) else { return };
        for (position, event) in (0i32..).zip(events) {
            // What names no number concerns the provider's app as a whole: the body keeps it.
            if event.account_external_id.is_none() {
                metrics::counter!("inbound_items_without_account_total", "kind" => event.kind.name()).increment(1);
                continue;
            }
            self.useful.insert(raw.id);
            self.ids.push(ctx.new_id());
            let account = ChannelAccountId(Uuid::nil());
            let routed = Routed { account, raw_id: raw.id, position, received_at: raw.received_at, event };
            self.items.push((connector, routed));
        }
    }

    fn external_ids(&self) -> Vec<String> {
        let ids: BTreeSet<&String> =
            self.items.iter().filter_map(|(_, item)| item.event.account_external_id.as_ref()).collect();
        ids.into_iter().cloned().collect()
    }

    /// Items by their organization in order of receipt, and those whose number nobody owns.
    fn route(&mut self, owners: &Owners) -> (BTreeMap<OrganizationId, Vec<Routed>>, Vec<Unrouted>) {
        let mut routed: BTreeMap<OrganizationId, Vec<Routed>> = BTreeMap::new();
        let mut unrouted = Vec::new();
        for ((connector, item), id) in self.items.drain(..).zip(self.ids.drain(..)) {
            let Some(external_id) = item.event.account_external_id.clone() else { continue };
            match owners.get(&external_id) {
                Some((organization_id, account)) => {
                    routed.entry(*organization_id).or_default().push(Routed { account: *account, ..item });
                }
                None => unrouted.push(Unrouted {
                    id,
                    connector: connector.as_str().to_owned(),
                    external_id,
                    raw_id: item.raw_id,
                    position: item.position,
                    received_at: item.received_at,
                }),
            }
        }
        (routed, unrouted)
    }
}

/// Which account each number belongs to now.
async fn owners(tx: &mut ::store::PlatformTx, external_ids: &[String]) -> Result<Owners, Error> {
    if external_ids.is_empty() {
        return Ok(Owners::new());
    }
    let rows = accounts::owners(tx, ConnectorKind::Whatsapp, external_ids).await?;
    Ok(rows
        .into_iter()
        .map(|(external_id, organization_id, account)| (external_id, (organization_id, account)))
        .collect())
}

/// Ends the bodies in one transaction, with the items that nobody owns.
async fn settle(
    channels: &Channels,
    ctx: &Ctx,
    raws: &[Raw],
    useful: &BTreeSet<Uuid>,
    unrouted: &[Unrouted],
    failed: &BTreeMap<Uuid, Error>,
) -> Result<(), Error> {
    let done = |with_items: bool| -> Vec<Uuid> {
        let ids = raws.iter().map(|raw| raw.id);
        ids.filter(|id| !failed.contains_key(id) && useful.contains(id) == with_items).collect()
    };
    let mut tx = channels.db.platform(PlatformReason::Intake).await?;
    raw::insert_unrouted(&mut tx, unrouted).await?;
    raw::finish(&mut tx, &done(true), "processed", ctx.now()).await?;
    raw::finish(&mut tx, &done(false), "ignored", ctx.now()).await?;
    for (id, error) in failed {
        raw::fail(&mut tx, &[*id], error.code(), TRIES).await?;
        tracing::warn!(raw = %id, code = error.code(), private = error.private(), "a webhook body could not be taken apart");
    }
    tx.commit().await?;
    if !unrouted.is_empty() {
        metrics::counter!("inbound_items_unrouted_total").increment(unrouted.len() as u64);
        tracing::warn!(items = unrouted.len(), "items of numbers that nobody owns are kept");
    }
    Ok(())
}
