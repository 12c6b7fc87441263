//! Private notes: internal messages, which no connector type can hold. As with replies, concurrent ones share statements
//! and one commit (the desk); a single one is a batch of one.

use crate::author::Author;
use crate::content::{MessageKind, Segment};
use crate::conversation::ConversationRow;
use crate::desk::Entry;
use crate::events;
use crate::message::{self, MessageRow};
use crate::reply::Posted;
use crate::store;
use ::store::TenantTx;
use kernel::ids::{ConversationId, MessageId, OrganizationId, UserId};
use kernel::{Ctx, Error, ErrorKind, Permission};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

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
    /// Of an API key: the member in whose name it writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<UserId>,
}

/// One note to be written.
pub(crate) struct NewNote {
    pub ctx: Ctx,
    pub author: Author,
    pub conversation_id: ConversationId,
    pub body: NoteBody,
}

impl Entry for NewNote {
    fn organization_id(&self) -> OrganizationId {
        self.ctx.organization_id()
    }

    fn conversation_id(&self) -> ConversationId {
        self.conversation_id
    }

    async fn write_all(tx: &mut TenantTx, entries: &[Self]) -> Result<Vec<Result<Posted, Error>>, Error> {
        note_all(tx, entries).await
    }
}

/// Writes a note. It moves no status, clock or floor and never leaves: the thread keeps its place in the lists.
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
    let new = NewNote { ctx: ctx.clone(), author, conversation_id: id, body };
    let mut done = note_all(tx, std::slice::from_ref(&new)).await?;
    done.pop().unwrap_or_else(|| Err(Error::not_found()))
}

/// Writes several notes of one organization, in order; each succeeds or is refused for itself.
async fn note_all(tx: &mut TenantTx, notes: &[NewNote]) -> Result<Vec<Result<Posted, Error>>, Error> {
    let mut ids: Vec<Uuid> = notes.iter().map(|note| note.conversation_id.0).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut rows: HashMap<ConversationId, ConversationRow> =
        store::lock_conversations(tx, &ids).await?.into_iter().map(|row| (row.id, row)).collect();
    let repeated = repeated(tx, notes).await?;
    let mut made: Vec<MessageRow> = Vec::with_capacity(notes.len());
    let mut touched: Vec<ConversationId> = Vec::with_capacity(ids.len());
    let mut answers = Vec::with_capacity(notes.len());
    for note in notes {
        let answer = match check(tx, note, rows.get(&note.conversation_id), &repeated, &made).await {
            Ok(Some(stored)) => Ok(Posted { message: stored.show(Vec::new()), replayed: true }),
            Ok(None) => match rows.get_mut(&note.conversation_id) {
                Some(row) => make(note, row).map(|message| {
                    let shown = message.show(Vec::new());
                    events::message_created(&note.ctx, tx, row, &note.ctx.actor(), &shown, false);
                    note.author.note(tx);
                    touched.push(row.id);
                    made.push(message);
                    Posted { message: shown, replayed: false }
                }),
                None => Err(Error::not_found()),
            },
            Err(error) => Err(error),
        };
        answers.push(answer);
    }
    if !made.is_empty() {
        touched.sort_unstable();
        touched.dedup();
        let conversations: Vec<&ConversationRow> = touched.iter().filter_map(|id| rows.get(id)).collect();
        store::save_notes(tx, &conversations, &made.iter().collect::<Vec<_>>()).await?;
    }
    Ok(answers)
}

fn make(note: &NewNote, row: &mut ConversationRow) -> Result<MessageRow, Error> {
    let (ctx, author, body) = (&note.ctx, &note.author, &note.body);
    let now = ctx.now();
    let segments = message::to_json(&[Segment::Text { text: body.text.clone() }])?;
    row.touch(now);
    let seq = row.take_seq();
    Ok(MessageRow {
        audience: row.audience.clone(),
        kind: MessageKind::Note.as_str().to_owned(),
        sender_kind: author.kind.to_owned(),
        sender_id: author.id,
        sender_name: author.name.as_deref().map(str::to_owned),
        source: author.source.to_owned(),
        reply_to_id: body.reply_to,
        client_fingerprint: body.client_id.as_ref().map(|_| fingerprint(body)),
        client_id: body.client_id.clone(),
        metadata: author.metadata(),
        ..MessageRow::new(ctx.new_id(), row.id, seq, segments, now)
    })
}

/// What was stored before under client ids of the batch. Read after the lock, in a statement of its own: who stored such
/// a note before has committed by now.
async fn repeated(tx: &mut TenantTx, notes: &[NewNote]) -> Result<Vec<MessageRow>, Error> {
    let (mut conversations, mut senders, mut client_ids) = (Vec::new(), Vec::new(), Vec::new());
    for note in notes {
        if let (Some(sender), Some(client_id)) = (note.author.id, &note.body.client_id) {
            conversations.push(note.conversation_id.0);
            senders.push(sender);
            client_ids.push(client_id.clone());
        }
    }
    if client_ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(store::by_client_ids(tx, &conversations, &senders, &client_ids).await?)
}

/// Whether it may be written; the stored note if it was written before. `made` are those of the same batch before it.
async fn check<'a>(
    tx: &mut TenantTx,
    note: &NewNote,
    row: Option<&ConversationRow>,
    repeated: &'a [MessageRow],
    made: &'a [MessageRow],
) -> Result<Option<&'a MessageRow>, Error> {
    let row = row.ok_or_else(Error::not_found)?;
    note.author.require(&note.ctx, Permission::MESSAGING_REPLY, &row.resource(note.ctx.organization_id()))?;
    if let Some(stored) = stored_before(note, repeated.iter().chain(made))? {
        return Ok(Some(stored));
    }
    validate(&note.body)?;
    if let Some(target) = row.merged_into_id {
        return Err(Error::new(
            ErrorKind::Conflict,
            "CONVERSATION_MERGED",
            "This conversation was merged into another.",
        )
        .with("target_id", target.to_string()));
    }
    if let Some(about) = note.body.reply_to {
        let in_batch = made.iter().any(|message| message.id == about && message.conversation_id == row.id);
        if !in_batch && !store::lies_in(tx, row.id, about).await? {
            return Err(Error::new(
                ErrorKind::Invalid,
                "REPLY_TARGET_NOT_FOUND",
                "That message is not one of this conversation.",
            ));
        }
    }
    Ok(None)
}

fn stored_before<'a>(
    note: &NewNote,
    mut known: impl Iterator<Item = &'a MessageRow>,
) -> Result<Option<&'a MessageRow>, Error> {
    let (Some(sender), Some(client_id)) = (note.author.id, &note.body.client_id) else { return Ok(None) };
    let found = known.find(|message| {
        message.conversation_id == note.conversation_id
            && message.sender_id == Some(sender)
            && message.client_id.as_ref() == Some(client_id)
    });
    match found {
        Some(message) if message.client_fingerprint.as_deref() != Some(&fingerprint(&note.body)) => Err(Error::new(
            ErrorKind::Invalid,
            "IDEMPOTENCY_KEY_REUSED",
            "This client_id was used for another message.",
        )),
        found => Ok(found),
    }
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
