//! `organization_exports`, and what an export takes besides the tables.

use chrono::{DateTime, Utc};
use kernel::ids::{FileId, OrganizationId};
use serde_json::Value;
use store::{DbError, PlatformTx, TenantTx};
use uuid::Uuid;

pub struct ExportRow {
    pub id: Uuid,
    pub state: String,
    pub blob_key: Option<String>,
    pub size: Option<i64>,
    pub requested_at: DateTime<Utc>,
    pub ready_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
}

pub async fn insert(tx: &mut TenantTx, id: Uuid, by: Option<Uuid>, now: DateTime<Utc>) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "insert into organization_exports (id, organization_id, requested_by, requested_at) values ($1, $2, $3, $4)",
        id,
        *organization_id,
        by,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<ExportRow>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        ExportRow,
        "select id, state, blob_key, size, requested_at, ready_at, expires_at
         from organization_exports where id = $1 and organization_id = $2",
        id,
        *organization_id
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// The one that is being made.
pub async fn waiting(tx: &mut TenantTx) -> Result<Option<ExportRow>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        ExportRow,
        "select id, state, blob_key, size, requested_at, ready_at, expires_at
         from organization_exports where organization_id = $1 and state = 'waiting'",
        *organization_id
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// The newest ones.
pub async fn list(tx: &mut TenantTx) -> Result<Vec<ExportRow>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        ExportRow,
        "select id, state, blob_key, size, requested_at, ready_at, expires_at
         from organization_exports where organization_id = $1 order by id desc limit 100",
        *organization_id
    )
    .fetch_all(tx.conn())
    .await?)
}

pub async fn ready(
    tx: &mut TenantTx,
    id: Uuid,
    blob_key: &str,
    size: i64,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update organization_exports set state = 'ready', blob_key = $3, size = $4, ready_at = $5, expires_at = $6
         where id = $1 and organization_id = $2",
        id,
        *organization_id,
        blob_key,
        size,
        now,
        expires_at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Those whose time is over, with where they lie.
pub async fn expired(tx: &mut TenantTx, now: DateTime<Utc>) -> Result<Vec<(Uuid, String)>, DbError> {
    let organization_id = tx.organization_id();
    let rows = sqlx::query!(
        r#"select id, blob_key as "blob_key!" from organization_exports
           where organization_id = $1 and state = 'ready' and expires_at <= $2 and blob_key is not null"#,
        *organization_id,
        now
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.blob_key)).collect())
}

pub async fn forget(tx: &mut TenantTx, id: Uuid) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update organization_exports set state = 'expired', blob_key = null where id = $1 and organization_id = $2",
        id,
        *organization_id
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Organizations with archives whose time is over.
pub async fn organizations_with_expired(
    tx: &mut PlatformTx,
    now: DateTime<Utc>,
) -> Result<Vec<OrganizationId>, DbError> {
    Ok(sqlx::query_scalar!(
        r#"select distinct organization_id as "organization_id: OrganizationId" from organization_exports
           where state = 'ready' and expires_at <= $1"#,
        now
    )
    .fetch_all(tx.conn())
    .await?)
}

/// The organization's own row.
pub async fn organization(tx: &mut TenantTx) -> Result<Value, DbError> {
    let id = tx.organization_id();
    Ok(sqlx::query_scalar!(r#"select to_jsonb(o) as "row!" from organizations o where id = $1"#, *id)
        .fetch_one(tx.conn())
        .await?)
}

/// Its people as it may know them, without what is sealed for them.
pub async fn people(tx: &mut TenantTx) -> Result<Vec<Value>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select to_jsonb(p) - 'phone_sealed' - 'signature_sealed' as "row!" from people p
           where organization_id = $1 order by membership_id"#,
        *organization_id
    )
    .fetch_all(tx.conn())
    .await?)
}

/// A file with where it lies.
pub struct FileRow {
    pub id: FileId,
    pub blob_key: String,
}

pub async fn files_after(tx: &mut TenantTx, after: Option<FileId>, most: i64) -> Result<Vec<FileRow>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        FileRow,
        r#"select file_id as "id!: FileId", blob_key as "blob_key!" from organization_files
           where organization_id = $1 and file_id > $2 order by file_id limit $3"#,
        *organization_id,
        after.map_or(uuid::Uuid::nil(), |file| file.0),
        most
    )
    .fetch_all(tx.conn())
    .await?)
}
