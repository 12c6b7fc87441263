//! Reading one conversation, one message, its attempts and versions.

use crate::conversation::{Conversation, ConversationRow};
use crate::handle::Messaging;
use crate::message::Message;
use crate::store;
use crate::written::{Sheet, Viewed};
use ::store::{Reads, TenantTx};
use chrono::{DateTime, Utc};
use kernel::ids::{AttemptId, ConversationId, MessageId};
use kernel::{Ctx, Error, Permission};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// A conversation that the caller may view. One statement.
///
/// # Errors
/// 404.
pub async fn find_conversation(ctx: &Ctx, reads: &mut impl Reads, id: ConversationId) -> Result<Conversation, Error> {
    Ok(viewed(ctx, reads, id).await?.show(ctx))
}

/// The same as JSON, with its version.
///
/// # Errors
/// 404.
pub(crate) async fn write_conversation(ctx: &Ctx, reads: &mut impl Reads, id: ConversationId) -> Result<Sheet, Error> {
    store::take_conversation(reads, Viewed(ctx), id).await?.ok_or_else(Error::not_found)?
}

async fn viewed(ctx: &Ctx, reads: &mut impl Reads, id: ConversationId) -> Result<ConversationRow, Error> {
    let row = store::read_conversation(reads, id).await?.ok_or_else(Error::not_found)?;
    ctx.require(Permission::MESSAGING_VIEW, &row.resource(ctx.organization_id()))?;
    Ok(row)
}

/// Whether the caller may view a conversation; what rooms ask.
///
/// # Errors
/// When the database fails.
pub async fn may_view(ctx: &Ctx, tx: &mut TenantTx, id: ConversationId) -> Result<bool, Error> {
    let Some(row) = store::conversation(tx, id).await? else { return Ok(false) };
    Ok(ctx.require(Permission::MESSAGING_VIEW, &row.resource(ctx.organization_id())).is_ok())
}

/// A message of a conversation that the caller may view, as the conversation is at the second look. The body of a deleted one is shown with `messaging.manage`.
///
/// # Errors
/// 404.
pub async fn find_message(ctx: &Ctx, reads: &mut impl Reads, id: MessageId) -> Result<Message, Error> {
    Ok(message_and_place(ctx, reads, id).await?.0)
}

impl Messaging {
    /// [`find_message`] for somebody who opens it, or a file of it: noted where that somebody takes no part in its
    /// conversation.
    ///
    /// # Errors
    /// 404.
    pub async fn open_message(&self, ctx: &Ctx, reads: &mut impl Reads, id: MessageId) -> Result<Message, Error> {
        let (message, conversation) = message_and_place(ctx, reads, id).await?;
        self.note_read(ctx, &conversation);
        Ok(message)
    }
}

async fn message_and_place(
    ctx: &Ctx,
    reads: &mut impl Reads,
    id: MessageId,
) -> Result<(Message, ConversationRow), Error> {
    let row = store::read_message(reads, id).await?.ok_or_else(Error::not_found)?;
    let conversation = store::read_conversation(reads, row.conversation_id).await?.ok_or_else(Error::not_found)?;
    let resource = conversation.resource(ctx.organization_id());
    ctx.require(Permission::MESSAGING_VIEW, &resource)?;
    let files = if has_files(&row.kind) { store::attachments_of(reads, &[id.0]).await? } else { Vec::new() };
    let mut message = row.show(files);
    if row.deleted_at.is_some() && ctx.require(Permission::MESSAGING_MANAGE, &resource).is_ok() {
        message.segments = row.segments.0;
    }
    Ok((message, conversation))
}

/// Whether messages of this kind can have files, so that those without are not asked about.
pub(crate) fn has_files(kind: &str) -> bool {
    !matches!(kind, "text" | "note" | "system" | "location" | "contact_card" | "unsupported" | "form_reply" | "order")
}

/// One try to hand a message over, as it is shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SendAttempt)]
pub struct AttemptView {
    pub id: AttemptId,
    pub number: i32,
    pub started_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    /// `accepted`, `rejected`, `unclear` or `simulated`; `null` while it runs.
    pub outcome: Option<String>,
    pub external_id: Option<String>,
    /// The form of the address that the provider really used, where it told one; masked.
    pub address_used: Option<String>,
    #[schema(value_type = Option<Object>)]
    pub error: Option<serde_json::Value>,
}

/// The attempts of a message, first to last.
///
/// # Errors
/// 404.
pub async fn attempts(ctx: &Ctx, tx: &mut TenantTx, id: MessageId) -> Result<Vec<AttemptView>, Error> {
    must_view(ctx, tx, id).await?;
    let rows = store::attempts_of(tx, id).await?;
    Ok(rows
        .into_iter()
        .map(|row| AttemptView {
            id: row.id,
            number: row.number,
            started_at: row.started_at,
            finished_at: row.finished_at,
            outcome: row.outcome,
            external_id: row.external_id,
            address_used: row.address_used.map(|raw| contacts::mask::address(&format!("+{raw}"))),
            error: row.error,
        })
        .collect())
}

/// One form of an edited message.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = MessageVersion)]
pub struct VersionView {
    pub version: i32,
    #[schema(value_type = Vec<crate::content::Segment>)]
    pub segments: Box<RawValue>,
    pub at: DateTime<Utc>,
}

/// The forms of a message, first to last; empty for one that was never edited.
///
/// # Errors
/// 404, also for a deleted message without `messaging.manage`.
pub async fn versions(ctx: &Ctx, tx: &mut TenantTx, id: MessageId) -> Result<Vec<VersionView>, Error> {
    let (row, conversation) = store::message_with_conversation(tx, id).await?.ok_or_else(Error::not_found)?;
    let needed = if row.deleted_at.is_some() { Permission::MESSAGING_MANAGE } else { Permission::MESSAGING_VIEW };
    ctx.require(needed, &conversation.resource(ctx.organization_id()))?;
    let rows = store::versions_of(tx, id).await?;
    Ok(rows.into_iter().map(|row| VersionView { version: row.version, segments: row.segments.0, at: row.at }).collect())
}

async fn must_view(ctx: &Ctx, tx: &mut TenantTx, id: MessageId) -> Result<(), Error> {
    let row = store::conversation_of_message(tx, id).await?.ok_or_else(Error::not_found)?;
    ctx.require(Permission::MESSAGING_VIEW, &row.resource(ctx.organization_id()))
}
