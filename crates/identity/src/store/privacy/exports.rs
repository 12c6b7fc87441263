//! `privacy_exports`.

use chrono::{DateTime, Utc};
use kernel::ids::{MembershipId, OrganizationId, UserId};
use store::{DbError, PlatformTx, TenantTx};
use uuid::Uuid;

/// An export about to be made.
pub struct NewExport {
    pub id: Uuid,
    pub membership_id: MembershipId,
    pub user_id: UserId,
    pub requested_by: UserId,
}

pub async fn insert_export(tx: &mut TenantTx, new: &NewExport, now: DateTime<Utc>) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "insert into privacy_exports (id, organization_id, membership_id, user_id, requested_by, requested_at)
         values ($1, $2, $3, $4, $5, $6)",
        new.id,
        *organization_id,
        *new.membership_id,
        *new.user_id,
        *new.requested_by,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub struct ExportRow {
    pub id: Uuid,
    pub user_id: UserId,
    pub requested_by: UserId,
    pub state: String,
    pub blob_key: Option<String>,
    pub size: Option<i64>,
    pub requested_at: DateTime<Utc>,
    pub ready_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
}

pub async fn export(tx: &mut TenantTx, id: Uuid) -> Result<Option<ExportRow>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        ExportRow,
        r#"select id, user_id as "user_id: UserId", requested_by as "requested_by: UserId", state, blob_key, size, requested_at,
             ready_at, expires_at
           from privacy_exports where organization_id = $1 and id = $2 for update"#,
        *organization_id,
        id
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub async fn export_ready(
    tx: &mut TenantTx,
    id: Uuid,
    blob_key: &str,
    size: i64,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update privacy_exports set state = 'ready', blob_key = $3, size = $4, expires_at = $5, ready_at = $6
         where organization_id = $1 and id = $2 and state = 'waiting'",
        *organization_id,
        id,
        blob_key,
        size,
        expires_at,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub async fn export_fetched(tx: &mut TenantTx, id: Uuid, now: DateTime<Utc>) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update privacy_exports set downloaded_at = coalesce(downloaded_at, $3) where organization_id = $1 and id = $2",
        *organization_id,
        id,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Ends one export, or all of a person; where the archives lay.
pub async fn expire_exports(
    tx: &mut TenantTx,
    only: Option<Uuid>,
    user: Option<UserId>,
) -> Result<Vec<String>, DbError> {
    let organization_id = tx.organization_id();
    let ended = sqlx::query_scalar!(
        "with ended as (
           select id, blob_key from privacy_exports
           where organization_id = $1 and state <> 'expired' and ($2::uuid is null or id = $2) and ($3::uuid is null or user_id = $3)
           for update)
         update privacy_exports e set state = 'expired', blob_key = null
         from ended where e.organization_id = $1 and e.id = ended.id returning ended.blob_key",
        *organization_id,
        only,
        user.map(|user| user.0)
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(ended.into_iter().flatten().collect())
}

pub async fn expired_exports(
    tx: &mut PlatformTx,
    now: DateTime<Utc>,
    most: i32,
) -> Result<Vec<(OrganizationId, Uuid)>, DbError> {
    let rows = sqlx::query!(
        r#"select organization_id as "organization_id!: OrganizationId", export_id as "export_id!" from expired_exports($1, $2)"#,
        now,
        most
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.organization_id, row.export_id)).collect())
}
