//! `service_accounts`.

use crate::service_accounts::Account;
use chrono::{DateTime, Utc};
use store::{DbError, TenantTx};
use uuid::Uuid;

/// By name.
pub async fn list(tx: &mut TenantTx) -> Result<Vec<Account>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Account,
        r#"select s.id, s.name, s.description, s.status,
             array(select distinct r.name from role_assignments a
               join roles r on r.id = a.role_id and r.organization_id = a.organization_id
               where a.organization_id = s.organization_id and a.service_account_id = s.id order by 1) as "roles!",
             s.version, s.created_by, s.created_at, s.updated_at
           from service_accounts s where s.organization_id = $1 and s.deleted_at is null order by s.name_folded limit 500"#,
        *organization_id
    )
    .fetch_all(tx.conn())
    .await?)
}

pub async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<Account>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Account,
        r#"select s.id, s.name, s.description, s.status,
             array(select distinct r.name from role_assignments a
               join roles r on r.id = a.role_id and r.organization_id = a.organization_id
               where a.organization_id = s.organization_id and a.service_account_id = s.id order by 1) as "roles!",
             s.version, s.created_by, s.created_at, s.updated_at
           from service_accounts s where s.id = $1 and s.organization_id = $2 and s.deleted_at is null"#,
        id,
        *organization_id
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// The same, kept for this transaction alone.
pub async fn lock(tx: &mut TenantTx, id: Uuid) -> Result<Option<Account>, DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "select from service_accounts where id = $1 and organization_id = $2 and deleted_at is null for no key update",
        id,
        *organization_id
    )
    .fetch_optional(tx.conn())
    .await?;
    find(tx, id).await
}

pub async fn insert(
    tx: &mut TenantTx,
    id: Uuid,
    name: &str,
    folded: &str,
    description: &str,
    created_by: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "insert into service_accounts (id, organization_id, name, name_folded, description, created_by, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7)",
        id,
        *organization_id,
        name,
        folded,
        description,
        created_by,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub async fn update(
    tx: &mut TenantTx,
    id: Uuid,
    name: &str,
    folded: &str,
    description: &str,
    status: &str,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update service_accounts set name = $3, name_folded = $4, description = $5, status = $6, version = version + 1, updated_at = $7
         where id = $1 and organization_id = $2 and deleted_at is null",
        id,
        *organization_id,
        name,
        folded,
        description,
        status,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Ends the account, its keys and its assignments.
pub async fn delete(tx: &mut TenantTx, id: Uuid, now: DateTime<Utc>) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update service_accounts set deleted_at = $3, version = version + 1, updated_at = $3 where id = $1 and organization_id = $2",
        id,
        *organization_id,
        now
    )
    .execute(tx.conn())
    .await?;
    sqlx::query!(
        "update api_keys set revoked_at = $3, revoked_reason = 'account_deleted'
         where service_account_id = $1 and organization_id = $2 and revoked_at is null",
        id,
        *organization_id,
        now
    )
    .execute(tx.conn())
    .await?;
    sqlx::query!(
        "delete from role_assignments where service_account_id = $1 and organization_id = $2",
        id,
        *organization_id
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
