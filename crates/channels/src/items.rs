//! Items: what a webhook body holds, each stored once, run once, in order of its sender.

mod apply;
mod effects;
mod kept;
mod read;
mod replay;
mod route_unrouted;
mod split;

pub use read::{InboundItem, ItemFilter, ItemState, list};
pub use replay::replay;

pub(crate) use apply::apply;
pub(crate) use effects::reason_of;
pub(crate) use kept::resume;
pub(crate) use route_unrouted::{route_unrouted, start as start_routing};
pub(crate) use split::split;

use crate::connector::{ConnectorKind, InboundEvent};
use crate::store::items::NewItem;
use crate::{Channels, store};
use ::store::jobs::{Lane, NewJob};
use ::store::{Place, TenantTx};
use chrono::{DateTime, Utc};
use kernel::ids::{ChannelAccountId, InboundItemId, OrganizationId};
use kernel::token::hmac_sha256;
use kernel::{Ctx, Error};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Takes stored bodies apart; one at a time in the whole installation.
pub(crate) const SPLIT: &str = "channels.split_inbound";
/// Runs one item.
pub(crate) const APPLY: &str = "channels.apply_item";
/// An account became active: asks for [`ROUTE_UNROUTED`].
pub(crate) const REPLAY_UNROUTED: &str = "channels.replay_unrouted";
/// Routes what was kept for a number; never beside [`SPLIT`].
pub(crate) const ROUTE_UNROUTED: &str = "channels.route_unrouted";

/// Jobs of this order key run one after the other.
const INTAKE_ORDER: &str = "inbound";
/// Items written in one transaction at most.
const CHUNK: usize = 500;

/// The job that takes stored bodies apart. Not unique: it becomes visible with its bodies, whereas one that waited
/// already could be over before they are committed. A run removes those that wait behind it before it looks.
pub(crate) fn split_job() -> NewJob {
    NewJob::new(Lane::Interactive, SPLIT, &()).in_order(INTAKE_ORDER)
}

/// The account's organization asks for what was kept of its number.
pub(crate) fn replay_unrouted_job(connector: &str, external_id: &str) -> NewJob {
    let number = KeptNumber { connector: connector.to_owned(), external_id: external_id.to_owned() };
    NewJob::new(Lane::Interactive, REPLAY_UNROUTED, &number)
}

/// A number whose items were kept.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct KeptNumber {
    connector: String,
    external_id: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ApplyItem {
    item_id: InboundItemId,
}

/// The job that runs an item. `sender_key` orders it among the items of its sender.
fn apply_job(id: InboundItemId, account: ChannelAccountId, sender_key: &str) -> NewJob {
    NewJob::new(Lane::Interactive, APPLY, &ApplyItem { item_id: id })
        .unique(id.to_string())
        .in_order(format!("inbound:{account}:{sender_key}"))
}

/// An event on its way into its organization's items.
pub(crate) struct Routed {
    pub account: ChannelAccountId,
    pub raw_id: Uuid,
    pub position: i32,
    pub received_at: DateTime<Utc>,
    pub event: InboundEvent,
}

impl Channels {
    /// Stores items of one organization, each with its job, in one transaction a chunk. What is there already is left
    /// alone: its row came with its job.
    async fn store_items(&self, ctx: &Ctx, organization_id: OrganizationId, items: &[Routed]) -> Result<(), Error> {
        for chunk in items.chunks(CHUNK) {
            let mut tx = self.db.tenant(organization_id).await?;
            self.store_chunk(ctx, &mut tx, chunk).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn store_chunk(&self, ctx: &Ctx, tx: &mut TenantTx, chunk: &[Routed]) -> Result<(), Error> {
        let organization_id = tx.organization_id();
        let sealer = self.sealer.for_tenant(tx, &ctx.ids, ctx.now()).await?;
        let kept = kept::is_kept(tx).await?;
        let mut rows = Vec::with_capacity(chunk.len());
        for routed in chunk {
            let id: InboundItemId = ctx.new_id();
            let event = serde_json::to_vec(&routed.event).map_err(Error::internal)?;
            rows.push(NewItem {
                id,
                account: routed.account,
                raw_id: routed.raw_id,
                position: routed.position,
                kind: routed.event.kind.name(),
                dedupe_key: &routed.event.dedupe_key,
                sender_key: self.sender_key(&routed.event),
                event_sealed: sealer.seal(&ctx.ids, event_place(&organization_id, &id), &event)?,
                state: if kept { ItemState::Kept } else { ItemState::Stored },
                received_at: routed.received_at,
            });
        }
        let new = store::items::insert(tx, &rows).await?;
        for row in rows.iter().filter(|row| !kept && new.contains(&row.id)) {
            tx.enqueue(ctx, apply_job(row.id, row.account, &row.sender_key));
        }
        metrics::counter!("inbound_items_total", "new" => "yes").increment(new.len() as u64);
        metrics::counter!("inbound_items_total", "new" => "no").increment(rows.len().saturating_sub(new.len()) as u64);
        Ok(())
    }

    /// Who an item is about, as a keyed hash; items about nobody share one place.
    fn sender_key(&self, event: &InboundEvent) -> String {
        let key = event.contact().and_then(|address| address.key()).unwrap_or_default();
        hmac_sha256(&self.keys.sender, &[key.as_bytes()]).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// The items of a body, or why it cannot be read.
    fn events_of(&self, raw: &store::raw::Raw) -> Result<Vec<InboundEvent>, Error> {
        let connector = ConnectorKind::parse(&raw.connector)
            .ok_or_else(|| Error::internal(format!("a body of an unknown connector {}", raw.connector)))?;
        let body = self.sealer.open(crate::intake::raw_place(&raw.id), &raw.body_sealed)?;
        Ok(connector.normalize(&body))
    }
}

/// Where an item's event lives, for the sealer.
fn event_place<'a>(organization: &'a OrganizationId, id: &'a InboundItemId) -> Place<'a> {
    Place { organization: organization.as_bytes(), table: "inbound_items", column: "event_sealed", row: id.as_bytes() }
}

/// Errors of the moment: the work is tried again without counting.
fn is_of_the_moment(error: &Error) -> bool {
    error.kind() == kernel::ErrorKind::Unavailable
}
