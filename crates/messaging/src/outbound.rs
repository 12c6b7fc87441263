//! The way out, as channels see it: what to send (public content only), attempts of which one runs at a time, outcomes.
//!
//! Rows of `outbound_sends` exist only for outbound messages of external conversations; the database refuses any other,
//! so nothing that is handed out here can be a note, a system line or a chat among users.
//! Locks are taken in one order: the id given by the provider, the send, the contact's address, the conversation, the message.

use crate::content::Segment;
use crate::conversation::ConversationRow;
use crate::delivery::Delivery;
use crate::parked;
use crate::status::{Evidence, OUTCOME_UNKNOWN, OutboundStatus, SendError};
use crate::statuses::{announce_status, conversation_for, join_evidence, take_evidence};
use crate::store::{self, SendState};
use ::store::TenantTx;
use ::store::jobs::{Lane, NewJob};
use chrono::{DateTime, Duration, Utc};
use contacts::SendAddress;
use kernel::ids::{AddressId, AttemptId, ChannelAccountId, ConversationId, MessageId};
use kernel::{Ctx, Error, Permission, Resource};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::types::Json;

/// The job that hands one message over; payload [`SendMessage`]. Channels register its handler. Jobs of one address run
/// in the order of their messages.
pub const SEND_MESSAGE: &str = "messaging.send_message";
/// An attempt is believed to run this long; after it, its outcome is unclear.
pub const ATTEMPT_LEASE: Duration = Duration::seconds(60);
/// How long evidence is awaited for an unclear outcome.
pub const EVIDENCE_WAIT: Duration = Duration::minutes(2);

/// Payload of [`SEND_MESSAGE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendMessage {
    pub message_id: MessageId,
}

/// A message that may leave. Only this module makes it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outgoing {
    pub message_id: MessageId,
    pub conversation_id: ConversationId,
    pub channel_account_id: ChannelAccountId,
    pub address_id: AddressId,
    pub to: SendAddress,
    /// Public content, in order.
    pub segments: Vec<Segment>,
    /// The provider's id of the message this one answers.
    pub reply_to_external_id: Option<String>,
    /// Made in simulation: never to be handed to the provider, for [`simulate`] alone.
    pub simulated: bool,
    /// `service`, `transactional` or `marketing`.
    pub purpose: String,
    /// Rejected tries so far.
    pub tries: i32,
    pub queued_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    /// As it was locked.
    send: SendState,
}

/// Why no attempt may begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// Another one runs until then at the longest.
    Running { until: DateTime<Utc> },
    /// The last outcome is unclear: come back then.
    AwaitingEvidence { until: DateTime<Utc> },
    /// Nothing is left to do.
    Over,
}

/// One try to hand a message over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub id: AttemptId,
    /// 1 for the first.
    pub number: i32,
    /// Goes to the provider and comes back in statuses.
    pub tag: String,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Accepted {
        external_id: String,
        /// The form of the phone that the provider really used.
        address_used: Option<String>,
    },
    /// The provider refused, or certainly never got it. With `retry_at` it is tried again, else it failed for good.
    Rejected { error: SendError, retry_at: Option<DateTime<Utc>> },
    /// Nobody knows.
    Unclear { detail: String },
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finished {
    Over,
    RetryAt(DateTime<Utc>),
    AwaitingEvidence { until: DateTime<Utc> },
}

/// The message, if it still is to be sent. Its send is locked until the transaction ends, which is the one to go on with.
///
/// # Errors
/// When the database fails.
pub async fn next(tx: &mut TenantTx, id: MessageId) -> Result<Option<Outgoing>, Error> {
    let Some(found) = store::lock_outgoing(tx, id).await?.filter(|found| found.send.state != "done") else {
        return Ok(None);
    };
    // In simulation nobody is written to.
    let to = if found.simulated {
        SendAddress::default()
    } else {
        contacts::send_address(tx, found.send.address_id).await?
    };
    let segments: Vec<Segment> = serde_json::from_str(found.segments.get())
        .map_err(|error| Error::internal(format!("stored segments: {error}")))?;
    let send = found.send;
    Ok(Some(Outgoing {
        message_id: id,
        conversation_id: send.conversation_id,
        channel_account_id: send.channel_account_id,
        address_id: send.address_id,
        to,
        segments,
        reply_to_external_id: found.quoted,
        simulated: found.simulated,
        purpose: send.purpose.clone(),
        tries: send.tries,
        queued_at: found.created_at,
        expires_at: found.expires_at,
        send,
    }))
}

/// Whether anything hinders an attempt: one that runs, an unclear outcome, a blocked contact, or that it is too late. To
/// be asked first, because an attempt without an outcome must come to its end whatever else is checked.
///
/// # Errors
/// When the database fails.
pub async fn hindrance(ctx: &Ctx, tx: &mut TenantTx, outgoing: &Outgoing) -> Result<Option<Hindrance>, Error> {
    allow(ctx)?;
    let (id, send, now) = (outgoing.message_id, &outgoing.send, ctx.now());
    match send.state.as_str() {
        "unclear" => return await_evidence(ctx, tx, send).await.map(Some),
        "calling" => {
            let running = store::attempts_of(tx, id).await?.into_iter().find(|attempt| attempt.outcome.is_none());
            match running {
                Some(running) if running.lease_until > now => {
                    return Ok(Some(Hindrance::Running { until: running.lease_until }));
                }
                Some(lost) => {
                    // Its worker is gone: whether the provider got it, nobody knows.
                    let detail = json!({"detail": "lease ran out"});
                    store::finish_attempt(tx, lost.id, "unclear", None, None, Some(detail), now).await?;
                    store::save_send(tx, id, "unclear", send.tries, Some(now), now).await?;
                    return Ok(Some(Hindrance::AwaitingEvidence { until: now + EVIDENCE_WAIT }));
                }
                None => {}
            }
        }
        _ => {}
    }
    let over = if send.blocked {
        Some(own_error("CONTACT_BLOCKED", "policy", false))
    } else if outgoing.expires_at.is_some_and(|expires_at| expires_at <= now) {
        Some(own_error("EXPIRED", "window", true))
    } else {
        None
    };
    let Some(error) = over else { return Ok(None) };
    fail_send(ctx, tx, send, error).await?;
    Ok(Some(Hindrance::Over))
}

/// Begins an attempt that nothing hinders. Commit, then call the provider with its tag, then [`finish_attempt`].
///
/// # Errors
/// When the database fails.
pub async fn begin_attempt(ctx: &Ctx, tx: &mut TenantTx, outgoing: &Outgoing) -> Result<Attempt, Error> {
    allow(ctx)?;
    let (id, now): (AttemptId, _) = (ctx.new_id(), ctx.now());
    let number = store::begin_attempt(tx, id, outgoing.message_id, now, now + ATTEMPT_LEASE).await?;
    Ok(Attempt { id, number, tag: id.to_string() })
}

/// The whole of an attempt in simulation: it counts as accepted, and nothing left the house.
///
/// # Errors
/// When the database fails.
pub async fn simulate(ctx: &Ctx, tx: &mut TenantTx, outgoing: &Outgoing) -> Result<(), Error> {
    allow(ctx)?;
    let (id, now): (AttemptId, _) = (ctx.new_id(), ctx.now());
    let Some(mut row) = store::conversation(tx, outgoing.conversation_id).await? else { return Ok(()) };
    let Some(mut message) = store::lock_message(tx, outgoing.message_id).await? else { return Ok(()) };
    let number = store::simulate_attempt(tx, id, outgoing.message_id, now).await?;
    message.simulated = true;
    let accepted = Evidence { status: OutboundStatus::Accepted, at: now, error: None };
    join_evidence(ctx, tx, &mut row, message, number, &accepted).await?;
    Ok(())
}

/// Writes how an attempt ended. What was parked for the provider's id is applied. Repeating it does no harm.
///
/// # Errors
/// 404 for an unknown attempt.
pub async fn finish_attempt(ctx: &Ctx, tx: &mut TenantTx, id: AttemptId, outcome: Outcome) -> Result<Finished, Error> {
    allow(ctx)?;
    let attempt = store::attempt(tx, id).await?.ok_or_else(Error::not_found)?;
    let now = ctx.now();
    match outcome {
        Outcome::Accepted { external_id, address_used } => {
            accepted(ctx, tx, &attempt, external_id, address_used).await?;
            Ok(Finished::Over)
        }
        Outcome::Rejected { error, retry_at } => {
            let Some(send) = lock_running(tx, &attempt).await? else { return Ok(Finished::Over) };
            let told = serde_json::to_value(&error).ok();
            store::finish_attempt(tx, id, "rejected", None, None, told, now).await?;
            match retry_at {
                Some(at) => retry_later(ctx, tx, &send, at, error).await,
                None => {
                    store::save_send(tx, send.message_id, "done", send.tries + 1, None, now).await?;
                    let failed = Evidence { status: OutboundStatus::Failed, at: now, error: Some(error) };
                    evidence(ctx, tx, &send, attempt.number, failed).await?;
                    Ok(Finished::Over)
                }
            }
        }
        Outcome::Unclear { detail } => {
            let Some(send) = lock_running(tx, &attempt).await? else { return Ok(Finished::Over) };
            store::finish_attempt(tx, id, "unclear", None, None, Some(json!({ "detail": detail })), now).await?;
            store::save_send(tx, send.message_id, "unclear", send.tries, Some(now), now).await?;
            Ok(Finished::AwaitingEvidence { until: now + EVIDENCE_WAIT })
        }
    }
}

/// The message waits: shown as queued, with reason and time.
///
/// # Errors
/// 404 for an unknown message.
pub async fn defer(
    ctx: &Ctx,
    tx: &mut TenantTx,
    id: MessageId,
    until: DateTime<Utc>,
    reason: &str,
) -> Result<(), Error> {
    allow(ctx)?;
    let send = store::lock_send(tx, id).await?.ok_or_else(Error::not_found)?;
    if send.state == "waiting" { show_deferred(ctx, tx, &send, until, reason).await } else { Ok(()) }
}

/// The message fails without (another) attempt: its time is over, or what it needs is gone.
///
/// # Errors
/// 404 for an unknown message.
pub async fn fail(ctx: &Ctx, tx: &mut TenantTx, id: MessageId, error: SendError) -> Result<(), Error> {
    allow(ctx)?;
    let send = store::lock_send(tx, id).await?.ok_or_else(Error::not_found)?;
    if send.state == "waiting" { fail_send(ctx, tx, &send, error).await } else { Ok(()) }
}

/// The job for a message of this conversation.
pub(crate) fn send_job(row: &ConversationRow, message_id: MessageId) -> NewJob {
    let job = NewJob::new(Lane::Interactive, SEND_MESSAGE, &SendMessage { message_id });
    match (row.channel_account_id, row.address_id) {
        (Some(account), Some(address)) => job.in_order(format!("send:{account}:{address}")),
        _ => job,
    }
}

fn allow(ctx: &Ctx) -> Result<(), Error> {
    ctx.require(Permission::MESSAGING_MANAGE, &Resource::organization(ctx.organization_id()))
}

fn own_error(code: &str, class: &str, retryable: bool) -> SendError {
    SendError { code: code.to_owned(), class: class.to_owned(), detail: None, retryable }
}

async fn accepted(
    ctx: &Ctx,
    tx: &mut TenantTx,
    attempt: &store::AttemptRow,
    external_id: String,
    address_used: Option<String>,
) -> Result<(), Error> {
    let now = ctx.now();
    let row = store::conversation_of_message(tx, attempt.message_id).await?.ok_or_else(Error::not_found)?;
    let account = row.channel_account_id.ok_or_else(|| Error::internal("a sent message without channel account"))?;
    store::lock_external_id(tx, account, &external_id).await?;
    let send = store::lock_send(tx, attempt.message_id).await?.ok_or_else(Error::not_found)?;
    if let Some(raw) = &address_used {
        contacts::learn_address(ctx, tx, send.address_id, raw).await?;
    }
    store::accept_attempt(tx, attempt, account, &external_id, address_used.as_deref(), now).await?;
    let mut row = store::lock_conversation(tx, send.conversation_id).await?.ok_or_else(Error::not_found)?;
    let told = Evidence { status: OutboundStatus::Accepted, at: now, error: None };
    take_evidence(ctx, tx, &mut row, send.message_id, attempt.number, &told).await?;
    for parked in parked::apply_for(ctx, tx, &mut row, account, &external_id, send.message_id).await? {
        take_evidence(ctx, tx, &mut row, send.message_id, attempt.number, &parked).await?;
    }
    Ok(())
}

/// The send, if this attempt is the one that runs; late news of another changes nothing.
async fn lock_running(tx: &mut TenantTx, attempt: &store::AttemptRow) -> Result<Option<SendState>, Error> {
    let send = store::lock_send(tx, attempt.message_id).await?;
    // Read again under the lock: evidence may have ended it a moment ago.
    let running = store::attempt(tx, attempt.id).await?.is_some_and(|attempt| attempt.outcome.is_none());
    Ok(send.filter(|_| running))
}

async fn retry_later(
    ctx: &Ctx,
    tx: &mut TenantTx,
    send: &SendState,
    at: DateTime<Utc>,
    error: SendError,
) -> Result<Finished, Error> {
    let message = store::lock_message(tx, send.message_id).await?.ok_or_else(Error::not_found)?;
    store::save_send(tx, send.message_id, "waiting", send.tries + 1, None, ctx.now()).await?;
    if message.expires_at.is_some_and(|expires_at| expires_at <= at) {
        let send = SendState { tries: send.tries + 1, ..send.clone() };
        fail_send(ctx, tx, &send, SendError { code: "EXPIRED".to_owned(), ..error }).await?;
        return Ok(Finished::Over);
    }
    show_deferred(ctx, tx, send, at, &error.class.to_uppercase()).await?;
    Ok(Finished::RetryAt(at))
}

async fn await_evidence(ctx: &Ctx, tx: &mut TenantTx, send: &SendState) -> Result<Hindrance, Error> {
    let until = send.unclear_since.unwrap_or(ctx.now()) + EVIDENCE_WAIT;
    if until > ctx.now() {
        return Ok(Hindrance::AwaitingEvidence { until });
    }
    fail_send(ctx, tx, send, own_error(OUTCOME_UNKNOWN, "unclear", true)).await?;
    Ok(Hindrance::Over)
}

/// Ends a send as failed, in the record of its latest attempt.
async fn fail_send(ctx: &Ctx, tx: &mut TenantTx, send: &SendState, error: SendError) -> Result<(), Error> {
    let attempts = store::attempts_of(tx, send.message_id).await?;
    let begun = attempts.last().map_or(0, |attempt| attempt.number);
    // A retry that never came to an attempt of its own failed, not the attempt before it.
    let number = if send.state == "waiting" && send.tries == 0 { begun + 1 } else { begun.max(1) };
    store::save_send(tx, send.message_id, "done", send.tries, None, ctx.now()).await?;
    evidence(ctx, tx, send, number, Evidence { status: OutboundStatus::Failed, at: ctx.now(), error: Some(error) })
        .await
}

async fn evidence(ctx: &Ctx, tx: &mut TenantTx, send: &SendState, attempt: i32, told: Evidence) -> Result<(), Error> {
    let mut row = conversation_for(tx, send.conversation_id, &told).await?;
    take_evidence(ctx, tx, &mut row, send.message_id, attempt, &told).await?;
    Ok(())
}

async fn show_deferred(
    ctx: &Ctx,
    tx: &mut TenantTx,
    send: &SendState,
    until: DateTime<Utc>,
    reason: &str,
) -> Result<(), Error> {
    let Some(mut message) = store::lock_message(tx, send.message_id).await? else { return Ok(()) };
    if message.deferred_until == Some(until) && message.deferred_reason.as_deref() == Some(reason) {
        return Ok(());
    }
    message.deferred_until = Some(until);
    message.deferred_reason = Some(reason.to_owned());
    store::save_delivery(tx, &message).await?;
    if let Some(row) = store::conversation(tx, send.conversation_id).await? {
        announce_status(ctx, tx, &row, &message);
    }
    Ok(())
}

/// Starts the record of a retry that somebody asked for.
pub(crate) async fn start_over(tx: &mut TenantTx, id: MessageId) -> Result<Delivery, Error> {
    let number = store::attempts_of(tx, id).await?.last().map_or(0, |attempt| attempt.number) + 1;
    let message = store::lock_message(tx, id).await?.ok_or_else(Error::not_found)?;
    let mut delivery = message.delivery.map(|Json(delivery)| delivery).unwrap_or_default();
    delivery.start(number);
    Ok(delivery)
}
