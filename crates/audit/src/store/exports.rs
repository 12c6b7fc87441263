//! Requested exports.

use chrono::{DateTime, Utc};
use serde_json::Value;
use store::{DbError, TenantTx};
use uuid::Uuid;

/// One export as it is kept.
pub struct Export {
    pub id: Uuid,
    pub requested_by: Uuid,
    pub format: String,
    pub filter: Value,
    pub state: String,
    pub entries: Option<i64>,
    pub manifest: Option<Value>,
    pub blob_key: Option<String>,
    pub created_at: DateTime<Utc>,
    pub ready_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
}

pub async fn insert_export(
    tx: &mut TenantTx,
    id: Uuid,
    requested_by: Uuid,
    format: &str,
    filter: &Value,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "insert into audit_exports (id, organization_id, requested_by, format, filter, created_at) values ($1, $2, $3, $4, $5, $6)",
        id,
        *organization_id,
        requested_by,
        format,
        filter,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub async fn export(tx: &mut TenantTx, id: Uuid) -> Result<Option<Export>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Export,
        "select id, requested_by, format, filter, state, entries, manifest, blob_key, created_at, ready_at, expires_at
         from audit_exports where organization_id = $1 and id = $2",
        *organization_id,
        id
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// What came of an export.
pub struct Made<'a> {
    pub id: Uuid,
    pub blob_key: &'a str,
    pub size: i64,
    pub entries: i64,
    pub manifest: &'a Value,
    pub now: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

pub async fn make_ready(tx: &mut TenantTx, made: &Made<'_>) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update audit_exports set state = 'ready', blob_key = $3, size = $4, entries = $5, manifest = $8, ready_at = $6, expires_at = $7
         where organization_id = $1 and id = $2",
        *organization_id,
        made.id,
        made.blob_key,
        made.size,
        made.entries,
        made.now,
        made.expires_at,
        made.manifest
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Marks exports whose time is over; answers the blobs to delete.
pub async fn expire_exports(tx: &mut TenantTx, now: DateTime<Utc>) -> Result<Vec<String>, DbError> {
    let organization_id = tx.organization_id();
    let keys = sqlx::query_scalar!(
        "with over as (select id, blob_key from audit_exports where organization_id = $1 and state = 'ready' and expires_at <= $2 for update)
         update audit_exports e set state = 'expired', blob_key = null from over
         where e.id = over.id and e.organization_id = $1 returning over.blob_key",
        *organization_id,
        now
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(keys.into_iter().flatten().collect())
}
