//! Sending a failed message again: the same message, a new attempt, because somebody decided so.

use crate::conversation::ConversationRow;
use crate::message::{Message, MessageRow};
use crate::outbound;
use crate::status::{OutboundStatus, SendError};
use crate::statuses::announce_status;
use crate::store::{self, Save};
use ::store::TenantTx;
use chrono::Duration;
use kernel::ids::MessageId;
use kernel::{Ctx, Error, ErrorKind, Permission};
use sqlx::types::Json;

/// Puts a failed, never delivered message back on its way.
///
/// # Errors
/// 404, 403; 409 `NOT_RETRYABLE` when it did not fail or its cause cannot change; 422 `WINDOW_CLOSED`, `CONTACT_BLOCKED`.
pub async fn retry(ctx: &Ctx, tx: &mut TenantTx, id: MessageId) -> Result<Message, Error> {
    let send = store::lock_send(tx, id).await?;
    let place = store::conversation_of_message(tx, id).await?.ok_or_else(Error::not_found)?;
    let mut row = store::lock_conversation(tx, place.id).await?.ok_or_else(Error::not_found)?;
    ctx.require(Permission::MESSAGING_REPLY, &row.resource(ctx.organization_id()))?;
    let mut message = store::lock_message(tx, id).await?.ok_or_else(Error::not_found)?;
    let error = failed_with(&message).filter(|error| send.is_some() && may_change(error));
    if error.is_none() {
        return Err(Error::new(ErrorKind::Conflict, "NOT_RETRYABLE", "This message cannot be sent again."));
    }
    if send.is_some_and(|send| send.blocked) {
        return Err(Error::new(ErrorKind::Invalid, "CONTACT_BLOCKED", "This contact is blocked."));
    }
    let now = ctx.now();
    if !row.window_is_open(now) {
        return Err(Error::new(
            ErrorKind::Invalid,
            "WINDOW_CLOSED",
            "The contact has not written within the last 24 hours.",
        ));
    }
    message.delivery = Some(Json(outbound::start_over(tx, id).await?));
    message.status = Some(OutboundStatus::Queued.as_str().to_owned());
    let most = now + Duration::hours(24);
    message.expires_at = Some(row.window_closes_at.map_or(most, |closes| closes.min(most)));
    answer_again(&mut row, &mut message);
    row.touch(now);
    store::save_delivery(tx, &message).await?;
    store::reset_send(tx, id, row.floor_token).await?;
    store::save(tx, &Save { conversations: vec![&row], ..Save::default() }).await?;
    announce_status(ctx, tx, &row, &message);
    tx.enqueue(ctx, outbound::send_job(&row, id));
    Ok(message.show(Vec::new()))
}

/// The failure to be retried: shown now, and never contradicted by a delivery.
fn failed_with(message: &MessageRow) -> Option<SendError> {
    let delivery = &message.delivery.as_ref()?.0;
    delivery.error().filter(|_| !delivery.delivered()).cloned()
}

/// Causes that lie in the content or the recipient stay what they are.
fn may_change(error: &SendError) -> bool {
    error.retryable || !matches!(error.class.as_str(), "content" | "recipient" | "unknown")
}

/// It counts as the answer again, as when it was first sent.
fn answer_again(row: &mut ConversationRow, message: &mut MessageRow) {
    if message.sender_kind != "user" {
        return;
    }
    if let Some(since) = row.waiting_since.take() {
        message.answered_since = Some(since);
    }
    if row.first_response_at.is_none() && row.last_inbound_at.is_some() {
        row.first_response_at = Some(message.created_at);
        message.was_first_response = true;
    }
}
