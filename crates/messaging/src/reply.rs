//! A person's public message: checked, stored, put on its way, in one atomic step with the thread's new state.
//!
//! The core works on several replies at once, so that concurrent requests can share statements and one commit (the
//! desk); a single reply is a batch of one.

mod body;
mod checks;

pub use body::{ReplyBody, ReplySegment, Then};

use crate::author::Author;
use crate::change::{announce, announce_floor, thread_taken};
use crate::content::MessageKind;
use crate::conversation::{ConversationRow, ConversationStatus};
use crate::desk::Entry;
use crate::events;
use crate::message::{Message, MessageRow};
use crate::outbound;
use crate::status::OutboundStatus;
use crate::store::{self, NewOwner, NewSend, Save};
use crate::transition::{Step, Trigger, steps};
use ::store::TenantTx;
use checks::Known;
use chrono::Duration;
use kernel::ids::{ConversationId, MessageId, OrganizationId, UserId};
use kernel::{Ctx, Error};
use serde_json::json;
use std::collections::HashMap;
use uuid::Uuid;

/// A reply waits for its provider at most this long.
const EXPIRES: Duration = Duration::hours(24);

/// One reply to be made.
#[derive(Clone)]
pub(crate) struct NewReply {
    pub ctx: Ctx,
    pub author: Author,
    pub conversation_id: ConversationId,
    pub body: ReplyBody,
}

impl Entry for NewReply {
    fn organization_id(&self) -> OrganizationId {
        self.ctx.organization_id()
    }

    fn conversation_id(&self) -> ConversationId {
        self.conversation_id
    }

    async fn write_all(tx: &mut TenantTx, entries: &[Self]) -> Result<Vec<Result<Posted, Error>>, Error> {
        reply_all(tx, entries).await
    }
}

/// A stored message.
#[derive(Clone, Debug)]
pub struct Posted {
    pub message: Message,
    /// The same client id and body were stored before: this is that message.
    pub replayed: bool,
}

/// Replies publicly.
///
/// # Errors
/// 404, 403; 409 `CONVERSATION_MERGED`, `STALE_REPLY` `{last_seq, newer}`, `ACCOUNT_NOT_ACTIVE`; 422 `CONTACT_BLOCKED`,
/// `WINDOW_CLOSED`, `MESSAGE_TOO_LONG`, `CAPABILITY_MISSING`, `REPLY_TARGET_NOT_FOUND`, `IDEMPOTENCY_KEY_REUSED`,
/// `VALIDATION_FAILED`; of machines 409 `LIMIT_REACHED` beyond the conversations of the month.
pub async fn reply(
    ctx: &Ctx,
    tx: &mut TenantTx,
    author: Author,
    id: ConversationId,
    body: ReplyBody,
) -> Result<Posted, Error> {
    let new = NewReply { ctx: ctx.clone(), author, conversation_id: id, body };
    let mut done = reply_all(tx, std::slice::from_ref(&new)).await?;
    done.pop().unwrap_or_else(|| Err(Error::not_found()))
}

/// Makes several replies of one organization, in order; each succeeds or is refused for itself.
pub(crate) async fn reply_all(tx: &mut TenantTx, replies: &[NewReply]) -> Result<Vec<Result<Posted, Error>>, Error> {
    let mut ids: Vec<Uuid> = replies.iter().map(|reply| reply.conversation_id.0).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut rows: HashMap<ConversationId, ConversationRow> =
        store::lock_conversations(tx, &ids).await?.into_iter().map(|row| (row.id, row)).collect();
    let mut known = Known::load(tx, replies, &rows).await?;
    let mut made: Vec<Made> = Vec::new();
    let mut answers = Vec::with_capacity(replies.len());
    for reply in replies {
        let answer = match checks::check(tx, reply, rows.get(&reply.conversation_id), &mut known, &made).await {
            Ok(checks::Passed::Stored(message)) => Ok(Posted { message: *message, replayed: true }),
            Ok(checks::Passed::New(quoted)) => match rows.get_mut(&reply.conversation_id) {
                Some(row) => make(reply, row, &known, quoted).map(|one| {
                    let message = one.message.show(Vec::new());
                    made.push(one);
                    Posted { message, replayed: false }
                }),
                None => Err(Error::not_found()),
            },
            Err(error) => Err(error),
        };
        answers.push(answer);
    }
    if !made.is_empty() {
        write(tx, &rows, &made).await?;
        for (one, reply) in made.iter().map(|one| (one, &one.reply)) {
            announce_one(reply, tx, one);
        }
    }
    Ok(answers)
}

/// One reply that passed, with its thread as it was right after it.
pub(crate) struct Made {
    reply: NewReply,
    message: MessageRow,
    after: ConversationRow,
    ran: Vec<Step>,
    took_floor: bool,
    new_owner: Option<UserId>,
}

fn make(reply: &NewReply, row: &mut ConversationRow, known: &Known, quoted: Option<MessageId>) -> Result<Made, Error> {
    let (ctx, body, author) = (&reply.ctx, &reply.body, &reply.author);
    let now = ctx.now();
    let account = row.channel_account_id.and_then(|id| known.accounts.get(&id)).ok_or_else(Error::not_found)?;
    let by_person = author.kind == "user";
    // What a key sends is automated: it answers nobody, moves no clock and no status.
    let answered_since = if by_person { row.waiting_since.take() } else { None };
    let first = by_person && row.first_response_at.is_none() && row.last_inbound_at.is_some();
    if first {
        row.first_response_at = Some(now);
    }
    let answered = match body.then {
        Some(Then::Open) => false,
        Some(Then::Waiting | Then::Closed) => true,
        None => account.after_reply != "keep",
    };
    let moves = by_person || row.status == ConversationStatus::Closed;
    let mut ran =
        if moves { steps(row.status, Trigger::PublicReply { answered }).unwrap_or_default() } else { Vec::new() };
    row.run(&ran, None, now);
    let took_floor = by_person && row.give_floor("person", author.id, now);
    let me = author.id.filter(|_| by_person).map(UserId);
    let new_owner = me.filter(|_| row.owner_id.is_none() && account.assign_on_reply);
    row.owner_id = row.owner_id.or(new_owner);
    row.handled_by(by_person);
    row.last_outbound_at = Some(now);
    row.active_at(now);
    row.touch(now);
    let id: MessageId = ctx.new_id();
    let seq = row.take_seq();
    if body.then == Some(Then::Closed) {
        let close = steps(row.status, Trigger::UserSets(ConversationStatus::Closed)).unwrap_or_default();
        row.run(&close, Some("resolved"), now);
        ran.extend(close);
    }
    let window_end = row.window_closes_at.unwrap_or(now + EXPIRES);
    let message = MessageRow {
        direction: "outbound".to_owned(),
        kind: MessageKind::Text.as_str().to_owned(),
        sender_kind: author.kind.to_owned(),
        sender_id: author.id,
        sender_name: author.name.as_deref().map(str::to_owned),
        source: author.source.to_owned(),
        reply_to_id: quoted,
        client_id: body.client_id.clone(),
        client_fingerprint: body.client_id.as_ref().map(|_| body.fingerprint()),
        status: Some(OutboundStatus::Queued.as_str().to_owned()),
        expires_at: Some(window_end.min(now + EXPIRES)),
        stale_override: body.override_stale,
        simulated: account.simulation,
        answered_since,
        was_first_response: first,
        metadata: author.metadata(),
        ..MessageRow::new(id, row.id, seq, body.stored_segments()?, now)
    };
    Ok(Made { reply: reply.clone(), message, after: row.clone(), ran, took_floor, new_owner })
}

/// Everything in one statement.
async fn write(tx: &mut TenantTx, rows: &HashMap<ConversationId, ConversationRow>, made: &[Made]) -> Result<(), Error> {
    let mut touched: Vec<ConversationId> = made.iter().map(|one| one.after.id).collect();
    touched.sort_unstable();
    touched.dedup();
    let save = Save {
        conversations: touched.iter().filter_map(|id| rows.get(id)).collect(),
        messages: made.iter().map(|one| &one.message).collect(),
        sends: made
            .iter()
            .map(|one| NewSend {
                message_id: one.message.id,
                floor_token: one.after.floor_token,
                automated: one.reply.author.kind != "user",
                created_at: one.message.created_at,
            })
            .collect(),
        owners: made.iter().filter_map(first_owner).collect(),
        ..Save::default()
    };
    store::save(tx, &save).await.map_err(thread_taken)
}

/// The claim that goes with the first reply to a thread that nobody owns.
fn first_owner(one: &Made) -> Option<NewOwner> {
    Some(NewOwner {
        id: one.reply.ctx.new_id(),
        conversation_id: one.after.id,
        owner: one.new_owner?,
        reason: "claim",
        by: one.reply.author.id,
        since: one.message.created_at,
    })
}

fn announce_one(reply: &NewReply, tx: &mut TenantTx, one: &Made) {
    let (ctx, row) = (&reply.ctx, &one.after);
    let actor = ctx.actor();
    announce(ctx, tx, row, &actor, &one.ran);
    if let Some(owner) = one.new_owner {
        let data = json!({"from": null, "to": owner, "reason": "claim"});
        events::conversation(ctx, tx, row, "conversation.assigned", &actor, data);
    }
    if one.took_floor {
        announce_floor(ctx, tx, row, &actor);
    }
    if one.message.was_first_response {
        let data = json!({"at": one.message.created_at});
        events::conversation(ctx, tx, row, "conversation.first_response", &actor, data);
    }
    events::message_created(ctx, tx, row, &actor, &one.message.show(Vec::new()), false);
    reply.author.note(tx);
    tx.enqueue(ctx, outbound::send_job(row, one.message.id));
}
