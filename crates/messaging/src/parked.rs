//! Updates that came before their message: kept for days, applied the moment it is stored.

use crate::content::{MessageKind, Segment};
use crate::conversation::ConversationRow;
use crate::inbound::{Applied, InboundAccount};
use crate::status::Evidence;
use crate::store::{self, NewParked, Parked};
use crate::updates;
use ::store::TenantTx;
use chrono::{DateTime, Duration, Utc};
use kernel::ids::{ChannelAccountId, MessageId};
use kernel::{Ctx, Error};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Statuses wait longest: a provider repeats them for a week.
pub(crate) const STATUS_WAITS: Duration = Duration::days(8);
const UPDATE_WAITS: Duration = Duration::days(7);

/// An update of a message by its own side or a reaction to it.
pub(crate) enum Update {
    Edit(ParkedEdit),
    Revoke(ParkedRevoke),
    Reaction(ParkedReaction),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ParkedEdit {
    pub external_id: String,
    pub kind: MessageKind,
    pub segments: Vec<Segment>,
    pub at: DateTime<Utc>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ParkedRevoke {
    pub by_business: bool,
    pub at: DateTime<Utc>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ParkedReaction {
    pub by_business: bool,
    pub reactor: Option<Uuid>,
    pub emoji: Option<String>,
    pub at: DateTime<Utc>,
}

/// A status as it waits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ParkedStatus {
    pub status: crate::status::OutboundStatus,
    pub at: DateTime<Utc>,
    pub error: Option<crate::status::SendError>,
}

impl From<ParkedStatus> for Evidence {
    fn from(parked: ParkedStatus) -> Self {
        Self { status: parked.status, at: parked.at, error: parked.error }
    }
}

/// Parks an update.
pub(crate) async fn keep(
    ctx: &Ctx,
    tx: &mut TenantTx,
    account: &InboundAccount,
    by_business: bool,
    external_id: &str,
    update: &Update,
    received_at: DateTime<Utc>,
) -> Result<Applied, Error> {
    let (kind, payload) = match update {
        Update::Edit(edit) => ("edit", serde_json::to_value(edit)),
        Update::Revoke(revoke) => ("revoke", serde_json::to_value(revoke)),
        Update::Reaction(reaction) => ("reaction", serde_json::to_value(reaction)),
    };
    let new = NewParked {
        id: ctx.new_id(),
        account: account.id,
        kind,
        direction: if by_business { "outbound" } else { "inbound" },
        external_id,
        callback_tag: None,
        payload: payload.map_err(Error::internal)?,
        received_at,
        expires_at: ctx.now() + UPDATE_WAITS,
    };
    store::park(tx, new).await?;
    Ok(Applied::Parked)
}

/// Applies what waits for a message that was just stored; answers the statuses among it.
pub(crate) async fn apply_for(
    ctx: &Ctx,
    tx: &mut TenantTx,
    row: &mut ConversationRow,
    account: ChannelAccountId,
    external_id: &str,
    message: MessageId,
) -> Result<Vec<Evidence>, Error> {
    let mut statuses = Vec::new();
    for Parked { kind, payload, .. } in store::take_parked(tx, account, external_id, ctx.now()).await? {
        match kind.as_str() {
            "edit" => drop(updates::edit_message(ctx, tx, row, message, read(payload)?).await?),
            "revoke" => drop(updates::revoke_message(ctx, tx, row, message, &read(payload)?).await?),
            "reaction" => drop(updates::react(ctx, tx, row, message, &read(payload)?).await?),
            _ => statuses.push(read::<ParkedStatus>(payload)?.into()),
        }
    }
    Ok(statuses)
}

fn read<T: serde::de::DeserializeOwned>(payload: serde_json::Value) -> Result<T, Error> {
    serde_json::from_value(payload).map_err(|error| Error::internal(format!("parked update: {error}")))
}
