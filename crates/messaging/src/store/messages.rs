//! Messages one by one: looking up, locking, and what changes about them after they were stored.

use crate::content::MessageKind;
use crate::delivery::Delivery;
use crate::message::{MessageRow, StoredReaction};
use chrono::{DateTime, Utc};
use kernel::ids::{ChannelAccountId, ConversationId, MessageId};
use serde_json::value::RawValue;
use sqlx::types::Json;
use store::{DbError, TenantTx};
use uuid::Uuid;

/// Locks a message.
pub(crate) async fn lock_message(tx: &mut TenantTx, id: MessageId) -> Result<Option<MessageRow>, DbError> {
    let organization_id = *tx.organization_id();
    Ok(message_query!("where m.id = $2 and m.organization_id = $1 for no key update", organization_id, *id)
        .fetch_optional(tx.conn())
        .await?)
}

/// Messages stored before with these client ids, in these conversations, by these senders (same place in each list).
pub(crate) async fn by_client_ids(
    tx: &mut TenantTx,
    conversations: &[Uuid],
    senders: &[Uuid],
    client_ids: &[String],
) -> Result<Vec<MessageRow>, DbError> {
    let organization_id = *tx.organization_id();
    Ok(message_query!(
        "join unnest($2::uuid[], $3::uuid[], $4::text[]) k (conversation_id, sender_id, client_id)
           on m.conversation_id = k.conversation_id and m.sender_id = k.sender_id and m.client_id = k.client_id
         where m.organization_id = $1 and m.client_id is not null",
        organization_id,
        conversations,
        senders,
        client_ids
    )
    .fetch_all(tx.conn())
    .await?)
}

/// What makes a reply to `seq` stale: later inbound, and later public messages of others. At most 20, oldest first.
pub(crate) async fn newer_than(
    tx: &mut TenantTx,
    conversation: ConversationId,
    seq: i64,
    sender: Option<Uuid>,
) -> Result<Vec<MessageRow>, DbError> {
    let organization_id = *tx.organization_id();
    Ok(message_query!(
        "where m.organization_id = $1 and m.conversation_id = $2 and m.seq > $3
           and (m.direction = 'inbound' or (m.direction = 'outbound' and m.sender_id is distinct from $4))
         order by m.seq limit 20",
        organization_id,
        *conversation,
        seq,
        sender
    )
    .fetch_all(tx.conn())
    .await?)
}

/// A message by a provider's id of it; with the attempt that the id belongs to.
pub(crate) async fn by_external_id(
    tx: &mut TenantTx,
    account: ChannelAccountId,
    direction: Option<&str>,
    external_id: &str,
) -> Result<Option<(MessageId, ConversationId, i32)>, DbError> {
    let organization_id = *tx.organization_id();
    let row = sqlx::query!(
        r#"select m.id as "id: MessageId", m.conversation_id as "conversation_id: ConversationId", e.attempt
           from message_external_ids e join messages m on m.id = e.message_id and m.organization_id = $1
           where e.external_id = $2 and e.channel_account_id = $3 and e.organization_id = $1
             and ($4::text is null or e.direction = $4) order by e.direction limit 1"#,
        organization_id,
        external_id,
        *account,
        direction
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| (row.id, row.conversation_id, row.attempt)))
}

/// What must be known before an inbound message is stored.
pub(crate) struct Inbound {
    /// It is stored already.
    pub duplicate: bool,
    /// Something waits for it.
    pub parked: bool,
    /// The quoted message, if it lies in this conversation.
    pub quoted: Option<MessageId>,
}

pub(crate) async fn inbound_facts(
    tx: &mut TenantTx,
    account: ChannelAccountId,
    conversation: Option<ConversationId>,
    direction: &str,
    external_id: &str,
    quoted: Option<&str>,
) -> Result<Inbound, DbError> {
    let organization_id = *tx.organization_id();
    let row = sqlx::query!(
        r#"select
             exists (select from message_external_ids e where e.external_id = $3 and e.channel_account_id = $2 and e.direction = $4
               and e.organization_id = $1) as "duplicate!",
             exists (select from parked_updates p where p.organization_id = $1 and p.channel_account_id = $2
               and p.external_id = $3) as "parked!",
             (select m.id from message_external_ids q join messages m on m.id = q.message_id and m.organization_id = $1
              where q.external_id = $5 and q.channel_account_id = $2 and q.organization_id = $1 and m.conversation_id = $6
              limit 1) as "quoted: MessageId""#,
        organization_id,
        *account,
        external_id,
        direction,
        quoted,
        conversation.map(|id| id.0)
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(Inbound { duplicate: row.duplicate, parked: row.parked, quoted: row.quoted })
}

/// Keeps a provider's id of a message; false if it was known.
pub(crate) async fn record_external_id(
    tx: &mut TenantTx,
    account: ChannelAccountId,
    direction: &str,
    external_id: &str,
    message: MessageId,
    attempt: i32,
) -> Result<bool, DbError> {
    let organization_id = *tx.organization_id();
    let done = sqlx::query!(
        "insert into message_external_ids (organization_id, channel_account_id, direction, external_id, message_id, attempt)
         values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
        organization_id,
        *account,
        direction,
        external_id,
        *message,
        attempt
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Until the end of the transaction nobody else parks for, or records, this id: what is parked is never missed.
pub(crate) async fn lock_external_id(
    tx: &mut TenantTx,
    account: ChannelAccountId,
    external_id: &str,
) -> Result<(), DbError> {
    let key = format!("{}:{}:{external_id}", tx.organization_id(), account);
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1, 30)) as done", key).fetch_one(tx.conn()).await?;
    Ok(())
}

/// Writes what is known of an outbound message's way.
pub(crate) async fn save_delivery(tx: &mut TenantTx, row: &MessageRow) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    sqlx::query!(
        "update messages set status = $3, delivery = $4, deferred_until = $5, deferred_reason = $6, simulated = $7,
           answered_since = $8, was_first_response = $9, expires_at = $10
         where id = $2 and organization_id = $1",
        organization_id,
        *row.id,
        row.status,
        row.delivery.as_ref().map(|delivery| serde_json::to_value(&delivery.0).unwrap_or_default()),
        row.deferred_until,
        row.deferred_reason,
        row.simulated,
        row.answered_since,
        row.was_first_response,
        row.expires_at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn save_reactions(
    tx: &mut TenantTx,
    id: MessageId,
    reactions: &[StoredReaction],
) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    sqlx::query!(
        "update messages set reactions = $3 where id = $2 and organization_id = $1",
        organization_id,
        *id,
        serde_json::to_value(reactions).unwrap_or_default()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes changed content, its kind, and whether it was edited or taken back.
pub(crate) async fn save_content(
    tx: &mut TenantTx,
    row: &MessageRow,
    kind: Option<MessageKind>,
) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    sqlx::query!(
        "update messages set segments = $3, kind = coalesce($4, kind), edited_at = $5, deleted_at = $6, metadata = $7
         where id = $2 and organization_id = $1",
        organization_id,
        *row.id,
        Json(&*row.segments.0) as Json<&RawValue>,
        kind.map(MessageKind::as_str),
        row.edited_at,
        row.deleted_at,
        row.metadata
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The clocks that failed replies had stopped, if by now every person's reply since then has failed: the oldest
/// unanswered time, and whether the first response fell away.
pub(crate) async fn clocks_to_restore(
    tx: &mut TenantTx,
    conversation: ConversationId,
    failed: MessageId,
) -> Result<Option<(Option<DateTime<Utc>>, bool)>, DbError> {
    let organization_id = *tx.organization_id();
    let row = sqlx::query!(
        r#"with failed as (select seq from messages where id = $3 and organization_id = $1),
           since as (select max(m.seq) as seq from messages m, failed f
             where m.organization_id = $1 and m.conversation_id = $2 and m.seq <= f.seq and m.direction = 'outbound'
               and (m.answered_since is not null or m.was_first_response))
           select min(m.answered_since) as answered_since, coalesce(bool_or(m.was_first_response), false) as "first!",
             coalesce(bool_and(m.status = 'failed'), false) as "all_failed!"
           from messages m, since s
           where m.organization_id = $1 and m.conversation_id = $2 and m.seq >= s.seq and m.direction = 'outbound'
             and m.sender_kind in ('user', 'service_account')"#,
        organization_id,
        *conversation,
        *failed
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(row.all_failed.then_some((row.answered_since, row.first)))
}

/// Whether a message lies in this conversation and is one that can be quoted.
pub(crate) async fn lies_in(tx: &mut TenantTx, conversation: ConversationId, id: MessageId) -> Result<bool, DbError> {
    let organization_id = *tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select exists (select from messages where id = $3 and organization_id = $1 and conversation_id = $2) as "there!""#,
        organization_id,
        *conversation,
        *id
    )
    .fetch_one(tx.conn())
    .await?)
}
