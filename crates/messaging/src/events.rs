//! The facts that messaging appends: their kinds, their data, who may see them.

use crate::conversation::{ConversationRow, ConversationStatus, Window};
use crate::message::Message;
use chrono::{DateTime, Utc};
use contacts::ContactCard;
use kernel::ids::{ChannelAccountId, ConversationId, UnitId, UserId};
use kernel::{Actor, Audience, Ctx, NewEvent, StreamRef};
use module::EventDoc;
use serde::Serialize;
use serde_json::{Value, json};
use store::TenantTx;

/// Every event of this domain that exists now.
pub const EVENTS: &[EventDoc] = &[
    doc("conversation.created", "A thread began. data: conversation."),
    doc(
        "conversation.updated",
        "Details, window or contact changed. data: changed (names of the fields), conversation.",
    ),
    doc("conversation.status_changed", "Another status. data: from, to, reason, conversation."),
    doc("conversation.closed", "It was closed. data: reason, conversation."),
    doc("conversation.reopened", "A closed one is open again. data: conversation."),
    doc("conversation.assigned", "Another owner, or none. data: from, to, reason, conversation."),
    doc("conversation.unit_changed", "Another unit. data: from, to, conversation."),
    doc(
        "conversation.floor_changed",
        "Another holder of the floor. data: floor {holder, holder_id, token}, conversation.",
    ),
    doc("conversation.first_response", "A person answered for the first time. data: at, conversation."),
    doc("conversation.archived", "It was put away. data: conversation."),
    doc("conversation.unarchived", "It is back in the lists. data: conversation."),
    doc("conversation.seen", "What this user has seen; for that user only. data: user_id, last_seen_seq."),
    doc("message.created", "A message or note was stored. data: message, conversation."),
    doc("message.updated", "Edited, or a file of it was fetched. data: message."),
    doc("message.deleted", "Taken back; the tombstone keeps its place. data: message."),
    doc(
        "message.status_changed",
        "News of an outbound message. data: message_id, seq, status, status_times, error, deferred_until.",
    ),
    doc("message.status_contradiction", "Proof of delivery after a failure. data: message_id, seq, error."),
    doc("message.reaction_changed", "A reaction was set or taken back. data: message_id, seq, reactions."),
];

const fn doc(kind: &'static str, meaning: &'static str) -> EventDoc {
    EventDoc { kind, version: 1, meaning }
}

/// What every event tells of its conversation, enough to keep a list in step. Addresses are masked here.
#[derive(Serialize)]
struct Brief<'a> {
    id: ConversationId,
    number: i64,
    channel_account_id: Option<ChannelAccountId>,
    channel_kind: &'a str,
    contact: Option<ContactCard>,
    status: ConversationStatus,
    status_reason: Option<&'a str>,
    unit_id: Option<UnitId>,
    owner_id: Option<UserId>,
    priority: &'a str,
    last_seq: i64,
    version: i64,
    waiting_since: Option<DateTime<Utc>>,
    last_activity_at: DateTime<Utc>,
    window: Option<Window>,
}

fn brief(row: &ConversationRow) -> Brief<'_> {
    let contact = row
        .contact_id
        .map(|id| ContactCard::new(id, row.contact_name.as_deref(), row.contact_address.as_deref(), false));
    Brief {
        id: row.id,
        number: row.number,
        channel_account_id: row.channel_account_id,
        channel_kind: &row.channel_kind,
        contact,
        status: row.status,
        status_reason: row.status_reason.as_deref(),
        unit_id: row.unit_id,
        owner_id: row.owner_id,
        priority: &row.priority,
        last_seq: row.last_seq,
        version: row.version,
        waiting_since: row.waiting_since,
        last_activity_at: row.last_activity_at,
        window: row.window(),
    }
}

/// Appends `conversation.<...>` with `conversation` added to `data`.
pub(crate) fn conversation(
    ctx: &Ctx,
    tx: &mut TenantTx,
    row: &ConversationRow,
    kind: &'static str,
    actor: &Actor,
    mut data: Value,
) {
    if let Value::Object(members) = &mut data {
        members.insert("conversation".to_owned(), serde_json::to_value(brief(row)).unwrap_or_default());
    }
    tx.append(ctx, new_event(row, kind, actor, None, data));
}

/// Appends `message.created`, with what the list needs of the conversation.
pub(crate) fn message_created(
    ctx: &Ctx,
    tx: &mut TenantTx,
    row: &ConversationRow,
    actor: &Actor,
    message: &Message,
    silent: bool,
) {
    // The event of the hot path: written as text at once.
    let created = Created { message, conversation: brief(row), silent };
    let text = serde_json::value::to_raw_value(&created).unwrap_or_default();
    let event = new_event(row, "message.created", actor, Some(message.seq), Value::Null);
    tx.append_text(ctx, event, text);
}

#[derive(Serialize)]
struct Created<'a> {
    message: &'a Message,
    conversation: Brief<'a>,
    /// A blocked contact's: kept, but nobody is to be told.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    silent: bool,
}

/// Appends another event of one message.
pub(crate) fn message(
    ctx: &Ctx,
    tx: &mut TenantTx,
    row: &ConversationRow,
    kind: &'static str,
    actor: &Actor,
    data: Value,
) {
    tx.append(ctx, new_event(row, kind, actor, None, data));
}

/// Appends `conversation.seen`, for one user alone.
pub(crate) fn seen(ctx: &Ctx, tx: &mut TenantTx, id: ConversationId, user: UserId, last_seen_seq: i64) {
    let audience = Audience { only_user: Some(user), ..Audience::default() };
    let stream = StreamRef { kind: "conversation".into(), id: *id, seq: None };
    let data = json!({"user_id": user, "last_seen_seq": last_seen_seq});
    tx.append(ctx, NewEvent { kind: "conversation.seen", version: 1, stream, actor: ctx.actor(), audience, data });
}

fn new_event(row: &ConversationRow, kind: &'static str, actor: &Actor, seq: Option<i64>, data: Value) -> NewEvent {
    let stream = StreamRef { kind: "conversation".into(), id: *row.id, seq };
    NewEvent { kind, version: 1, stream, actor: actor.clone(), audience: row.audience_of_events(), data }
}
