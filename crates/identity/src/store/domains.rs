//! `organization_domains`.

use chrono::{DateTime, Utc};
use kernel::ids::OrganizationId;
use store::{DbError, PlatformTx, TenantTx};
use uuid::Uuid;

pub struct DomainRow {
    pub id: Uuid,
    pub domain: String,
    pub purposes: Vec<String>,
    pub verification_token: String,
    pub verified_at: Option<DateTime<Utc>>,
    pub last_checked_at: Option<DateTime<Utc>>,
}

pub async fn list(tx: &mut TenantTx) -> Result<Vec<DomainRow>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        DomainRow,
        "select id, domain, purposes, verification_token, verified_at, last_checked_at
         from organization_domains where organization_id = $1 order by domain",
        *organization_id
    )
    .fetch_all(tx.conn())
    .await?)
}

pub async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<DomainRow>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        DomainRow,
        "select id, domain, purposes, verification_token, verified_at, last_checked_at
         from organization_domains where id = $1 and organization_id = $2",
        id,
        *organization_id
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub async fn count(tx: &mut TenantTx) -> Result<i64, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from organization_domains where organization_id = $1"#,
        *organization_id
    )
    .fetch_one(tx.conn())
    .await?)
}

pub async fn insert(
    tx: &mut TenantTx,
    id: Uuid,
    domain: &str,
    purposes: &[String],
    token: &str,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "insert into organization_domains (id, organization_id, domain, purposes, verification_token, created_at)
         values ($1, $2, $3, $4, $5, $6)",
        id,
        *organization_id,
        domain,
        purposes,
        token,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub async fn delete(tx: &mut TenantTx, id: Uuid) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!("delete from organization_domains where id = $1 and organization_id = $2", id, *organization_id)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// A check that found nothing, of a domain that was not proven.
pub async fn checked(tx: &mut TenantTx, id: Uuid, now: DateTime<Utc>) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update organization_domains set last_checked_at = $3 where id = $1 and organization_id = $2 and verified_at is null",
        id,
        *organization_id,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A check that found the proof; the first one's time stays.
pub async fn verified(tx: &mut TenantTx, id: Uuid, now: DateTime<Utc>) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update organization_domains set verified_at = coalesce(verified_at, $3), last_checked_at = $3, failures = 0,
           version = version + 1 where id = $1 and organization_id = $2",
        id,
        *organization_id,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A check of a proven domain that found nothing; answers how many in a row. At `patience` the domain is lost.
pub async fn not_found(
    tx: &mut TenantTx,
    id: Uuid,
    as_if_checked_at: DateTime<Utc>,
    patience: i32,
) -> Result<Option<i32>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        "update organization_domains set failures = failures + 1, last_checked_at = $3, version = version + 1,
           verified_at = case when failures + 1 >= $4 then null else verified_at end
         where id = $1 and organization_id = $2 and verified_at is not null returning failures",
        id,
        *organization_id,
        as_if_checked_at,
        patience
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Takes the domain from whichever other organization proved it before.
pub async fn release_elsewhere(tx: &mut TenantTx, domain: &str) -> Result<Vec<(OrganizationId, Uuid)>, DbError> {
    let organization_id = tx.organization_id();
    let rows = sqlx::query!(
        r#"select organization_id as "organization_id!: OrganizationId", domain_id as "domain_id!" from release_domain($1, $2)"#,
        domain,
        *organization_id
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.organization_id, row.domain_id)).collect())
}

/// Proven domains last looked at before `instant`.
pub async fn due(tx: &mut TenantTx, instant: DateTime<Utc>) -> Result<Vec<DomainRow>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        DomainRow,
        "select id, domain, purposes, verification_token, verified_at, last_checked_at from organization_domains
         where organization_id = $1 and verified_at is not null and last_checked_at <= $2 order by last_checked_at",
        *organization_id,
        instant
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Organizations that have such domains.
pub async fn organizations_due(tx: &mut PlatformTx, instant: DateTime<Utc>) -> Result<Vec<OrganizationId>, DbError> {
    Ok(sqlx::query_scalar!(
        r#"select distinct organization_id as "organization_id: OrganizationId" from organization_domains
           where verified_at is not null and last_checked_at <= $1"#,
        instant
    )
    .fetch_all(tx.conn())
    .await?)
}
