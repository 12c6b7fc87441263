//! Sends under way and their attempts.

use chrono::{DateTime, Utc};
use kernel::ids::{AddressId, AttemptId, ChannelAccountId, ConversationId, MessageId};
use serde_json::Value;
use serde_json::value::RawValue;
use sqlx::types::Json;
use store::{DbError, TenantTx};

/// A send with what is needed of its conversation.
#[derive(Clone, Debug)]
pub(crate) struct SendState {
    pub message_id: MessageId,
    pub conversation_id: ConversationId,
    pub channel_account_id: ChannelAccountId,
    pub address_id: AddressId,
    pub purpose: String,
    /// `waiting`, `calling`, `unclear` or `done`.
    pub state: String,
    pub tries: i32,
    pub unclear_since: Option<DateTime<Utc>>,
    pub blocked: bool,
}

/// Locks the send of a message.
pub(crate) async fn lock_send(tx: &mut TenantTx, message: MessageId) -> Result<Option<SendState>, DbError> {
    let organization_id = *tx.organization_id();
    Ok(sqlx::query_as!(
        SendState,
        r#"select s.message_id as "message_id: MessageId", c.id as "conversation_id: ConversationId",
             c.channel_account_id as "channel_account_id!: ChannelAccountId", c.address_id as "address_id!: AddressId", s.purpose,
             s.state, s.tries, s.unclear_since,
             (c.status = 'closed' and c.status_reason is not distinct from 'blocked') as "blocked!"
           from outbound_sends s
           join messages m on m.id = s.message_id and m.organization_id = $1
           join conversations c on c.id = m.conversation_id and c.organization_id = $1
           where s.message_id = $2 and s.organization_id = $1
           for no key update of s"#,
        organization_id,
        *message
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// A send with what of its message leaves the house.
pub(crate) struct OutgoingRow {
    pub send: SendState,
    pub segments: Json<Box<RawValue>>,
    /// The provider's id of the message that this one answers.
    pub quoted: Option<String>,
    pub simulated: bool,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
}

/// Locks the send of a message, and reads what is to be sent.
pub(crate) async fn lock_outgoing(tx: &mut TenantTx, message: MessageId) -> Result<Option<OutgoingRow>, DbError> {
    let organization_id = *tx.organization_id();
    let row = sqlx::query!(
        r#"select c.id as "conversation_id: ConversationId", c.channel_account_id as "channel_account_id!: ChannelAccountId",
             c.address_id as "address_id!: AddressId", s.purpose, s.state, s.tries, s.unclear_since,
             (c.status = 'closed' and c.status_reason is not distinct from 'blocked') as "blocked!",
             m.segments as "segments: Json<Box<RawValue>>", m.simulated, m.created_at, m.expires_at,
             case when m.reply_to_id is null then m.reply_to_external_id else
               (select e.external_id from message_external_ids e where e.message_id = m.reply_to_id and e.organization_id = $1
                order by e.attempt desc, e.part limit 1) end as quoted
           from outbound_sends s
           join messages m on m.id = s.message_id and m.organization_id = $1
           join conversations c on c.id = m.conversation_id and c.organization_id = $1
           where s.message_id = $2 and s.organization_id = $1
           for no key update of s"#,
        organization_id,
        *message
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| OutgoingRow {
        send: SendState {
            message_id: message,
            conversation_id: row.conversation_id,
            channel_account_id: row.channel_account_id,
            address_id: row.address_id,
            purpose: row.purpose,
            state: row.state,
            tries: row.tries,
            unclear_since: row.unclear_since,
            blocked: row.blocked,
        },
        segments: row.segments,
        quoted: row.quoted,
        simulated: row.simulated,
        created_at: row.created_at,
        expires_at: row.expires_at,
    }))
}

pub(crate) async fn save_send(
    tx: &mut TenantTx,
    message: MessageId,
    state: &str,
    tries: i32,
    unclear_since: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    sqlx::query!(
        "update outbound_sends set state = $3, tries = $4, unclear_since = $5, finished_at = case when $3 = 'done' then $6::timestamptz end
         where message_id = $2 and organization_id = $1",
        organization_id,
        *message,
        state,
        tries,
        unclear_since,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Puts a finished send back in the queue, for a retry that somebody asked for.
pub(crate) async fn reset_send(tx: &mut TenantTx, message: MessageId, floor_token: i64) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    sqlx::query!(
        "update outbound_sends set state = 'waiting', tries = 0, unclear_since = null, finished_at = null, floor_token = $3
         where message_id = $2 and organization_id = $1",
        organization_id,
        *message,
        floor_token
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// One try to hand a message over.
#[derive(Clone, Debug)]
pub(crate) struct AttemptRow {
    pub id: AttemptId,
    pub message_id: MessageId,
    pub number: i32,
    pub started_at: DateTime<Utc>,
    pub lease_until: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    pub outcome: Option<String>,
    pub external_id: Option<String>,
    pub address_used: Option<String>,
    pub error: Option<Value>,
}

pub(crate) async fn attempt(tx: &mut TenantTx, id: AttemptId) -> Result<Option<AttemptRow>, DbError> {
    let organization_id = *tx.organization_id();
    Ok(sqlx::query_as!(
        AttemptRow,
        r#"select id as "id: AttemptId", message_id as "message_id: MessageId", number, started_at, lease_until, finished_at, outcome,
             external_id, address_used, error
           from send_attempts where id = $2 and organization_id = $1"#,
        organization_id,
        *id
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// The attempts of a message, first to last.
pub(crate) async fn attempts_of(tx: &mut TenantTx, message: MessageId) -> Result<Vec<AttemptRow>, DbError> {
    let organization_id = *tx.organization_id();
    Ok(sqlx::query_as!(
        AttemptRow,
        r#"select id as "id: AttemptId", message_id as "message_id: MessageId", number, started_at, lease_until, finished_at, outcome,
             external_id, address_used, error
           from send_attempts where message_id = $2 and organization_id = $1 order by number"#,
        organization_id,
        *message
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Starts the next attempt of a locked send; the database allows one running at a time. Answers its number.
pub(crate) async fn begin_attempt(
    tx: &mut TenantTx,
    id: AttemptId,
    message: MessageId,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
) -> Result<i32, DbError> {
    let organization_id = *tx.organization_id();
    Ok(sqlx::query_scalar!(
        "with send as (
           update outbound_sends set state = 'calling', unclear_since = null, finished_at = null
           where message_id = $3 and organization_id = $1)
         insert into send_attempts (id, organization_id, message_id, number, started_at, lease_until)
         select $2, $1, $3, coalesce(max(number), 0) + 1, $4, $5 from send_attempts where message_id = $3 and organization_id = $1
         returning number",
        organization_id,
        *id,
        *message,
        now,
        lease_until
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Writes an attempt that began and ended in simulation, and ends its locked send. Answers its number.
pub(crate) async fn simulate_attempt(
    tx: &mut TenantTx,
    id: AttemptId,
    message: MessageId,
    now: DateTime<Utc>,
) -> Result<i32, DbError> {
    let organization_id = *tx.organization_id();
    Ok(sqlx::query_scalar!(
        "with send as (
           update outbound_sends set state = 'done', unclear_since = null, finished_at = $4
           where message_id = $3 and organization_id = $1)
         insert into send_attempts (id, organization_id, message_id, number, started_at, lease_until, finished_at, outcome)
         select $2, $1, $3, coalesce(max(number), 0) + 1, $4, $4, $4, 'simulated'
         from send_attempts where message_id = $3 and organization_id = $1
         returning number",
        organization_id,
        *id,
        *message,
        now
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Ends an attempt and its send as accepted, and keeps the provider's id of the message.
pub(crate) async fn accept_attempt(
    tx: &mut TenantTx,
    attempt: &AttemptRow,
    account: ChannelAccountId,
    external_id: &str,
    address_used: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    sqlx::query!(
        "with attempt as (
           update send_attempts set outcome = 'accepted', external_id = $5, address_used = coalesce($6, address_used), error = null,
             finished_at = coalesce(finished_at, $7)
           where id = $2 and organization_id = $1),
         send as (
           update outbound_sends set state = 'done', unclear_since = null, finished_at = $7
           where message_id = $3 and organization_id = $1)
         insert into message_external_ids (organization_id, channel_account_id, direction, external_id, message_id, attempt)
         values ($1, $4, 'outbound', $5, $3, $8) on conflict do nothing",
        organization_id,
        *attempt.id,
        *attempt.message_id,
        *account,
        external_id,
        address_used,
        now,
        attempt.number
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn finish_attempt(
    tx: &mut TenantTx,
    id: AttemptId,
    outcome: &str,
    external_id: Option<&str>,
    address_used: Option<&str>,
    error: Option<Value>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    sqlx::query!(
        "update send_attempts set outcome = $3, external_id = coalesce($4, external_id), address_used = coalesce($5, address_used),
           error = $6, finished_at = coalesce(finished_at, $7)
         where id = $2 and organization_id = $1",
        organization_id,
        *id,
        outcome,
        external_id,
        address_used,
        error,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
