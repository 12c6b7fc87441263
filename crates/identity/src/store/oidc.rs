//! `identity_providers`, `user_identities`, and what sign-in asks of them before the organization is known.

use chrono::{DateTime, Utc};
use kernel::ids::{OrganizationId, UserId};
use serde_json::Value;
use store::{DbError, PlatformTx, TenantTx};
use uuid::Uuid;

pub async fn organization_of_provider(tx: &mut PlatformTx, id: Uuid) -> Result<Option<OrganizationId>, DbError> {
    Ok(sqlx::query_scalar!(
        r#"select organization_id as "organization_id!: OrganizationId" from organization_of_provider($1)"#,
        id
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub async fn user_by_identity(
    tx: &mut PlatformTx,
    provider: &str,
    issuer: &str,
    subject: &str,
) -> Result<Option<UserId>, DbError> {
    Ok(sqlx::query_scalar!(
        r#"select user_id as "user_id!: UserId" from user_by_identity($1, $2, $3)"#,
        provider,
        issuer,
        subject
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// A provider of the organization, as stored.
#[derive(Clone)]
pub struct ProviderRow {
    pub id: Uuid,
    pub name: String,
    pub issuer: String,
    pub client_id: String,
    pub secret_sealed: Vec<u8>,
    pub domains: Vec<String>,
    pub jit: bool,
    pub default_role_id: Uuid,
    pub group_claim: String,
    /// Role id by group.
    pub group_role_map: Value,
    pub enforced: bool,
    pub break_glass_user_id: Option<UserId>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

pub async fn list(tx: &mut TenantTx) -> Result<Vec<ProviderRow>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        ProviderRow,
        r#"select id, name, issuer, client_id, secret_sealed, domains, jit, default_role_id, group_claim, group_role_map,
             enforced, break_glass_user_id as "break_glass_user_id: UserId", version, created_at, updated_at
           from identity_providers where organization_id = $1 order by created_at, id"#,
        *organization_id
    )
    .fetch_all(tx.conn())
    .await?)
}

pub async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<ProviderRow>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        ProviderRow,
        r#"select id, name, issuer, client_id, secret_sealed, domains, jit, default_role_id, group_claim, group_role_map,
             enforced, break_glass_user_id as "break_glass_user_id: UserId", version, created_at, updated_at
           from identity_providers where id = $1 and organization_id = $2"#,
        id,
        *organization_id
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Lets changes of one provider come one after the other.
pub async fn lock(tx: &mut TenantTx, id: Uuid) -> Result<Option<ProviderRow>, DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "select from identity_providers where id = $1 and organization_id = $2 for update",
        id,
        *organization_id
    )
    .fetch_optional(tx.conn())
    .await?;
    find(tx, id).await
}

/// Writes a provider, new or changed.
pub async fn save(tx: &mut TenantTx, row: &ProviderRow) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "insert into identity_providers (id, organization_id, name, issuer, client_id, secret_sealed, domains, jit,
           default_role_id, group_claim, group_role_map, enforced, break_glass_user_id, version, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         on conflict (id, organization_id) do update set name = excluded.name, issuer = excluded.issuer,
           client_id = excluded.client_id, secret_sealed = excluded.secret_sealed, domains = excluded.domains,
           jit = excluded.jit, default_role_id = excluded.default_role_id, group_claim = excluded.group_claim,
           group_role_map = excluded.group_role_map, enforced = excluded.enforced,
           break_glass_user_id = excluded.break_glass_user_id, version = excluded.version, updated_at = excluded.updated_at",
        row.id,
        *organization_id,
        row.name,
        row.issuer,
        row.client_id,
        row.secret_sealed,
        &row.domains,
        row.jit,
        row.default_role_id,
        row.group_claim,
        row.group_role_map,
        row.enforced,
        row.break_glass_user_id.map(|user| user.0),
        row.version,
        row.created_at,
        row.updated_at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes a provider away, with everybody's identities there.
pub async fn delete(tx: &mut TenantTx, id: Uuid) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!("delete from user_identities where provider = $1", id.to_string()).execute(tx.conn()).await?;
    let gone =
        sqlx::query!("delete from identity_providers where id = $1 and organization_id = $2", id, *organization_id)
            .execute(tx.conn())
            .await?;
    Ok(gone.rows_affected() == 1)
}

/// Whether a domain is proven here for signing in.
pub async fn signs_in(tx: &mut TenantTx, domain: &str) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select exists (select from organization_domains
             where organization_id = $1 and domain = $2 and verified_at is not null and 'sign_in' = any (purposes)) as "proven!""#,
        *organization_id,
        domain
    )
    .fetch_one(tx.conn())
    .await?)
}

/// The provider that people on this domain have to use here, and who may come in without it.
pub async fn enforced_for(tx: &mut TenantTx, domain: &str) -> Result<Option<(Uuid, Option<UserId>)>, DbError> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        r#"select p.id, p.break_glass_user_id as "break_glass_user_id: UserId" from identity_providers p
           where p.organization_id = $1 and p.enforced and $2 = any (p.domains) and exists (
             select from organization_domains d where d.organization_id = p.organization_id and d.domain = $2
               and d.verified_at is not null and 'sign_in' = any (d.purposes))
           order by p.created_at, p.id limit 1"#,
        *organization_id,
        domain
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| (row.id, row.break_glass_user_id)))
}

/// Who a person is at a provider.
pub struct IdentityRow {
    pub id: Uuid,
    pub provider: String,
    pub issuer: String,
    pub created_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
}

pub async fn identities(tx: &mut TenantTx, user_id: UserId) -> Result<Vec<IdentityRow>, DbError> {
    Ok(sqlx::query_as!(
        IdentityRow,
        "select id, provider, issuer, created_at, last_used_at from user_identities where user_id = $1 order by created_at, id",
        *user_id
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Identities of a person at one provider.
pub async fn count_at(tx: &mut TenantTx, user_id: UserId, provider: &str) -> Result<i64, DbError> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from user_identities where user_id = $1 and provider = $2"#,
        *user_id,
        provider
    )
    .fetch_one(tx.conn())
    .await?)
}

/// An identity about to be linked.
pub struct NewIdentity<'a> {
    pub id: Uuid,
    pub user_id: UserId,
    pub provider: &'a str,
    pub issuer: &'a str,
    pub subject: &'a str,
}

/// `false` where the identity belongs to somebody already.
pub async fn link(tx: &mut TenantTx, new: &NewIdentity<'_>, now: DateTime<Utc>) -> Result<bool, DbError> {
    let done = sqlx::query!(
        "insert into user_identities (id, user_id, provider, issuer, subject, created_at) values ($1, $2, $3, $4, $5, $6)
         on conflict (provider, issuer, subject) do nothing",
        new.id,
        *new.user_id,
        new.provider,
        new.issuer,
        new.subject,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn unlink(tx: &mut TenantTx, user_id: UserId, id: Uuid) -> Result<bool, DbError> {
    let gone = sqlx::query!("delete from user_identities where id = $2 and user_id = $1", *user_id, id);
    Ok(gone.execute(tx.conn()).await?.rows_affected() == 1)
}

pub async fn record_use(
    tx: &mut TenantTx,
    user_id: UserId,
    provider: &str,
    subject: &str,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    sqlx::query!(
        "update user_identities set last_used_at = $4 where user_id = $1 and provider = $2 and subject = $3",
        *user_id,
        provider,
        subject,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What a provider gave a member: assignments that bear its id.
pub struct GivenRole {
    pub assignment_id: Uuid,
    pub role_id: Uuid,
    pub is_admin: bool,
}

pub async fn roles_given_by(tx: &mut TenantTx, user_id: UserId, provider: Uuid) -> Result<Vec<GivenRole>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        GivenRole,
        r#"select a.id as assignment_id, a.role_id, (r.is_system and r.name_folded = 'admin') as "is_admin!"
           from role_assignments a
           join roles r on r.id = a.role_id and r.organization_id = a.organization_id
           join memberships m on m.id = a.membership_id and m.organization_id = a.organization_id
           where a.organization_id = $1 and m.user_id = $2 and a.granted_by = $3"#,
        *organization_id,
        *user_id,
        provider
    )
    .fetch_all(tx.conn())
    .await?)
}
