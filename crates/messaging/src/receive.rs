//! An inbound message: whose it is, which thread takes it, what it sets in motion. One transaction, free of races:
//! items of one address run one after the other (the lock that
//! contacts take on it), a thread's messages under the thread's lock.

use crate::attachments;
use crate::change::announce;
use crate::conversation::ConversationRow;
use crate::inbound::Inbound;
use crate::message::{self, MessageRow};
use crate::store::{self, ExternalId, Save};
use crate::threading::{self, Placement};
use crate::transition::{Step, Trigger, steps};
use crate::{events, parked};
use ::store::TenantTx;
use contacts::Recognized;
use kernel::ids::{ConversationId, MessageId};
use kernel::{Actor, Ctx, Error, Permission, Resource};
use serde_json::json;

/// What became of an inbound message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    Stored {
        conversation_id: ConversationId,
        message_id: MessageId,
        seq: i64,
    },
    /// This very message is stored already; nothing changed.
    Duplicate,
}

/// Stores a contact's message, creating contact and conversation where there is none.
///
/// # Errors
/// When the database fails; repeating it does no harm.
pub async fn receive(ctx: &Ctx, tx: &mut TenantTx, inbound: Inbound) -> Result<Received, Error> {
    ctx.require(Permission::MESSAGING_MANAGE, &Resource::organization(ctx.organization_id()))?;
    let who = contacts::recognize(ctx, tx, &inbound.contact).await?;
    threading::follow_contact(ctx, tx, &who).await?;
    let found = store::latest_of_address(tx, inbound.account.id, who.address_id).await?;
    let facts = store::inbound_facts(
        tx,
        inbound.account.id,
        found.as_ref().map(|row| row.id),
        "inbound",
        &inbound.external_id,
        inbound.reply_to_external_id.as_deref(),
    )
    .await?;
    if facts.duplicate {
        return Ok(Received::Duplicate);
    }
    let placement = threading::place(found.as_ref(), who.blocked, !inbound.standby, inbound.received_at);
    let message_id: MessageId = ctx.new_id();
    let (mut row, created) = match (placement, found) {
        (Placement::New { previous }, _) | (Placement::Silent { existing: false, previous }, _) => {
            (threading::draft(ctx, tx, &inbound, &who, previous).await?, true)
        }
        (_, Some(row)) => (row, false),
        (_, None) => (threading::draft(ctx, tx, &inbound, &who, None).await?, true),
    };
    let silent = matches!(placement, Placement::Silent { .. });
    let ran = take_in(&mut row, &inbound, &who, message_id, silent, created);
    let seq = row.take_seq();
    let quoted = facts.quoted.filter(|_| !created);
    let message = store_message(ctx, tx, &mut row, inbound.clone(), message_id, seq, quoted, created).await?;
    announce_all(ctx, tx, &row, &who, &ran, created, &message, silent);
    if facts.parked {
        parked::apply_for(ctx, tx, &mut row, inbound.account.id, &inbound.external_id, message_id).await?;
    }
    Ok(Received::Stored { conversation_id: row.id, message_id, seq })
}

/// What the message does to its thread; the steps that the status ran through.
fn take_in(
    row: &mut ConversationRow,
    inbound: &Inbound,
    who: &Recognized,
    message_id: MessageId,
    silent: bool,
    created: bool,
) -> Vec<Step> {
    let at = inbound.received_at;
    threading::take_over_contact(row, who);
    row.touch(at.max(row.updated_at));
    row.open_window(inbound.provider_at, at, Some(message_id));
    if silent {
        return Vec::new();
    }
    row.active_at(at);
    if inbound.standby {
        return Vec::new();
    }
    row.last_inbound_at = row.last_inbound_at.max(Some(at));
    let ran = if created { Vec::new() } else { steps(row.status, Trigger::CountingInbound).unwrap_or_default() };
    row.run(&ran, None, at);
    row.waiting_since = row.waiting_since.or(Some(at));
    ran
}

async fn store_message(
    ctx: &Ctx,
    tx: &mut TenantTx,
    row: &mut ConversationRow,
    mut inbound: Inbound,
    id: MessageId,
    seq: i64,
    quoted: Option<MessageId>,
    created: bool,
) -> Result<message::Message, Error> {
    let files = attachments::bind(ctx, id, &mut inbound.segments, &inbound.account.kind);
    let message = MessageRow {
        direction: "inbound".to_owned(),
        kind: inbound.kind.as_str().to_owned(),
        sender_kind: "contact".to_owned(),
        sender_id: row.contact_id.map(|id| id.0),
        sender_name: row.contact_name.clone(),
        source: "contact".to_owned(),
        reply_to_id: quoted,
        reply_to_external_id: inbound.reply_to_external_id.filter(|_| quoted.is_none()),
        simulated: inbound.account.simulation,
        standby: inbound.standby,
        forwarded: inbound.forwarded,
        received_at: Some(inbound.received_at),
        provider_at: inbound.provider_at,
        ..MessageRow::new(id, row.id, seq, message::to_json(&inbound.segments)?, ctx.now())
    };
    if created {
        threading::insert(tx, row).await?;
    }
    let external = ExternalId {
        channel_account_id: inbound.account.id,
        direction: "inbound",
        external_id: inbound.external_id,
        message_id: id,
    };
    let conversations = if created { Vec::new() } else { vec![&*row] };
    store::save(tx, &Save { conversations, messages: vec![&message], external_ids: vec![external], ..Save::default() })
        .await?;
    let files = attachments::store(ctx, tx, files).await?;
    Ok(message.show(files))
}

fn announce_all(
    ctx: &Ctx,
    tx: &mut TenantTx,
    row: &ConversationRow,
    who: &Recognized,
    ran: &[Step],
    created: bool,
    message: &message::Message,
    silent: bool,
) {
    let actor = Actor::contact(*who.contact_id);
    if created {
        events::conversation(ctx, tx, row, "conversation.created", &actor, json!({}));
    }
    announce(ctx, tx, row, &actor, ran);
    events::message_created(ctx, tx, row, &actor, message, silent);
}
