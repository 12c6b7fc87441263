//! `audit_heads` (one a day) and `audit_checkpoints` (one each time retention removes something).

use chrono::{DateTime, Utc};
use store::{DbError, TenantTx};

/// A day's checkpoint as it is kept.
pub struct CheckpointRow {
    pub number: i64,
    pub seq: i64,
    pub hash: Vec<u8>,
    pub at: DateTime<Utc>,
    pub signature: Vec<u8>,
}

pub async fn insert_checkpoint(
    tx: &mut TenantTx,
    number: i64,
    (seq, hash): (i64, &[u8]),
    at: DateTime<Utc>,
    signature: &[u8],
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "insert into audit_heads (organization_id, number, seq, hash, at, signature) values ($1, $2, $3, $4, $5, $6)",
        *organization_id,
        number,
        seq,
        hash,
        at,
        signature
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// 0 before the first one.
pub async fn last_checkpoint_number(tx: &mut TenantTx) -> Result<i64, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select coalesce(max(number), 0) as "number!" from audit_heads where organization_id = $1"#,
        *organization_id
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Checkpoints after a number, in their order.
pub async fn checkpoints_after(tx: &mut TenantTx, number: i64, limit: i64) -> Result<Vec<CheckpointRow>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        CheckpointRow,
        "select number, seq, hash, at, signature from audit_heads
         where organization_id = $1 and number > $2 order by number limit $3",
        *organization_id,
        number,
        limit
    )
    .fetch_all(tx.conn())
    .await?)
}

/// What retention left behind.
pub struct RetentionRow {
    pub seq: i64,
    pub hash: Vec<u8>,
    pub signature: Vec<u8>,
    pub created_at: DateTime<Utc>,
}

/// Every one, the newest last.
pub async fn retention_checkpoints(tx: &mut TenantTx) -> Result<Vec<RetentionRow>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        RetentionRow,
        "select seq, hash, signature, created_at from audit_checkpoints where organization_id = $1 order by seq",
        *organization_id
    )
    .fetch_all(tx.conn())
    .await?)
}
