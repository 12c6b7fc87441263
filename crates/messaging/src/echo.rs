//! Messages that staff wrote in the provider's own app: a person's public messages, without a name.

use crate::change::{announce, announce_floor};
use crate::conversation::ConversationRow;
use crate::delivery::Delivery;
use crate::inbound::Inbound;
use crate::message::{self, Message, MessageRow};
use crate::receive::Received;
use crate::status::{Evidence, OutboundStatus};
use crate::store::{self, ExternalId, Save};
use crate::threading::{self, Placement};
use crate::transition::{Step, Trigger, steps};
use crate::{attachments, events, parked};
use ::store::TenantTx;
use chrono::{DateTime, Utc};
use contacts::Recognized;
use kernel::ids::MessageId;
use kernel::{Actor, ActorKind, Ctx, Error, Permission, Resource};
use serde_json::json;
use sqlx::types::Json;

/// Stores an echo as an outbound message of a person with source `phone`; it answers the customer and takes the floor.
///
/// # Errors
/// When the database fails; repeating it does no harm.
pub async fn record_echo(ctx: &Ctx, tx: &mut TenantTx, mut echo: Inbound) -> Result<Received, Error> {
    ctx.require(Permission::MESSAGING_MANAGE, &Resource::organization(ctx.organization_id()))?;
    let who = contacts::recognize(ctx, tx, &echo.contact).await?;
    threading::follow_contact(ctx, tx, &who).await?;
    let found = store::latest_of_address(tx, echo.account.id, who.address_id).await?;
    let thread = found.as_ref().map(|row| row.id);
    let (account, external_id) = (echo.account.id, echo.external_id.clone());
    store::lock_external_id(tx, account, &external_id).await?;
    let quote = echo.reply_to_external_id.as_deref();
    let facts = store::inbound_facts(tx, account, thread, "outbound", &external_id, quote).await?;
    if facts.duplicate {
        return Ok(Received::Duplicate);
    }
    let (mut row, created) = thread_of(ctx, tx, &echo, &who, found).await?;
    threading::take_over_contact(&mut row, &who);
    let answered = answer(&mut row, echo.received_at, ctx.now(), who.blocked);
    let id: MessageId = ctx.new_id();
    let seq = row.take_seq();
    let files = attachments::bind(ctx, id, &mut echo.segments, &echo.account.kind);
    let quoted = facts.quoted.filter(|_| !created);
    let message = message_of(ctx, &echo, &row, id, seq, quoted, &answered)?;
    if created {
        "user".clone_into(&mut row.origin);
        threading::insert(tx, &mut row).await?;
    }
    let external = ExternalId {
        channel_account_id: account,
        direction: "outbound",
        external_id: external_id.clone(),
        message_id: id,
    };
    let save =
        Save { conversations: vec![&row], messages: vec![&message], external_ids: vec![external], ..Save::default() };
    store::save(tx, &save).await?;
    let shown = message.show(attachments::store(ctx, tx, files).await?);
    announce_all(ctx, tx, &row, &answered, created, &shown, who.blocked);
    if facts.parked {
        for evidence in parked::apply_for(ctx, tx, &mut row, account, &external_id, id).await? {
            crate::statuses::take_evidence(ctx, tx, &mut row, id, 1, &evidence).await?;
        }
    }
    Ok(Received::Stored { conversation_id: row.id, message_id: id, seq })
}

/// The thread that takes the echo, and whether it is new.
async fn thread_of(
    ctx: &Ctx,
    tx: &mut TenantTx,
    echo: &Inbound,
    who: &Recognized,
    found: Option<ConversationRow>,
) -> Result<(ConversationRow, bool), Error> {
    match (threading::place(found.as_ref(), who.blocked, true, echo.received_at), found) {
        (Placement::Append | Placement::Reopen | Placement::Silent { existing: true, .. }, Some(row)) => {
            Ok((row, false))
        }
        (Placement::New { previous } | Placement::Silent { previous, .. }, _) => {
            Ok((threading::draft(ctx, tx, echo, who, previous).await?, true))
        }
        (_, None) => Ok((threading::draft(ctx, tx, echo, who, None).await?, true)),
    }
}

/// What the echo did to its thread.
struct Answered {
    since: Option<DateTime<Utc>>,
    first: bool,
    ran: Vec<Step>,
    took_floor: bool,
    at: DateTime<Utc>,
}

/// A person spoke publicly, at `at`.
fn answer(row: &mut ConversationRow, at: DateTime<Utc>, now: DateTime<Utc>, blocked: bool) -> Answered {
    row.touch(now);
    row.active_at(at);
    row.last_outbound_at = row.last_outbound_at.max(Some(at));
    row.handled_by(true);
    let since = row.waiting_since.take();
    let first = row.first_response_at.is_none() && row.last_inbound_at.is_some();
    if first {
        row.first_response_at = Some(at);
    }
    let trigger = Trigger::PublicReply { answered: true };
    let ran = if blocked { Vec::new() } else { steps(row.status, trigger).unwrap_or_default() };
    row.run(&ran, None, at);
    let took_floor = !blocked && row.give_floor("person", None, at);
    Answered { since, first, ran, took_floor, at }
}

fn message_of(
    ctx: &Ctx,
    echo: &Inbound,
    row: &ConversationRow,
    id: MessageId,
    seq: i64,
    quoted: Option<MessageId>,
    answered: &Answered,
) -> Result<MessageRow, Error> {
    let mut delivery = Delivery::default();
    let sent_at = echo.provider_at.unwrap_or(answered.at);
    delivery.apply(1, &Evidence { status: OutboundStatus::Sent, at: sent_at, error: None });
    Ok(MessageRow {
        direction: "outbound".to_owned(),
        kind: echo.kind.as_str().to_owned(),
        sender_kind: "user".to_owned(),
        source: "phone".to_owned(),
        reply_to_id: quoted,
        reply_to_external_id: echo.reply_to_external_id.clone().filter(|_| quoted.is_none()),
        status: Some(OutboundStatus::Sent.as_str().to_owned()),
        delivery: Some(Json(delivery)),
        simulated: echo.account.simulation,
        forwarded: echo.forwarded,
        received_at: Some(answered.at),
        provider_at: echo.provider_at,
        answered_since: answered.since,
        was_first_response: answered.first,
        ..MessageRow::new(id, row.id, seq, message::to_json(&echo.segments)?, ctx.now())
    })
}

fn announce_all(
    ctx: &Ctx,
    tx: &mut TenantTx,
    row: &ConversationRow,
    answered: &Answered,
    created: bool,
    shown: &Message,
    silent: bool,
) {
    // A person, but nobody knows which.
    let actor = Actor { kind: ActorKind::User, id: None };
    if created {
        events::conversation(ctx, tx, row, "conversation.created", &actor, json!({}));
    }
    announce(ctx, tx, row, &actor, &answered.ran);
    if answered.took_floor {
        announce_floor(ctx, tx, row, &actor);
    }
    if answered.first {
        events::conversation(ctx, tx, row, "conversation.first_response", &actor, json!({ "at": answered.at }));
    }
    events::message_created(ctx, tx, row, &actor, shown, silent);
}
