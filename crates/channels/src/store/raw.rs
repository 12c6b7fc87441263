//! `inbound_raw` and `unrouted_items`: the installation's own, reached by the worker role.

use ::store::{DbError, PlatformTx};
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

/// Bodies that are read at once take at most about so many bytes.
const BATCH_BYTES: i64 = 16 * 1024 * 1024;

/// A body about to be stored.
pub(crate) struct NewRaw {
    pub id: Uuid,
    pub connector: &'static str,
    pub received_at: DateTime<Utc>,
    pub headers: Value,
    pub body_sealed: Vec<u8>,
    pub body_hash: [u8; 32],
}

/// A body waiting to be taken apart.
pub(crate) struct Raw {
    pub id: Uuid,
    pub connector: String,
    pub received_at: DateTime<Utc>,
    pub body_sealed: Vec<u8>,
}

/// Stores what is not there yet; answers how many.
pub(crate) async fn insert(tx: &mut PlatformTx, rows: &[NewRaw]) -> Result<u64, DbError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let connectors: Vec<String> = rows.iter().map(|row| row.connector.to_owned()).collect();
    let times: Vec<DateTime<Utc>> = rows.iter().map(|row| row.received_at).collect();
    let headers: Vec<Value> = rows.iter().map(|row| row.headers.clone()).collect();
    let bodies: Vec<&[u8]> = rows.iter().map(|row| row.body_sealed.as_slice()).collect();
    let hashes: Vec<&[u8]> = rows.iter().map(|row| row.body_hash.as_slice()).collect();
    let done = sqlx::query!(
        "insert into inbound_raw (id, connector, received_at, headers, body_sealed, body_hash)
         select * from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::jsonb[], $5::bytea[], $6::bytea[])
         on conflict (body_hash, connector) do nothing",
        &ids,
        &connectors,
        &times,
        &headers,
        &bodies as &[&[u8]],
        &hashes as &[&[u8]]
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// The oldest bodies that wait, at most `most` of them and about 16 MB.
pub(crate) async fn waiting(tx: &mut PlatformTx, most: i64) -> Result<Vec<Raw>, DbError> {
    Ok(sqlx::query_as!(
        Raw,
        r#"select id, connector, received_at, body_sealed
           from (
             select *, sum(octet_length(body_sealed)) over (order by received_at, id) - octet_length(body_sealed) as before
             from (select * from inbound_raw where state = 'stored' order by received_at, id limit $1) oldest
           ) counted
           where before <= $2 order by received_at, id"#,
        most,
        BATCH_BYTES
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Whether a body has been waiting since before `since`.
pub(crate) async fn any_waiting(tx: &mut PlatformTx, since: DateTime<Utc>) -> Result<bool, DbError> {
    let waits = sqlx::query_scalar!(
        r#"select exists (select from inbound_raw where state = 'stored' and received_at < $1) as "waits!""#,
        since
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(waits)
}

/// Bodies by id, for items that could not be routed before.
pub(crate) async fn by_id(tx: &mut PlatformTx, ids: &[Uuid]) -> Result<Vec<Raw>, DbError> {
    Ok(sqlx::query_as!(
        Raw,
        "select id, connector, received_at, body_sealed from inbound_raw where id = any($1) order by received_at, id",
        ids
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Ends bodies: taken apart (`processed`) or without anything for anybody (`ignored`).
pub(crate) async fn finish(tx: &mut PlatformTx, ids: &[Uuid], state: &str, now: DateTime<Utc>) -> Result<(), DbError> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update inbound_raw set state = $2, processed_at = $3, error = null where id = any($1)",
        ids,
        state,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A body that could not be taken apart waits for another try, or is dead after `most` of them.
pub(crate) async fn fail(tx: &mut PlatformTx, ids: &[Uuid], error: &str, most: i32) -> Result<(), DbError> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update inbound_raw set attempts = attempts + 1, error = $2,
           state = case when attempts + 1 >= $3 then 'dead' else state end
         where id = any($1)",
        ids,
        error,
        most
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// An item whose number nobody owns.
pub(crate) struct Unrouted {
    pub id: Uuid,
    pub connector: String,
    pub external_id: String,
    pub raw_id: Uuid,
    pub position: i32,
    pub received_at: DateTime<Utc>,
}

pub(crate) async fn insert_unrouted(tx: &mut PlatformTx, items: &[Unrouted]) -> Result<(), DbError> {
    if items.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = items.iter().map(|item| item.id).collect();
    let connectors: Vec<String> = items.iter().map(|item| item.connector.clone()).collect();
    let external_ids: Vec<String> = items.iter().map(|item| item.external_id.clone()).collect();
    let raw_ids: Vec<Uuid> = items.iter().map(|item| item.raw_id).collect();
    let positions: Vec<i32> = items.iter().map(|item| item.position).collect();
    let times: Vec<DateTime<Utc>> = items.iter().map(|item| item.received_at).collect();
    sqlx::query!(
        "insert into unrouted_items (id, connector, external_id, raw_id, position, received_at)
         select * from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::int[], $6::timestamptz[])
         on conflict (raw_id, position) do nothing",
        &ids,
        &connectors,
        &external_ids,
        &raw_ids,
        &positions,
        &times
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A kept item: its row, its body, its place there.
pub(crate) struct Kept {
    pub id: Uuid,
    pub raw_id: Uuid,
    pub position: i32,
}

/// The oldest kept items of a number.
pub(crate) async fn unrouted_of(
    tx: &mut PlatformTx,
    connector: &str,
    external_id: &str,
    most: i64,
) -> Result<Vec<Kept>, DbError> {
    Ok(sqlx::query_as!(
        Kept,
        "select id, raw_id, position from unrouted_items where connector = $1 and external_id = $2
         order by received_at, position limit $3",
        connector,
        external_id,
        most
    )
    .fetch_all(tx.conn())
    .await?)
}

pub(crate) async fn delete_unrouted(tx: &mut PlatformTx, ids: &[Uuid]) -> Result<(), DbError> {
    sqlx::query!("delete from unrouted_items where id = any($1)", ids).execute(tx.conn()).await?;
    Ok(())
}

/// Forgets bodies received before `raw`, kept items received before `unrouted`, and the contents of items older than
/// `items` (an id that sorts by time), but for those kept until their organization is back. Answers how many rows of each.
pub(crate) async fn forget(
    tx: &mut PlatformTx,
    raw: DateTime<Utc>,
    unrouted: DateTime<Utc>,
    items: (Uuid, Uuid),
) -> Result<[u64; 3], DbError> {
    let kept = sqlx::query!("delete from unrouted_items where received_at < $1", unrouted).execute(tx.conn()).await?;
    let bodies = sqlx::query!("delete from inbound_raw where received_at < $1 and state <> 'stored'", raw)
        .execute(tx.conn())
        .await?;
    let contents = sqlx::query!(
        "update inbound_items set event_sealed = null
         where id > $1 and id < $2 and event_sealed is not null and state <> 'kept'",
        items.0,
        items.1
    )
    .execute(tx.conn())
    .await?;
    Ok([bodies.rows_affected(), kept.rows_affected(), contents.rows_affected()])
}
