//! What happens to a message after it was stored: edits, revocations, reactions. On a message that is not known yet they
//! are parked; they never open or move a thread (a reaction moves the provider's window).

use crate::content::Segment;
use crate::conversation::ConversationRow;
use crate::inbound::{Applied, InboundAccount, InboundEdit, InboundReaction, InboundRevoke};
use crate::message::{self, MessageRow, StoredReaction};
use crate::parked::{self, ParkedEdit, ParkedReaction, ParkedRevoke};
use crate::store::{self, Save};
use crate::{attachments, events};
use ::store::TenantTx;
use kernel::ids::{ConversationId, MessageId};
use kernel::{Actor, Ctx, Error, Permission, Resource};
use serde_json::json;

/// Gives a message its new form; every form is kept.
///
/// # Errors
/// When the database fails.
pub async fn apply_edit(ctx: &Ctx, tx: &mut TenantTx, edit: InboundEdit) -> Result<Applied, Error> {
    allow(ctx)?;
    let found = target(tx, &edit.account, edit.by_business, &edit.target_external_id).await?;
    let told = ParkedEdit { external_id: edit.external_id, kind: edit.kind, segments: edit.segments, at: edit.at };
    let Some((message_id, conversation_id)) = found else {
        let parked = parked::Update::Edit(told);
        return parked::keep(
            ctx,
            tx,
            &edit.account,
            edit.by_business,
            &edit.target_external_id,
            &parked,
            edit.received_at,
        )
        .await;
    };
    let Some(row) = store::lock_conversation(tx, conversation_id).await? else { return Ok(Applied::Known) };
    edit_message(ctx, tx, &row, message_id, told).await
}

/// Hides a message that was taken back; its place stays.
///
/// # Errors
/// When the database fails.
pub async fn apply_revoke(ctx: &Ctx, tx: &mut TenantTx, revoke: InboundRevoke) -> Result<Applied, Error> {
    allow(ctx)?;
    let told = ParkedRevoke { by_business: revoke.by_business, at: revoke.at };
    let Some((message_id, conversation_id)) =
        target(tx, &revoke.account, revoke.by_business, &revoke.target_external_id).await?
    else {
        let parked = parked::Update::Revoke(told);
        return parked::keep(
            ctx,
            tx,
            &revoke.account,
            revoke.by_business,
            &revoke.target_external_id,
            &parked,
            revoke.received_at,
        )
        .await;
    };
    let Some(row) = store::lock_conversation(tx, conversation_id).await? else { return Ok(Applied::Known) };
    revoke_message(ctx, tx, &row, message_id, &told).await
}

/// Sets or takes back a reaction: one a reactor, the latest wins.
///
/// # Errors
/// When the database fails.
pub async fn apply_reaction(ctx: &Ctx, tx: &mut TenantTx, reaction: InboundReaction) -> Result<Applied, Error> {
    allow(ctx)?;
    let mut reactor = None;
    if !reaction.by_business {
        let who = contacts::recognize(ctx, tx, &reaction.contact).await?;
        crate::threading::follow_contact(ctx, tx, &who).await?;
        reactor = Some(who.contact_id.0);
        if let Some(mut row) = store::latest_of_address(tx, reaction.account.id, who.address_id).await?
            && row.open_window(Some(reaction.at), reaction.received_at, None)
        {
            row.touch(ctx.now());
            store::save(tx, &Save { conversations: vec![&row], ..Save::default() }).await?;
            let data = json!({"changed": ["window"]});
            events::conversation(ctx, tx, &row, "conversation.updated", &Actor::contact(*who.contact_id), data);
        }
    }
    let told = ParkedReaction { by_business: reaction.by_business, reactor, emoji: reaction.emoji, at: reaction.at };
    let Some((message_id, conversation_id)) =
        store::by_external_id(tx, reaction.account.id, None, &reaction.target_external_id)
            .await?
            .map(|(message, conversation, _)| (message, conversation))
    else {
        let parked = parked::Update::Reaction(told);
        return parked::keep(
            ctx,
            tx,
            &reaction.account,
            reaction.by_business,
            &reaction.target_external_id,
            &parked,
            reaction.received_at,
        )
        .await;
    };
    let Some(row) = store::lock_conversation(tx, conversation_id).await? else { return Ok(Applied::Known) };
    react(ctx, tx, &row, message_id, &told).await
}

fn allow(ctx: &Ctx) -> Result<(), Error> {
    ctx.require(Permission::MESSAGING_MANAGE, &Resource::organization(ctx.organization_id()))
}

/// The message that an edit or revocation is about: of the side that wrote it.
async fn target(
    tx: &mut TenantTx,
    account: &InboundAccount,
    by_business: bool,
    external_id: &str,
) -> Result<Option<(MessageId, ConversationId)>, Error> {
    let direction = if by_business { "outbound" } else { "inbound" };
    let found = store::by_external_id(tx, account.id, Some(direction), external_id).await?;
    Ok(found.map(|(message, conversation, _)| (message, conversation)))
}

pub(crate) async fn edit_message(
    ctx: &Ctx,
    tx: &mut TenantTx,
    row: &ConversationRow,
    id: MessageId,
    mut edit: ParkedEdit,
) -> Result<Applied, Error> {
    let Some(mut message) = store::lock_message(tx, id).await? else { return Ok(Applied::Known) };
    if store::has_version(tx, id, &edit.external_id).await? {
        return Ok(Applied::Known);
    }
    if message.edited_at.is_none() {
        store::insert_version(tx, id, &message.segments.0, None, message.created_at).await?;
    }
    let new_files = keep_files(ctx, &message, &mut edit.segments, &row.channel_kind)?;
    let segments = message::to_json(&edit.segments)?;
    store::insert_version(tx, id, &segments, Some(&edit.external_id), edit.at).await?;
    attachments::store(ctx, tx, new_files).await?;
    if message.edited_at.is_some_and(|shown| shown > edit.at) {
        // An older form that came late: kept among the versions, not shown.
        return Ok(Applied::Known);
    }
    message.segments.0 = segments;
    message.edited_at = Some(edit.at);
    store::save_content(tx, &message, Some(edit.kind)).await?;
    announce(ctx, tx, row, id, "message.updated").await?;
    Ok(Applied::Changed)
}

/// A new caption comes with the old file: the attachment stays where the place is the same.
fn keep_files(
    ctx: &Ctx,
    message: &MessageRow,
    segments: &mut [Segment],
    channel_kind: &str,
) -> Result<Vec<store::NewAttachment>, Error> {
    let old = message.parsed_segments()?;
    let mut kept = Vec::new();
    for (place, segment) in segments.iter_mut().enumerate() {
        let before = old.get(place).and_then(Segment::media).and_then(|media| media.attachment_id);
        if let (Some(media), Some(before)) = (segment.media_mut(), before) {
            *media = std::mem::take(media).stored_as(before);
            kept.push(place);
        }
    }
    let mut files = Vec::new();
    for (place, segment) in segments.iter_mut().enumerate() {
        if !kept.contains(&place) {
            files.extend(attachments::bind(ctx, message.id, std::slice::from_mut(segment), channel_kind));
        }
    }
    Ok(files)
}

pub(crate) async fn revoke_message(
    ctx: &Ctx,
    tx: &mut TenantTx,
    row: &ConversationRow,
    id: MessageId,
    revoke: &ParkedRevoke,
) -> Result<Applied, Error> {
    let Some(mut message) = store::lock_message(tx, id).await?.filter(|message| message.deleted_at.is_none()) else {
        return Ok(Applied::Known);
    };
    message.deleted_at = Some(revoke.at);
    if let Some(metadata) = message.metadata.as_object_mut() {
        let by = if revoke.by_business { "phone" } else { "contact" };
        metadata.insert("deleted_by".to_owned(), by.into());
    }
    store::save_content(tx, &message, None).await?;
    announce(ctx, tx, row, id, "message.deleted").await?;
    Ok(Applied::Changed)
}

pub(crate) async fn react(
    ctx: &Ctx,
    tx: &mut TenantTx,
    row: &ConversationRow,
    id: MessageId,
    told: &ParkedReaction,
) -> Result<Applied, Error> {
    let Some(mut message) = store::lock_message(tx, id).await? else { return Ok(Applied::Known) };
    let new = StoredReaction {
        kind: if told.by_business { "user" } else { "contact" }.to_owned(),
        id: told.reactor,
        emoji: told.emoji.clone().unwrap_or_default(),
        at: told.at,
    };
    if !set_reaction(&mut message.reactions.0, new) {
        return Ok(Applied::Known);
    }
    store::save_reactions(tx, id, &message.reactions).await?;
    let shown: Vec<&StoredReaction> = message.reactions.iter().filter(|reaction| !reaction.emoji.is_empty()).collect();
    let data = json!({"message_id": id, "seq": message.seq, "reactions": shown});
    let actor = told.reactor.map_or(Actor::SYSTEM, Actor::contact);
    events::message(ctx, tx, row, "message.reaction_changed", &actor, data);
    Ok(Applied::Changed)
}

/// The latest of each reactor wins, in whatever order they come; true if that changed anything.
fn set_reaction(reactions: &mut Vec<StoredReaction>, new: StoredReaction) -> bool {
    match reactions.iter_mut().find(|known| known.kind == new.kind && known.id == new.id) {
        Some(known) if (known.at, &known.emoji) < (new.at, &new.emoji) => {
            *known = new;
            true
        }
        Some(_) => false,
        None => {
            reactions.push(new);
            true
        }
    }
}

async fn announce(
    ctx: &Ctx,
    tx: &mut TenantTx,
    row: &ConversationRow,
    id: MessageId,
    kind: &'static str,
) -> Result<(), Error> {
    let Some(message) = store::lock_message(tx, id).await? else { return Ok(()) };
    let files = store::attachments_of(tx, &[id.0]).await?;
    let actor = if message.is_public() {
        Actor::SYSTEM
    } else {
        row.contact_id.map_or(Actor::SYSTEM, |id| Actor::contact(*id))
    };
    events::message(ctx, tx, row, kind, &actor, json!({ "message": message.show(files) }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn reaction(second: i64, emoji: &str) -> StoredReaction {
        let at = DateTime::from_timestamp(second, 0).unwrap();
        StoredReaction { kind: "contact".to_owned(), id: None, emoji: emoji.to_owned(), at }
    }

    #[test]
    fn the_latest_reaction_wins_in_any_order() {
        let all = [reaction(1, "👍"), reaction(2, ""), reaction(3, "❤")];
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [1, 0, 2], [2, 0, 1], [0, 2, 1]] {
            let mut reactions = Vec::new();
            for place in order {
                set_reaction(&mut reactions, all[place].clone());
                set_reaction(&mut reactions, all[place].clone());
            }
            assert_eq!(reactions, [all[2].clone()]);
        }
    }
}
