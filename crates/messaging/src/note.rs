//! Private notes: internal messages, which no connector type can hold.

use crate::author::Author;
use crate::content::{MessageKind, Segment};
use crate::events;
use crate::message::{self, MessageRow};
use crate::reply::Posted;
use crate::store::{self, Save};
use ::store::TenantTx;
use kernel::ids::{ConversationId, MessageId};
use kernel::{Ctx, Error, ErrorKind, Permission};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

/// Longest note, in characters.
const MAX_NOTE: usize = 10_000;

/// A note as it is asked for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"client_id": "n1", "text": "Convênio confirmado por telefone."}))]
pub struct NoteBody {
    /// Makes the note unrepeatable, as with messages.
    #[serde(default)]
    pub client_id: Option<String>,
    pub text: String,
    /// The message it is about, of the same conversation.
    #[serde(default)]
    pub reply_to: Option<MessageId>,
}

/// Writes a note. It moves no status, clock or floor and never leaves.
///
/// # Errors
/// 404, 403; 409 `CONVERSATION_MERGED`; 422 for an empty or too long text, `REPLY_TARGET_NOT_FOUND`, `IDEMPOTENCY_KEY_REUSED`.
pub async fn note(
    ctx: &Ctx,
    tx: &mut TenantTx,
    author: Author,
    id: ConversationId,
    body: NoteBody,
) -> Result<Posted, Error> {
    let mut row = store::lock_conversation(tx, id).await?.ok_or_else(Error::not_found)?;
    ctx.require(Permission::MESSAGING_REPLY, &row.resource(ctx.organization_id()))?;
    if let Some(stored) = stored_before(tx, &author, id, &body).await? {
        return Ok(stored);
    }
    validate(&body)?;
    if row.is_merged() {
        return Err(Error::new(
            ErrorKind::Conflict,
            "CONVERSATION_MERGED",
            "This conversation was merged into another.",
        ));
    }
    if let Some(about) = body.reply_to
        && !store::lies_in(tx, id, about).await?
    {
        return Err(Error::new(
            ErrorKind::Invalid,
            "REPLY_TARGET_NOT_FOUND",
            "That message is not one of this conversation.",
        ));
    }
    let now = ctx.now();
    let seq = row.take_seq();
    row.active_at(now);
    row.touch(now);
    let segments = message::to_json(&[Segment::Text { text: body.text.clone() }])?;
    let message = MessageRow {
        audience: row.audience.clone(),
        kind: MessageKind::Note.as_str().to_owned(),
        sender_kind: author.kind.to_owned(),
        sender_id: author.id,
        sender_name: author.name.as_deref().map(str::to_owned),
        source: author.source.to_owned(),
        reply_to_id: body.reply_to,
        client_fingerprint: body.client_id.as_ref().map(|_| fingerprint(&body)),
        client_id: body.client_id,
        ..MessageRow::new(ctx.new_id(), id, seq, segments, now)
    };
    store::save(tx, &Save { conversations: vec![&row], messages: vec![&message], ..Save::default() }).await?;
    let message = message.show(Vec::new());
    events::message_created(ctx, tx, &row, &ctx.actor(), &message, false);
    Ok(Posted { message, replayed: false })
}

async fn stored_before(
    tx: &mut TenantTx,
    author: &Author,
    id: ConversationId,
    body: &NoteBody,
) -> Result<Option<Posted>, Error> {
    let (Some(sender), Some(client_id)) = (author.id, &body.client_id) else { return Ok(None) };
    let found = store::by_client_ids(tx, &[id.0], &[sender], std::slice::from_ref(client_id)).await?;
    let Some(message) = found.first() else { return Ok(None) };
    if message.client_fingerprint.as_deref() != Some(&fingerprint(body)) {
        return Err(Error::new(
            ErrorKind::Invalid,
            "IDEMPOTENCY_KEY_REUSED",
            "This client_id was used for another message.",
        ));
    }
    Ok(Some(Posted { message: message.show(Vec::new()), replayed: true }))
}

fn validate(body: &NoteBody) -> Result<(), Error> {
    if body.client_id.as_deref().is_some_and(|id| id.is_empty() || id.chars().count() > 255) {
        return Err(Error::invalid_field("client_id", "LENGTH", "1 to 255 characters."));
    }
    if body.text.trim().is_empty() {
        return Err(Error::invalid_field("text", "REQUIRED", "The note is empty."));
    }
    if body.text.chars().count() > MAX_NOTE {
        return Err(Error::invalid_field("text", "TOO_LONG", "At most 10 000 characters."));
    }
    Ok(())
}

fn fingerprint(body: &NoteBody) -> Vec<u8> {
    let body = ("note", &body.text, body.reply_to);
    Sha256::digest(serde_json::to_vec(&body).unwrap_or_default()).to_vec()
}
