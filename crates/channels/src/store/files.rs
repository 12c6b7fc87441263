//! `stored_files`: the rows of blobs that this domain fetched.

use ::store::{DbError, TenantTx};
use chrono::{DateTime, Utc};
use files::{BlobKey, StoredBlob};
use kernel::ids::FileId;

/// Notes a stored blob.
pub(crate) async fn insert(tx: &mut TenantTx, blob: &StoredBlob, now: DateTime<Utc>) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    sqlx::query!(
        "insert into stored_files (id, organization_id, blob_key, name, mime_type, size, sha256, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (id, organization_id) do nothing",
        *blob.key.file(),
        organization_id,
        blob.key.to_string(),
        blob.name,
        blob.mime,
        i64::try_from(blob.size).unwrap_or(i64::MAX),
        blob.sha256_hex(),
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Where the bytes of a file lie.
pub(crate) async fn blob_key(tx: &mut TenantTx, id: FileId) -> Result<Option<BlobKey>, DbError> {
    let organization_id = *tx.organization_id();
    let key = sqlx::query_scalar!(
        "select blob_key from stored_files where id = $1 and organization_id = $2",
        *id,
        organization_id
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(key.and_then(|key| BlobKey::parse(&key)))
}
