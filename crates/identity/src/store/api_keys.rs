//! `api_keys`.

use crate::service_accounts::Key;
use chrono::{DateTime, Utc};
use kernel::ids::{OrganizationId, UnitId};
use store::{DbError, PlatformTx, TenantTx};
use uuid::Uuid;

/// Which organization and key a secret belongs to.
pub async fn by_hash(tx: &mut PlatformTx, hash: &[u8; 32]) -> Result<Option<(OrganizationId, Uuid)>, DbError> {
    let row = sqlx::query!(
        r#"select organization_id as "organization_id!: OrganizationId", api_key_id as "api_key_id!" from api_key_by_hash($1)"#,
        &hash[..]
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| (row.organization_id, row.api_key_id)))
}

/// Newest first.
pub async fn of_account(tx: &mut TenantTx, account: Uuid) -> Result<Vec<Key>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Key,
        "select id, service_account_id, prefix, name, scopes, masks, ip_allowlist, expires_at, last_used_at, revoked_at,
           successor_id, created_by, created_at
         from api_keys where service_account_id = $1 and organization_id = $2 order by id desc limit 200",
        account,
        *organization_id
    )
    .fetch_all(tx.conn())
    .await?)
}

pub async fn find(tx: &mut TenantTx, account: Uuid, id: Uuid) -> Result<Option<Key>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Key,
        "select id, service_account_id, prefix, name, scopes, masks, ip_allowlist, expires_at, last_used_at, revoked_at,
           successor_id, created_by, created_at
         from api_keys where id = $1 and service_account_id = $2 and organization_id = $3",
        id,
        account,
        *organization_id
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Keys of an account that are good and not being replaced.
pub async fn live(tx: &mut TenantTx, account: Uuid, now: DateTime<Utc>) -> Result<i64, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "live!" from api_keys
           where service_account_id = $1 and organization_id = $2 and revoked_at is null and expires_at > $3 and successor_id is null"#,
        account,
        *organization_id,
        now
    )
    .fetch_one(tx.conn())
    .await?)
}

pub async fn insert(tx: &mut TenantTx, key: &Key, hash: &[u8; 32]) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "insert into api_keys (id, organization_id, service_account_id, prefix, secret_hash, name, scopes, masks, ip_allowlist,
           expires_at, created_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        key.id,
        *organization_id,
        key.service_account_id,
        key.prefix,
        &hash[..],
        key.name,
        &key.scopes,
        &key.masks,
        &key.ip_allowlist,
        key.expires_at,
        key.created_by,
        key.created_at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Notes the successor; the key is good until `until`.
pub async fn replace(
    tx: &mut TenantTx,
    id: Uuid,
    successor: Uuid,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update api_keys set successor_id = $3, expires_at = $4::timestamptz,
           revoked_at = case when $4 <= $5::timestamptz then $5 end, revoked_reason = case when $4 <= $5 then 'rotated' end
         where id = $1 and organization_id = $2",
        id,
        *organization_id,
        successor,
        until,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Whether it was not revoked before.
pub async fn revoke(tx: &mut TenantTx, id: Uuid, reason: &str, now: DateTime<Utc>) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    let done = sqlx::query!(
        "update api_keys set revoked_at = $4, revoked_reason = $3 where id = $1 and organization_id = $2 and revoked_at is null",
        id,
        *organization_id,
        reason,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes a use.
pub async fn touch(tx: &mut TenantTx, id: Uuid, now: DateTime<Utc>) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update api_keys set last_used_at = $3 where id = $1 and organization_id = $2",
        id,
        *organization_id,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A key with what decisions read besides its account's grants.
pub struct KeyStanding {
    pub service_account_id: Uuid,
    pub account_name: String,
    pub account_status: String,
    pub account_deleted: bool,
    pub scopes: Vec<String>,
    pub masks: Vec<String>,
    pub ip_allowlist: Vec<String>,
    pub expires_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub slug: String,
    pub organization_name: String,
    pub organization_status: String,
    pub suspension_mode: Option<String>,
    pub fallback_unit: Option<UnitId>,
    pub plan: Option<String>,
    pub features: Option<serde_json::Value>,
    pub limits: Option<serde_json::Value>,
    /// What each layer of settings lowers of the rate limits; `null` where it does not.
    pub rate_limits: serde_json::Value,
}

pub async fn standing(tx: &mut TenantTx, id: Uuid) -> Result<Option<KeyStanding>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        KeyStanding,
        r#"select k.service_account_id, s.name as account_name, s.status as account_status,
             s.deleted_at is not null as "account_deleted!", k.scopes, k.masks, k.ip_allowlist, k.expires_at, k.last_used_at,
             k.revoked_at, o.slug, o.name as organization_name, o.status as organization_status, o.suspension_mode,
             (select f.unit_id from fallback_units f where f.organization_id = k.organization_id) as "fallback_unit: UnitId",
             b.plan as "plan?", b.features as "features?", b.limits as "limits?",
             jsonb_build_array(l.value, lp.value, g.given -> 'rate_limits') as "rate_limits!"
           from api_keys k
           join service_accounts s on s.id = k.service_account_id and s.organization_id = k.organization_id
           join organizations o on o.id = k.organization_id
           left join subscriptions b on b.organization_id = k.organization_id
           left join organization_settings g on g.organization_id = k.organization_id
           left join platform_settings l on l.plan = '' and l.key = 'rate_limits'
           left join platform_settings lp on lp.plan = b.plan and lp.key = 'rate_limits'
           where k.id = $1 and k.organization_id = $2"#,
        id,
        *organization_id
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub async fn organizations_with_ending(
    tx: &mut PlatformTx,
    now: DateTime<Utc>,
) -> Result<Vec<OrganizationId>, DbError> {
    Ok(sqlx::query_scalar!(r#"select organizations_with_ending_keys($1) as "id!: OrganizationId""#, now)
        .fetch_all(tx.conn())
        .await?)
}

/// A key whose end comes near or came, and was not told yet.
pub struct EndingKey {
    pub id: Uuid,
    pub service_account_id: Uuid,
    pub account_name: String,
    pub organization_name: String,
    pub prefix: String,
    pub expires_at: DateTime<Utc>,
    pub replaced: bool,
    pub created_by: Option<Uuid>,
}

/// Kept for this transaction alone, so that two nodes do not tell twice.
pub async fn ending(tx: &mut TenantTx, now: DateTime<Utc>) -> Result<Vec<EndingKey>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        EndingKey,
        r#"select k.id, k.service_account_id, s.name as account_name, o.name as organization_name, k.prefix, k.expires_at,
             k.successor_id is not null as "replaced!", k.created_by
           from api_keys k
           join service_accounts s on s.id = k.service_account_id and s.organization_id = k.organization_id
           join organizations o on o.id = k.organization_id
           where k.organization_id = $1 and k.revoked_at is null and k.expires_at <= $2::timestamptz + interval '14 days'
             and k.warned_days is distinct from 0
             and (k.warned_days is null or (k.warned_days > 3 and k.expires_at <= $2 + interval '3 days') or k.expires_at <= $2)
           for no key update of k skip locked"#,
        *organization_id,
        now
    )
    .fetch_all(tx.conn())
    .await?)
}

pub async fn set_warned(tx: &mut TenantTx, id: Uuid, days: i16) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update api_keys set warned_days = $3 where id = $1 and organization_id = $2",
        id,
        *organization_id,
        days
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Whom a warning goes to.
pub struct Reader {
    pub email: String,
    pub language: String,
}

/// The maker if he is an active member, else the admins.
pub async fn readers_of_warning(
    tx: &mut TenantTx,
    created_by: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<Vec<Reader>, DbError> {
    let organization_id = tx.organization_id();
    let maker = sqlx::query_as!(
        Reader,
        r#"select u.email, u.language from memberships m join users u on u.id = m.user_id
           where m.organization_id = $1 and m.user_id = $2 and m.status = 'active' and u.status = 'active'"#,
        *organization_id,
        created_by
    )
    .fetch_all(tx.conn())
    .await?;
    if maker.is_empty() { admins(tx, now).await } else { Ok(maker) }
}

/// The active admins.
pub async fn admins(tx: &mut TenantTx, now: DateTime<Utc>) -> Result<Vec<Reader>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Reader,
        r#"select u.email, u.language from memberships m join users u on u.id = m.user_id
           where m.organization_id = $1 and m.status = 'active' and u.status = 'active' and exists (
             select from role_assignments a join roles r on r.id = a.role_id and r.organization_id = a.organization_id
             where a.organization_id = m.organization_id and a.membership_id = m.id and a.scope_type = 'organization'
               and r.is_system and r.name_folded = 'admin'
               and (a.effective_from is null or a.effective_from <= $2) and (a.effective_to is null or $2 < a.effective_to))"#,
        *organization_id,
        now
    )
    .fetch_all(tx.conn())
    .await?)
}
