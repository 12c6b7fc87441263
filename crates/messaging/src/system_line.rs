//! Lines that the system writes into a thread, and the change of identity that is one of them.

use crate::content::{MessageKind, Segment};
use crate::conversation::ConversationRow;
use crate::events;
use crate::inbound::InboundAccount;
use crate::message::{self, MessageRow};
use crate::store::{self, Save};
use ::store::TenantTx;
use contacts::{IdentityMove, Sender};
use kernel::ids::{ConversationId, MessageId};
use kernel::{Actor, Ctx, Error, Permission, Resource};
use serde_json::{Value, json};

/// Writes a line: `key` says what happened, so that consoles can word it; `text` is what others show. Private, always.
///
/// # Errors
/// 404 for an unknown conversation.
pub async fn add_system_line(
    ctx: &Ctx,
    tx: &mut TenantTx,
    conversation_id: ConversationId,
    key: &'static str,
    text: &str,
    data: Value,
) -> Result<MessageId, Error> {
    ctx.require(Permission::MESSAGING_MANAGE, &Resource::organization(ctx.organization_id()))?;
    let mut row = store::lock_conversation(tx, conversation_id).await?.ok_or_else(Error::not_found)?;
    write(ctx, tx, &mut row, key, text, data).await
}

/// Tells contacts that an address changed, and the thread of it with a line.
///
/// # Errors
/// When the database fails.
pub async fn apply_identity_change(
    ctx: &Ctx,
    tx: &mut TenantTx,
    account: &InboundAccount,
    previous: &Sender,
    current: &Sender,
) -> Result<IdentityMove, Error> {
    ctx.require(Permission::MESSAGING_MANAGE, &Resource::organization(ctx.organization_id()))?;
    let moved = contacts::change_identity(ctx, tx, previous, current).await?;
    let (address_id, key, text) = match &moved {
        IdentityMove::Moved { added: 0, retired: 0, .. } | IdentityMove::Unknown => return Ok(moved),
        IdentityMove::Moved { address_id, .. } => {
            (*address_id, "identity_changed", "O endereço do contato mudou; a conversa continua.")
        }
        IdentityMove::KeptApart { address_id, .. } => {
            (*address_id, "identity_kept_apart", "O novo endereço do contato já pertence a outro contato.")
        }
    };
    if let Some(mut row) = store::latest_of_address(tx, account.id, address_id).await? {
        if let Some(identity) = current.phone_raw.as_deref().and_then(|raw| contacts::phone::Phone::parse(raw, None))
            && matches!(moved, IdentityMove::Moved { .. })
        {
            row.contact_address = Some(identity.canonical().to_owned());
        }
        write(ctx, tx, &mut row, key, text, json!({})).await?;
    }
    Ok(moved)
}

async fn write(
    ctx: &Ctx,
    tx: &mut TenantTx,
    row: &mut ConversationRow,
    key: &'static str,
    text: &str,
    data: Value,
) -> Result<MessageId, Error> {
    let id: MessageId = ctx.new_id();
    let seq = row.take_seq();
    row.touch(ctx.now());
    let segments = message::to_json(&[Segment::Text { text: text.to_owned() }])?;
    let message = MessageRow {
        audience: row.audience.clone(),
        kind: MessageKind::System.as_str().to_owned(),
        metadata: json!({"system": {"key": key, "data": data}}),
        ..MessageRow::new(id, row.id, seq, segments, ctx.now())
    };
    store::save(tx, &Save { conversations: vec![&*row], messages: vec![&message], ..Save::default() }).await?;
    events::message_created(ctx, tx, row, &Actor::SYSTEM, &message.show(Vec::new()), false);
    Ok(id)
}
