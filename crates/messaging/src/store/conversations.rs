//! Conversations under their lock.

use crate::conversation::{ConversationRow, ConversationStatus};
use chrono::{DateTime, Utc};
use kernel::ids::{AddressId, ChannelAccountId, ContactId, ConversationId, IdentityId, MessageId, UnitId, UserId};
use store::{DbError, TenantTx};
use uuid::Uuid;

/// Locks a conversation for a change; who only reads or refers to it does not wait.
pub(crate) async fn lock_conversation(
    tx: &mut TenantTx,
    id: ConversationId,
) -> Result<Option<ConversationRow>, DbError> {
    let organization_id = *tx.organization_id();
    Ok(conversation_query!("where c.id = $2 and c.organization_id = $1 for no key update", organization_id, *id)
        .fetch_optional(tx.conn())
        .await?)
}

/// Locks several, always in the order of their ids, so that two batches never wait for each other in a circle.
pub(crate) async fn lock_conversations(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<ConversationRow>, DbError> {
    let organization_id = *tx.organization_id();
    Ok(conversation_query!(
        "where c.id = any($2::uuid[]) and c.organization_id = $1 order by c.id for no key update",
        organization_id,
        ids
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Locks the active thread of an address on an account, else its newest closed one.
pub(crate) async fn latest_of_address(
    tx: &mut TenantTx,
    account: ChannelAccountId,
    address: AddressId,
) -> Result<Option<ConversationRow>, DbError> {
    let organization_id = *tx.organization_id();
    Ok(conversation_query!(
        "where c.organization_id = $1 and c.channel_account_id = $2 and c.address_id = $3
         order by (c.status <> 'closed') desc, c.id desc limit 1 for no key update",
        organization_id,
        *account,
        *address
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Locks the threads of a contact that are not closed.
pub(crate) async fn active_of_contact(tx: &mut TenantTx, contact: ContactId) -> Result<Vec<ConversationRow>, DbError> {
    let organization_id = *tx.organization_id();
    Ok(conversation_query!(
        "where c.organization_id = $1 and c.contact_id = $2 and c.status <> 'closed' order by c.id for no key update",
        organization_id,
        *contact
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Locks the active threads that still stand on addresses that are no more.
pub(crate) async fn stuck_on_addresses(tx: &mut TenantTx, addresses: &[Uuid]) -> Result<Vec<ConversationRow>, DbError> {
    let organization_id = *tx.organization_id();
    Ok(conversation_query!(
        "where c.organization_id = $1 and c.address_id = any($2::uuid[]) and c.status <> 'closed' order by c.id for no key update",
        organization_id,
        addresses
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Threads of addresses that became one follow, except an active one where the new address has an active one already.
pub(crate) async fn move_to_address(tx: &mut TenantTx, from: &[Uuid], to: AddressId) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    sqlx::query!(
        "update conversations c set address_id = $3 where c.organization_id = $1 and c.address_id = any($2::uuid[])
         and (c.status = 'closed' or not exists (select from conversations o where o.organization_id = $1
           and o.channel_account_id = c.channel_account_id and o.address_id = $3 and o.status <> 'closed'))",
        organization_id,
        from,
        *to
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Stores a new conversation, with the organization's next number; `None` if its address has an active thread already.
pub(crate) async fn insert_conversation(tx: &mut TenantTx, row: &ConversationRow) -> Result<Option<i64>, DbError> {
    let organization_id = *tx.organization_id();
    Ok(sqlx::query_scalar!(
        "with n as (
           insert into conversation_numbers (organization_id, last_number) values ($1, 1)
           on conflict (organization_id) do update set last_number = conversation_numbers.last_number + 1
           returning last_number)
         insert into conversations (id, organization_id, number, audience, channel_account_id, channel_kind, contact_id, identity_id,
           address_id, contact_name, contact_address, status, status_reason, unit_id, origin, handled_by, last_seq, waiting_since,
           last_inbound_at, last_outbound_at, last_activity_at, closed_at, previous_conversation_id, thread_control, floor_holder,
           floor_since, window_opens_at, window_closes_at, window_evidence_id, created_at, updated_at)
         select $2, $1, n.last_number, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
           $24, $25, $26, $27, $28, $29, $29 from n
         on conflict do nothing
         returning number",
        organization_id,
        *row.id,
        row.audience,
        row.channel_account_id.map(|id| id.0),
        row.channel_kind,
        row.contact_id.map(|id| id.0),
        row.identity_id.map(|id| id.0),
        row.address_id.map(|id| id.0),
        row.contact_name,
        row.contact_address,
        row.status.as_str(),
        row.status_reason,
        row.unit_id.map(|id| id.0),
        row.origin,
        row.handled_by,
        row.last_seq,
        row.waiting_since,
        row.last_inbound_at,
        row.last_outbound_at,
        row.last_activity_at,
        row.closed_at,
        row.previous_conversation_id.map(|id| id.0),
        row.thread_control,
        row.floor_holder,
        row.floor_since,
        row.window_opens_at,
        row.window_closes_at,
        row.window_evidence_id.map(|id| id.0),
        row.created_at
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// What people edit side by side.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewDetails {
    pub priority: String,
    pub subject: Option<String>,
    pub summary: Option<String>,
    pub language: Option<String>,
}

pub(crate) async fn set_details(
    tx: &mut TenantTx,
    id: ConversationId,
    details: &NewDetails,
    version: i64,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    sqlx::query!(
        "update conversations set priority = $3, subject = $4, summary = $5, language = $6, version = $7, updated_at = $8
         where id = $2 and organization_id = $1",
        organization_id,
        *id,
        details.priority,
        details.subject,
        details.summary,
        details.language,
        version,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What the owner of channel accounts offers to messaging (view `channel_facts`).
#[derive(Clone, Debug)]
pub(crate) struct AccountFacts {
    pub id: ChannelAccountId,
    pub status: String,
    pub simulation: bool,
    pub after_reply: String,
    pub assign_on_reply: bool,
}

pub(crate) async fn account_facts(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<AccountFacts>, DbError> {
    let organization_id = *tx.organization_id();
    Ok(sqlx::query_as!(
        AccountFacts,
        r#"select channel_account_id as "id!: ChannelAccountId", status as "status!", simulation as "simulation!",
             after_reply as "after_reply!", assign_on_reply as "assign_on_reply!"
           from channel_facts where organization_id = $1 and channel_account_id = any($2::uuid[])"#,
        organization_id,
        ids
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Whether the organization has this unit (view of service levels).
pub(crate) async fn unit_exists(tx: &mut TenantTx, unit: UnitId) -> Result<bool, DbError> {
    let organization_id = *tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select exists (select from unit_trees where organization_id = $1 and root_id = $2) as "there!""#,
        organization_id,
        *unit
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Renews the copies of a contact's name in all its threads.
pub(crate) async fn rename_contact(tx: &mut TenantTx, contact: ContactId, name: Option<&str>) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    sqlx::query!(
        "update conversations set contact_name = $3 where organization_id = $1 and contact_id = $2 and contact_name is distinct from $3",
        organization_id,
        *contact,
        name
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
