//! Evidence about messages that we sent: applied to their record, parked while the message's id is not known.

use crate::conversation::ConversationRow;
use crate::delivery::Delivery;
use crate::events;
use crate::inbound::{Applied, StatusEvidence};
use crate::message::MessageRow;
use crate::parked::{ParkedStatus, STATUS_WAITS};
use crate::status::{Evidence, OutboundStatus};
use crate::store::{self, AttemptRow, NewParked, Save};
use ::store::TenantTx;
use kernel::ids::{AttemptId, ChannelAccountId, ConversationId, MessageId};
use kernel::{Actor, Ctx, Error, Permission, Resource};
use serde_json::json;
use sqlx::types::Json;
use uuid::Uuid;

/// Applies a status to its message, found by the provider's id or by our tag; parks it when neither is known yet. No
/// permutation or repetition of the same statuses gives another result.
///
/// # Errors
/// When the database fails.
pub async fn apply_status(
    ctx: &Ctx,
    tx: &mut TenantTx,
    account: ChannelAccountId,
    status: StatusEvidence,
) -> Result<Applied, Error> {
    ctx.require(Permission::MESSAGING_MANAGE, &Resource::organization(ctx.organization_id()))?;
    let mut found = store::by_external_id(tx, account, Some("outbound"), &status.external_id).await?;
    if found.is_none() {
        found = adopt(ctx, tx, account, &status).await?;
    }
    if found.is_none() {
        // Whoever records this id does so under the same lock: either it is there now, or they will see what we park.
        store::lock_external_id(tx, account, &status.external_id).await?;
        found = store::by_external_id(tx, account, Some("outbound"), &status.external_id).await?;
    }
    let Some((message, conversation, attempt)) = found else { return park(ctx, tx, account, status).await };
    let mut row = conversation_for(tx, conversation, &status.evidence).await?;
    take_evidence(ctx, tx, &mut row, message, attempt, &status.evidence).await
}

/// Our tag names the attempt: the provider did take it, whatever became of its answer.
async fn adopt(
    ctx: &Ctx,
    tx: &mut TenantTx,
    account: ChannelAccountId,
    status: &StatusEvidence,
) -> Result<Option<(MessageId, ConversationId, i32)>, Error> {
    let Some(tag) = status.tag.as_deref().and_then(|tag| Uuid::parse_str(tag).ok()) else { return Ok(None) };
    let Some(AttemptRow { id, message_id, number, .. }) = store::attempt(tx, AttemptId(tag)).await? else {
        return Ok(None);
    };
    store::lock_external_id(tx, account, &status.external_id).await?;
    let Some(send) = store::lock_send(tx, message_id).await?.filter(|send| send.channel_account_id == account) else {
        return Ok(None);
    };
    store::record_external_id(tx, account, "outbound", &status.external_id, message_id, number).await?;
    store::finish_attempt(tx, id, "accepted", Some(&status.external_id), None, None, ctx.now()).await?;
    if send.state != "done" {
        store::save_send(tx, message_id, "done", send.tries, None, ctx.now()).await?;
    }
    Ok(Some((message_id, send.conversation_id, number)))
}

async fn park(
    ctx: &Ctx,
    tx: &mut TenantTx,
    account: ChannelAccountId,
    status: StatusEvidence,
) -> Result<Applied, Error> {
    let StatusEvidence { external_id, tag, evidence, received_at } = status;
    let payload = ParkedStatus { status: evidence.status, at: evidence.at, error: evidence.error };
    let new = NewParked {
        id: ctx.new_id(),
        account,
        kind: "status",
        direction: "outbound",
        external_id: &external_id,
        callback_tag: tag.as_deref(),
        payload: serde_json::to_value(payload).map_err(Error::internal)?,
        received_at,
        expires_at: ctx.now() + STATUS_WAITS,
    };
    store::park(tx, new).await?;
    Ok(Applied::Parked)
}

/// The conversation of a message that gets evidence: locked where a failure may give clocks back.
pub(crate) async fn conversation_for(
    tx: &mut TenantTx,
    id: ConversationId,
    evidence: &Evidence,
) -> Result<ConversationRow, Error> {
    let row = if evidence.status == OutboundStatus::Failed {
        store::lock_conversation(tx, id).await?
    } else {
        store::conversation(tx, id).await?
    };
    row.ok_or_else(Error::not_found)
}

/// Joins evidence to what is known of an attempt, and tells what changed by it. `row` is as [`conversation_for`] gives it.
pub(crate) async fn take_evidence(
    ctx: &Ctx,
    tx: &mut TenantTx,
    row: &mut ConversationRow,
    message_id: MessageId,
    attempt: i32,
    evidence: &Evidence,
) -> Result<Applied, Error> {
    match store::lock_message(tx, message_id).await? {
        Some(message) => join_evidence(ctx, tx, row, message, attempt, evidence).await,
        None => Ok(Applied::Known),
    }
}

/// [`take_evidence`] for a message that is locked and read already; what else was changed of its way is written too.
pub(crate) async fn join_evidence(
    ctx: &Ctx,
    tx: &mut TenantTx,
    row: &mut ConversationRow,
    mut message: MessageRow,
    attempt: i32,
    evidence: &Evidence,
) -> Result<Applied, Error> {
    let message_id = message.id;
    let mut delivery = message.delivery.take().map(|Json(delivery)| delivery).unwrap_or_default();
    let (shown_before, contradicted) = (delivery.shown(), delivery.contradiction());
    if !delivery.apply(attempt, evidence) {
        return Ok(Applied::Known);
    }
    let shown = delivery.shown();
    let contradicts = delivery.contradiction() && !contradicted;
    message.status = Some(shown.as_str().to_owned());
    if shown != OutboundStatus::Queued {
        message.deferred_until = None;
        message.deferred_reason = None;
    }
    message.delivery = Some(Json(delivery));
    store::save_delivery(tx, &message).await?;
    announce_status(ctx, tx, row, &message);
    if contradicts {
        let data = json!({"message_id": message_id, "seq": message.seq, "status": shown});
        events::message(ctx, tx, row, "message.status_contradiction", &Actor::SYSTEM, data);
    }
    if shown == OutboundStatus::Failed && shown_before != OutboundStatus::Failed {
        restore_clocks(ctx, tx, row, message_id).await?;
    }
    Ok(Applied::Changed)
}

/// Appends what is shown of a message's way now.
pub(crate) fn announce_status(ctx: &Ctx, tx: &mut TenantTx, row: &ConversationRow, message: &MessageRow) {
    let delivery = message.delivery.as_ref().map(|delivery| &delivery.0);
    let data = json!({
        "message_id": message.id,
        "seq": message.seq,
        "status": message.status,
        "status_times": delivery.map(Delivery::times).unwrap_or_default(),
        "error": delivery.and_then(Delivery::error),
        "deferred_until": message.deferred_until,
        "deferred_reason": message.deferred_reason,
    });
    events::message(ctx, tx, row, "message.status_changed", &Actor::SYSTEM, data);
}

/// A reply failed for good: unless another one followed, the customer still waits since the former time.
async fn restore_clocks(
    ctx: &Ctx,
    tx: &mut TenantTx,
    row: &mut ConversationRow,
    failed: MessageId,
) -> Result<(), Error> {
    let Some((answered_since, first)) = store::clocks_to_restore(tx, row.id, failed).await? else { return Ok(()) };
    let before = (row.waiting_since, row.first_response_at);
    if let Some(since) = answered_since {
        row.waiting_since = Some(row.waiting_since.map_or(since, |waiting| waiting.min(since)));
    }
    if first {
        row.first_response_at = None;
    }
    if before == (row.waiting_since, row.first_response_at) {
        return Ok(());
    }
    row.touch(ctx.now());
    store::save(tx, &Save { conversations: vec![&*row], ..Save::default() }).await?;
    let data = json!({"changed": ["waiting_since", "first_response_at"]});
    events::conversation(ctx, tx, row, "conversation.updated", &Actor::SYSTEM, data);
    Ok(())
}
