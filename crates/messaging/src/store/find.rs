//! Reads of one thing: one statement each, because a read is what clients do most.

use crate::conversation::{ConversationRow, ConversationStatus};
use crate::delivery::Delivery;
use crate::message::{MessageRow, StoredReaction};
use crate::store::{Take, Whole};
use kernel::ids::{AddressId, ChannelAccountId, ContactId, ConversationId, IdentityId, MessageId, UnitId, UserId};
use serde_json::value::RawValue;
use sqlx::types::Json;
use store::{DbError, Reads, TenantTx};

pub(crate) async fn conversation(tx: &mut TenantTx, id: ConversationId) -> Result<Option<ConversationRow>, DbError> {
    let organization_id = *tx.organization_id();
    Ok(conversation_query!("where c.id = $2 and c.organization_id = $1", organization_id, *id)
        .fetch_optional(tx.conn())
        .await?)
}

/// One conversation, for showing it.
pub(crate) async fn read_conversation(
    reads: &mut impl Reads,
    id: ConversationId,
) -> Result<Option<ConversationRow>, DbError> {
    Ok(take_conversation(reads, Whole, id).await?.map(|row| *row))
}

/// The same, its row given to `take`.
pub(crate) async fn take_conversation<T: Take>(
    reads: &mut impl Reads,
    take: T,
    id: ConversationId,
) -> Result<Option<T::Row>, DbError> {
    let organization_id = *reads.organization_id();
    let rows = take.all(reads, conversation_read!("c.id = $2 offset 0", organization_id, *id)).await?;
    Ok(rows.into_iter().next())
}

/// One message, for showing it.
pub(crate) async fn read_message(reads: &mut impl Reads, id: MessageId) -> Result<Option<MessageRow>, DbError> {
    let organization_id = *reads.organization_id();
    reads.optional(message_read!("m.id = $2 offset 0", organization_id, *id)).await
}

/// The conversation that a message lies in.
pub(crate) async fn conversation_of_message(
    tx: &mut TenantTx,
    id: MessageId,
) -> Result<Option<ConversationRow>, DbError> {
    let organization_id = *tx.organization_id();
    Ok(conversation_query!(
        "join messages m on m.conversation_id = c.id and m.organization_id = $1 where m.id = $2 and c.organization_id = $1",
        organization_id,
        *id
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// A message and the conversation that decides who may see it.
pub(crate) async fn message_with_conversation(
    tx: &mut TenantTx,
    id: MessageId,
) -> Result<Option<(MessageRow, ConversationRow)>, DbError> {
    let organization_id = *tx.organization_id();
    let message = message_query!("where m.id = $2 and m.organization_id = $1", organization_id, *id)
        .fetch_optional(tx.conn())
        .await?;
    let Some(message) = message else { return Ok(None) };
    let conversation = conversation(tx, message.conversation_id).await?;
    Ok(conversation.map(|conversation| (message, conversation)))
}
