//! `inbound_items`.

use crate::items::{InboundItem, ItemFilter, ItemState};
use ::store::{DbError, TenantTx};
use chrono::{DateTime, Utc};
use kernel::ids::{ChannelAccountId, InboundItemId, InboundRawId};
use std::collections::HashSet;
use uuid::Uuid;

/// An item about to be stored.
pub(crate) struct NewItem<'a> {
    pub id: InboundItemId,
    pub account: ChannelAccountId,
    pub raw_id: Uuid,
    pub position: i32,
    pub kind: &'static str,
    pub dedupe_key: &'a str,
    pub sender_key: String,
    pub event_sealed: Vec<u8>,
    pub received_at: DateTime<Utc>,
    pub state: ItemState,
}

/// Stores the items that are not there yet; answers which.
pub(crate) async fn insert(tx: &mut TenantTx, items: &[NewItem<'_>]) -> Result<HashSet<InboundItemId>, DbError> {
    let organization_id = *tx.organization_id();
    let ids: Vec<Uuid> = items.iter().map(|item| *item.id).collect();
    let accounts: Vec<Uuid> = items.iter().map(|item| *item.account).collect();
    let raw_ids: Vec<Uuid> = items.iter().map(|item| item.raw_id).collect();
    let positions: Vec<i32> = items.iter().map(|item| item.position).collect();
    let kinds: Vec<String> = items.iter().map(|item| item.kind.to_owned()).collect();
    let dedupe_keys: Vec<String> = items.iter().map(|item| item.dedupe_key.to_owned()).collect();
    let sender_keys: Vec<String> = items.iter().map(|item| item.sender_key.clone()).collect();
    let events: Vec<&[u8]> = items.iter().map(|item| item.event_sealed.as_slice()).collect();
    let times: Vec<DateTime<Utc>> = items.iter().map(|item| item.received_at).collect();
    let states: Vec<String> = items.iter().map(|item| item.state.as_str().to_owned()).collect();
    let new = sqlx::query_scalar!(
        r#"insert into inbound_items (organization_id, id, channel_account_id, raw_id, position, kind, dedupe_key, sender_key,
             event_sealed, received_at, state)
           select $1, * from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::int[], $6::text[], $7::text[], $8::text[],
             $9::bytea[], $10::timestamptz[], $11::text[])
           on conflict (organization_id, channel_account_id, dedupe_key) do nothing
           returning id as "id: InboundItemId""#,
        organization_id,
        &ids,
        &accounts,
        &raw_ids,
        &positions,
        &kinds,
        &dedupe_keys,
        &sender_keys,
        &events as &[&[u8]],
        &times,
        &states
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(new.into_iter().collect())
}

/// An item as its run needs it.
pub(crate) struct Item {
    pub account: ChannelAccountId,
    pub kind: String,
    pub state: String,
    pub sender_key: String,
    pub event_sealed: Option<Vec<u8>>,
    pub received_at: DateTime<Utc>,
}

/// The item, locked until the end of the transaction.
pub(crate) async fn lock(tx: &mut TenantTx, id: InboundItemId) -> Result<Option<Item>, DbError> {
    let organization_id = *tx.organization_id();
    Ok(sqlx::query_as!(
        Item,
        r#"select channel_account_id as "account: ChannelAccountId", kind, state, sender_key, event_sealed, received_at
           from inbound_items where id = $1 and organization_id = $2 for update"#,
        *id,
        organization_id
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Ends an item; `reason` says why an ignored one is not shown.
pub(crate) async fn finish(
    tx: &mut TenantTx,
    id: InboundItemId,
    state: ItemState,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    sqlx::query!(
        "update inbound_items set state = $3, error = $4, processed_at = $5 where id = $1 and organization_id = $2",
        *id,
        organization_id,
        state.as_str(),
        reason,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Counts a failed run; answers how many there were.
pub(crate) async fn fail(tx: &mut TenantTx, id: InboundItemId, error: &str) -> Result<i32, DbError> {
    let organization_id = *tx.organization_id();
    let attempts = sqlx::query_scalar!(
        "update inbound_items set attempts = attempts + 1, error = $3
         where id = $1 and organization_id = $2 and state = 'stored' returning attempts",
        *id,
        organization_id,
        error
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(attempts.unwrap_or(0))
}

/// Puts an item back to its beginning.
pub(crate) async fn reset(tx: &mut TenantTx, id: InboundItemId) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    sqlx::query!(
        "update inbound_items set state = 'stored', attempts = 0, error = null, processed_at = null
         where id = $1 and organization_id = $2",
        *id,
        organization_id
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Items of an account, newest first; `limit` and one more.
pub(crate) async fn list(
    tx: &mut TenantTx,
    account: ChannelAccountId,
    filter: ItemFilter,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<InboundItem>, DbError> {
    let organization_id = *tx.organization_id();
    let state = filter.state.map(ItemState::as_str);
    let rows = sqlx::query!(
        r#"select id as "id: InboundItemId", raw_id as "raw_id: InboundRawId", position, kind, state, attempts, error, received_at,
             processed_at, event_sealed is not null as "replayable!"
           from inbound_items
           where organization_id = $1 and channel_account_id = $2 and ($3::text is null or state = $3)
             and ($4::uuid is null or id < $4)
           order by id desc limit $5"#,
        organization_id,
        *account,
        state,
        before,
        limit + 1
    )
    .fetch_all(tx.conn())
    .await?;
    let items = rows.into_iter().map(|row| InboundItem {
        id: row.id,
        raw_id: row.raw_id,
        position: row.position,
        kind: row.kind,
        state: ItemState::parse(&row.state),
        attempts: row.attempts,
        error: row.error,
        received_at: row.received_at,
        processed_at: row.processed_at,
        replayable: row.replayable,
    });
    Ok(items.collect())
}
