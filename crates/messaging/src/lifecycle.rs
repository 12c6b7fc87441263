//! Statuses that users set: open, waiting, closed; archiving; and what follows from blocking a contact.

use crate::change::{announce, thread_taken};
use crate::conversation::{Conversation, ConversationRow, ConversationStatus};
use crate::events;
use crate::store::{self, Save};
use crate::transition::{Trigger, allowed, steps};
use ::store::TenantTx;
use kernel::ids::{ContactId, ConversationId};
use kernel::{Actor, Ctx, Error, ErrorKind, Permission};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// Why a conversation was closed, as users may say it.
pub const CLOSE_REASONS: [&str; 6] = ["resolved", "no_reply", "abandoned", "spam", "duplicate", "other"];

/// A status that somebody asks for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"status": "waiting"}))]
pub struct StatusBody {
    pub status: ConversationStatus,
    /// When closing: `resolved` (default), `no_reply`, `abandoned`, `spam`, `duplicate`, `other`.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Sets a status by the rows of the table. The present one: nothing happens.
///
/// # Errors
/// 404, 403; 409 `INVALID_STATUS_TRANSITION` `{status, allowed}`, `CONVERSATION_MERGED`; 422 for an unknown reason or a
/// blocked contact's thread.
pub async fn set_status(
    ctx: &Ctx,
    tx: &mut TenantTx,
    id: ConversationId,
    body: StatusBody,
) -> Result<Conversation, Error> {
    let mut row = store::lock_conversation(tx, id).await?.ok_or_else(Error::not_found)?;
    ctx.require(Permission::MESSAGING_REPLY, &row.resource(ctx.organization_id()))?;
    if row.status == body.status {
        return Ok(row.show(ctx));
    }
    not_merged(&row)?;
    let reason = close_reason(&body)?;
    let Some(ran) = steps(row.status, Trigger::UserSets(body.status)) else {
        return Err(Error::new(
            ErrorKind::Conflict,
            "INVALID_STATUS_TRANSITION",
            "This status cannot be set from the present one.",
        )
        .with("status", row.status.as_str())
        .with("allowed", json!(allowed(row.status))));
    };
    let reopens = row.status == ConversationStatus::Closed;
    if reopens
        && let Some(contact) = row.contact_id
        && contacts::is_blocked(tx, contact).await?
    {
        return Err(Error::new(ErrorKind::Invalid, "CONTACT_BLOCKED", "This contact is blocked."));
    }
    let now = ctx.now();
    let new_owner = if reopens && row.owner_id.is_none() { ctx.subject.user_id() } else { None };
    row.run(&ran, reason.as_deref(), now);
    row.owner_id = row.owner_id.or(new_owner);
    row.touch(now);
    store::save(tx, &Save { conversations: vec![&row], ..Save::default() }).await.map_err(thread_taken)?;
    if let Some(owner) = new_owner {
        let history = store::OwnerChange {
            id: ctx.new_id(),
            conversation_id: id,
            to: Some(owner),
            reason: "reopen",
            by: Some(owner.0),
        };
        store::change_owner(tx, history, now).await?;
        let data = json!({"from": null, "to": owner, "reason": "reopen"});
        events::conversation(ctx, tx, &row, "conversation.assigned", &ctx.actor(), data);
    }
    announce(ctx, tx, &row, &ctx.actor(), &ran);
    Ok(row.show(ctx))
}

/// Closes a conversation.
///
/// # Errors
/// As [`set_status`].
pub async fn close(
    ctx: &Ctx,
    tx: &mut TenantTx,
    id: ConversationId,
    reason: Option<String>,
) -> Result<Conversation, Error> {
    set_status(ctx, tx, id, StatusBody { status: ConversationStatus::Closed, reason }).await
}

/// Opens a closed conversation again.
///
/// # Errors
/// As [`set_status`].
pub async fn reopen(ctx: &Ctx, tx: &mut TenantTx, id: ConversationId) -> Result<Conversation, Error> {
    set_status(ctx, tx, id, StatusBody { status: ConversationStatus::Open, reason: None }).await
}

/// Puts a closed conversation away (`archived`), or back into the lists.
///
/// # Errors
/// 404, 403 without `messaging.manage`; 409 when it is not closed.
pub async fn set_archived(
    ctx: &Ctx,
    tx: &mut TenantTx,
    id: ConversationId,
    archived: bool,
) -> Result<Conversation, Error> {
    let mut row = store::lock_conversation(tx, id).await?.ok_or_else(Error::not_found)?;
    ctx.require(Permission::MESSAGING_MANAGE, &row.resource(ctx.organization_id()))?;
    if row.archived_at.is_some() == archived {
        return Ok(row.show(ctx));
    }
    not_merged(&row)?;
    if row.status != ConversationStatus::Closed {
        return Err(Error::new(
            ErrorKind::Conflict,
            "INVALID_STATUS_TRANSITION",
            "Only a closed conversation can be archived.",
        )
        .with("status", row.status.as_str())
        .with("allowed", json!(allowed(row.status))));
    }
    row.archived_at = archived.then(|| ctx.now());
    row.touch(ctx.now());
    store::save(tx, &Save { conversations: vec![&row], ..Save::default() }).await?;
    let kind = if archived { "conversation.archived" } else { "conversation.unarchived" };
    events::conversation(ctx, tx, &row, kind, &ctx.actor(), json!({}));
    Ok(row.show(ctx))
}

/// Blocks a contact and closes its active threads, in one step. Answers whether it was not blocked before.
///
/// # Errors
/// 404, 403 without `contacts.update`.
pub async fn block_contact(ctx: &Ctx, tx: &mut TenantTx, id: ContactId) -> Result<bool, Error> {
    let blocked = contacts::block(ctx, tx, id).await?;
    if !blocked {
        return Ok(false);
    }
    for mut row in store::active_of_contact(tx, id).await? {
        let ran = steps(row.status, Trigger::SystemCloses).unwrap_or_default();
        row.run(&ran, Some("blocked"), ctx.now());
        row.touch(ctx.now());
        store::save(tx, &Save { conversations: vec![&row], ..Save::default() }).await?;
        let actor: Actor = ctx.actor();
        announce(ctx, tx, &row, &actor, &ran);
    }
    Ok(true)
}

fn close_reason(body: &StatusBody) -> Result<Option<String>, Error> {
    match (&body.reason, body.status) {
        (None, ConversationStatus::Closed) => Ok(Some("resolved".to_owned())),
        (Some(reason), ConversationStatus::Closed) if !CLOSE_REASONS.contains(&reason.as_str()) => Err(
            Error::invalid_field("reason", "UNKNOWN_VALUE", "resolved, no_reply, abandoned, spam, duplicate or other."),
        ),
        (Some(reason), ConversationStatus::Closed) => Ok(Some(reason.clone())),
        (Some(_), _) => Err(Error::invalid_field("reason", "NOT_ALLOWED", "Only closing has a reason.")),
        (None, _) => Ok(None),
    }
}

fn not_merged(row: &ConversationRow) -> Result<(), Error> {
    match row.merged_into_id {
        None => Ok(()),
        Some(target) => {
            Err(Error::new(ErrorKind::Conflict, "CONVERSATION_MERGED", "This conversation was merged into another.")
                .with("target_id", target.to_string()))
        }
    }
}
