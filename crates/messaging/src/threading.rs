//! Which thread takes a message: the rules of single-thread channels.

use crate::change::announce;
use crate::conversation::{ConversationRow, ConversationStatus};
use crate::inbound::Inbound;
use crate::store::{self, Save};
use crate::transition::{Trigger, steps};
use ::store::TenantTx;
use chrono::{DateTime, Duration, Utc};
use contacts::Recognized;
use kernel::ids::ConversationId;
use kernel::{Actor, Ctx, Error, ErrorKind};
use uuid::Uuid;

/// A closed thread takes a new message back for so long, counted from its closing.
pub(crate) const REOPEN_WINDOW: Duration = Duration::hours(72);

/// Where a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    /// Into the active thread, or into a closed one which it does not reopen.
    Append,
    /// Into the closed thread, which opens again.
    Reopen,
    /// Into a new thread that continues the closed one.
    New { previous: Option<ConversationId> },
    /// A blocked contact's: into the silent thread, or a new one if there is none.
    Silent { existing: bool, previous: Option<ConversationId> },
}

/// Decides, from the newest thread of the address (the active one if there is one). `counts`: it may reopen.
pub(crate) fn place(
    newest: Option<&ConversationRow>,
    blocked: bool,
    counts: bool,
    received_at: DateTime<Utc>,
) -> Placement {
    let Some(newest) = newest else {
        return if blocked {
            Placement::Silent { existing: false, previous: None }
        } else {
            Placement::New { previous: None }
        };
    };
    let closed = newest.status == ConversationStatus::Closed;
    if blocked {
        let existing = closed && newest.status_reason.as_deref() == Some("blocked") && !newest.is_merged();
        return Placement::Silent { existing, previous: (!existing).then_some(newest.id) };
    }
    if !closed {
        return Placement::Append;
    }
    let inside = newest.closed_at.is_none_or(|closed_at| received_at < closed_at + REOPEN_WINDOW);
    if newest.is_merged() || newest.archived_at.is_some() || !inside {
        Placement::New { previous: Some(newest.id) }
    } else if counts {
        Placement::Reopen
    } else {
        Placement::Append
    }
}

/// A new thread for this message, not stored yet. The contact is known and locked; unit and status are decided here.
pub(crate) async fn draft(
    ctx: &Ctx,
    tx: &mut TenantTx,
    inbound: &Inbound,
    who: &Recognized,
    previous: Option<ConversationId>,
) -> Result<ConversationRow, Error> {
    let unit_id = match inbound.account.unit_id {
        Some(unit) => Some(unit),
        None => Some(service_levels::fallback_unit(tx).await?),
    };
    let at = inbound.received_at;
    let now = ctx.now();
    let (status, reason) = if who.blocked {
        (ConversationStatus::Closed, Some("blocked".to_owned()))
    } else if inbound.standby {
        (ConversationStatus::Pending, None)
    } else {
        (ConversationStatus::Open, None)
    };
    Ok(ConversationRow {
        id: ctx.new_id(),
        number: 0,
        audience: "external".to_owned(),
        channel_account_id: Some(inbound.account.id),
        channel_kind: inbound.account.kind.clone(),
        contact_id: Some(who.contact_id),
        identity_id: Some(who.identity_id),
        address_id: Some(who.address_id),
        contact_name: who.name.clone(),
        contact_address: Some(who.address.clone()),
        status,
        status_reason: reason,
        snoozed_until: None,
        archived_at: None,
        merged_into_id: None,
        unit_id,
        owner_id: None,
        participants: Vec::new(),
        priority: "normal".to_owned(),
        subject: None,
        summary: None,
        language: None,
        tags: Vec::new(),
        origin: "contact".to_owned(),
        handled_by: "none".to_owned(),
        last_seq: 0,
        version: 0,
        first_response_at: None,
        waiting_since: None,
        last_inbound_at: None,
        last_outbound_at: None,
        last_activity_at: at,
        closed_at: (status == ConversationStatus::Closed).then_some(at),
        reopened_count: 0,
        previous_conversation_id: previous,
        thread_control: if inbound.standby { "external".to_owned() } else { "ours".to_owned() },
        floor_holder: "nobody".to_owned(),
        floor_holder_id: None,
        floor_token: 1,
        floor_since: None,
        window_opens_at: None,
        window_closes_at: None,
        window_evidence_id: None,
        created_at: now,
        updated_at: now,
    })
}

/// Stores a drafted thread and gives it its number.
pub(crate) async fn insert(tx: &mut TenantTx, row: &mut ConversationRow) -> Result<(), Error> {
    // Items of one address run one after the other, so an active thread can only have come from elsewhere (a person who
    // started one a moment ago): the item is taken again and finds it.
    row.number = store::insert_conversation(tx, row).await?.ok_or_else(|| {
        Error::new(ErrorKind::Unavailable, "THREAD_BUSY", "This thread was created by others a moment ago; try again.")
    })?;
    Ok(())
}

/// Name and address as contacts told them just now. A phone that is known is not given up for an id.
pub(crate) fn take_over_contact(row: &mut ConversationRow, who: &Recognized) {
    row.contact_name.clone_from(&who.name);
    let has_phone = row.contact_address.as_deref().is_some_and(|address| address.starts_with('+'));
    if !has_phone || who.address.starts_with('+') {
        row.contact_address = Some(who.address.clone());
    }
}

/// What contacts just learned changes the copies kept here: a new name in all threads, and addresses that turned out to
/// be one, whose threads follow. Where both have an active thread, the one of the vanished
/// address is closed as a duplicate.
pub(crate) async fn follow_contact(ctx: &Ctx, tx: &mut TenantTx, who: &Recognized) -> Result<(), Error> {
    if who.renamed {
        store::rename_contact(tx, who.contact_id, who.name.as_deref()).await?;
    }
    if who.merged_addresses.is_empty() {
        return Ok(());
    }
    let from: Vec<Uuid> = who.merged_addresses.iter().map(|id| id.0).collect();
    store::move_to_address(tx, &from, who.address_id).await?;
    for mut row in store::stuck_on_addresses(tx, &from).await? {
        let ran = steps(row.status, Trigger::SystemCloses).unwrap_or_default();
        row.run(&ran, Some("duplicate"), ctx.now());
        row.touch(ctx.now());
        store::save(tx, &Save { conversations: vec![&row], ..Save::default() }).await?;
        announce(ctx, tx, &row, &Actor::SYSTEM, &ran);
    }
    store::move_to_address(tx, &from, who.address_id).await?;
    Ok(())
}
