//! `data_keys`.

use super::Wrapped;
use crate::error::DbError;
use crate::platform_tx::PlatformTx;
use crate::tenant_tx::TenantTx;
use chrono::{DateTime, Utc};
use kernel::ids::OrganizationId;
use std::collections::BTreeMap;

pub struct KeyRow {
    pub version: i32,
    pub wrapped: Option<Vec<u8>>,
    pub wrapped_by: String,
    pub active_from: DateTime<Utc>,
}

/// Every version, the newest first.
pub async fn all(tx: &mut TenantTx) -> Result<Vec<KeyRow>, DbError> {
    let organization_id = *tx.organization_id();
    Ok(sqlx::query_as!(
        KeyRow,
        "select version, wrapped, wrapped_by, active_from from data_keys where organization_id = $1 order by version desc",
        organization_id
    )
    .fetch_all(tx.conn())
    .await?)
}

pub async fn newest(tx: &mut TenantTx) -> Result<i32, DbError> {
    let organization_id = *tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select coalesce(max(version), 0) as "version!" from data_keys where organization_id = $1"#,
        organization_id
    )
    .fetch_one(tx.conn())
    .await?)
}

/// One that is there stays: of two that are made at once the first one counts.
pub async fn insert(
    tx: &mut TenantTx,
    version: i32,
    wrapped: &Wrapped,
    active_from: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    sqlx::query!(
        "insert into data_keys (organization_id, version, wrapped, wrapped_by, active_from, created_at)
         values ($1, $2, $3, $4, $5, $6) on conflict (organization_id, version) do nothing",
        organization_id,
        version,
        wrapped.bytes,
        wrapped.by,
        active_from,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub async fn rewrap(tx: &mut TenantTx, version: i32, wrapped: &Wrapped) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    sqlx::query!(
        "update data_keys set wrapped = $3, wrapped_by = $4 where organization_id = $1 and version = $2 and wrapped is not null",
        organization_id,
        version,
        wrapped.bytes,
        wrapped.by
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub async fn destroy(tx: &mut TenantTx, below: i32, now: DateTime<Utc>) -> Result<u64, DbError> {
    let organization_id = *tx.organization_id();
    let gone = sqlx::query!(
        "update data_keys set wrapped = null, destroyed_at = $3
         where organization_id = $1 and version < $2 and wrapped is not null",
        organization_id,
        below,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(gone.rows_affected())
}

pub async fn counted_by_wrapper(tx: &mut PlatformTx) -> Result<BTreeMap<String, u64>, DbError> {
    let rows = sqlx::query!(
        r#"select wrapped_by, count(*) as "of_it!" from data_keys where destroyed_at is null group by wrapped_by"#
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.wrapped_by, u64::try_from(row.of_it).unwrap_or_default())).collect())
}

pub async fn wrapped_by_others(tx: &mut PlatformTx, current: &str) -> Result<Vec<OrganizationId>, DbError> {
    Ok(sqlx::query_scalar!(
        r#"select distinct organization_id as "organization_id: OrganizationId" from data_keys
           where destroyed_at is null and wrapped_by <> $1"#,
        current
    )
    .fetch_all(tx.conn())
    .await?)
}
