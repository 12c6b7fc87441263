//! `organizations` and `former_slugs`: what changes in the life of an organization.

use chrono::{DateTime, Utc};
use kernel::ids::{OrganizationId, SessionId, UserId};
use serde_json::Value;
use store::{DbError, PlatformTx, TenantTx};

/// The state of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub status: String,
    pub suspension_mode: Option<String>,
}

/// The state, locked until the end of the transaction.
pub async fn lock_standing(tx: &mut TenantTx) -> Result<Option<Standing>, DbError> {
    let id = tx.organization_id();
    Ok(sqlx::query_as!(
        Standing,
        "select status, suspension_mode from organizations where id = $1 for no key update",
        *id
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub async fn set_standing(
    tx: &mut TenantTx,
    standing: &Standing,
    reason: Option<&str>,
    closing_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let id = tx.organization_id();
    sqlx::query!(
        "update organizations set status = $2, suspension_mode = $3, status_reason = $4, closing_at = $5,
           status_changed_at = $6, version = version + 1, updated_at = $6 where id = $1",
        *id,
        standing.status,
        standing.suspension_mode,
        reason,
        closing_at,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Ends the living sessions of everybody, or of all but admins.
pub async fn end_sessions(
    tx: &mut TenantTx,
    but_admins: bool,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<Vec<(SessionId, UserId)>, DbError> {
    let organization_id = tx.organization_id();
    let rows = sqlx::query!(
        r#"update sessions s set revoked_at = $4, revoked_reason = $3
           where s.organization_id = $1 and s.revoked_at is null and not ($2 and exists (
             select from role_assignments a join roles r on r.id = a.role_id and r.organization_id = a.organization_id
             where a.organization_id = s.organization_id and a.membership_id = s.membership_id
               and a.scope_type = 'organization' and r.is_system and r.name_folded = 'admin'
               and (a.effective_from is null or a.effective_from <= $4) and (a.effective_to is null or $4 < a.effective_to)))
           returning s.id as "id: SessionId", s.user_id as "user_id: UserId""#,
        *organization_id,
        but_admins,
        reason,
        now
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.user_id)).collect())
}

/// Everything that an organization shows of itself.
pub struct OrganizationRow {
    pub id: OrganizationId,
    pub slug: String,
    pub name: String,
    pub legal_name: Option<String>,
    pub kind: String,
    pub tax_id: Option<String>,
    pub timezone: String,
    pub default_language: String,
    pub languages: Vec<String>,
    pub currency: String,
    pub country: String,
    pub municipality_code: Option<String>,
    pub logo_file_id: Option<kernel::ids::FileId>,
    pub status: String,
    pub suspension_mode: Option<String>,
    pub status_reason: Option<String>,
    pub closing_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i64,
}

pub async fn find(tx: &mut TenantTx) -> Result<Option<OrganizationRow>, DbError> {
    let id = tx.organization_id();
    Ok(sqlx::query_as!(
        OrganizationRow,
        r#"select id as "id: OrganizationId", slug, name, legal_name, kind, tax_id, timezone, default_language, languages,
             currency, country, municipality_code, logo_file_id as "logo_file_id: kernel::ids::FileId", status,
             suspension_mode, status_reason, closing_at, created_at, updated_at, version
           from organizations where id = $1"#,
        *id
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Locks the organization until the end of the transaction.
pub async fn lock(tx: &mut TenantTx) -> Result<(), DbError> {
    let id = tx.organization_id();
    sqlx::query!("select from organizations where id = $1 for no key update", *id).fetch_optional(tx.conn()).await?;
    Ok(())
}

/// Writes everything that may change. Another organization's slug violates `organizations_slug_key`.
pub async fn save(tx: &mut TenantTx, row: &OrganizationRow, now: DateTime<Utc>) -> Result<(), DbError> {
    let id = tx.organization_id();
    sqlx::query!(
        "update organizations set slug = $2, name = $3, legal_name = $4, kind = $5, tax_id = $6, timezone = $7,
           default_language = $8, languages = $9, currency = $10, country = $11, municipality_code = $12,
           logo_file_id = $13, version = version + 1, updated_at = $14 where id = $1",
        *id,
        row.slug,
        row.name,
        row.legal_name,
        row.kind,
        row.tax_id,
        row.timezone,
        row.default_language,
        &row.languages,
        row.currency,
        row.country,
        row.municipality_code,
        row.logo_file_id.map(|file| file.0),
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Keeps a name that the organization no longer has.
pub async fn keep_slug(
    tx: &mut TenantTx,
    slug: &str,
    redirects: bool,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!("delete from former_slugs where organization_id = $1 and kept_until <= $2", *organization_id, now)
        .execute(tx.conn())
        .await?;
    sqlx::query!(
        "insert into former_slugs (slug, organization_id, redirects, kept_until) values ($1, $2, $3, $4)
         on conflict (slug, organization_id) do update set redirects = excluded.redirects, kept_until = excluded.kept_until",
        slug,
        *organization_id,
        redirects,
        until
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes back a name that the organization had.
pub async fn forget_slug(tx: &mut TenantTx, slug: &str) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!("delete from former_slugs where organization_id = $1 and slug = $2", *organization_id, slug)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Whether another organization keeps this name from others. To be asked after the own row was written: then a rename
/// that was under way is seen.
pub async fn slug_is_kept(tx: &mut TenantTx, slug: &str, now: DateTime<Utc>) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(r#"select slug_is_kept($1, $2, $3) as "kept!""#, slug, *organization_id, now)
        .fetch_one(tx.conn())
        .await?)
}

/// Which file of the organization is a picture.
pub async fn is_picture(tx: &mut TenantTx, file: kernel::ids::FileId) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select exists (select from organization_files where file_id = $1 and organization_id = $2
             and mime_type in ('image/png', 'image/jpeg', 'image/webp', 'image/gif')) as "picture!""#,
        *file,
        *organization_id
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Organizations whose time to cancel is over.
pub async fn due_to_erase(tx: &mut PlatformTx, now: DateTime<Utc>) -> Result<Vec<OrganizationId>, DbError> {
    Ok(sqlx::query_scalar!(
        r#"select id as "id: OrganizationId" from organizations where status = 'closing' and closing_at <= $1 order by closing_at"#,
        now
    )
    .fetch_all(tx.conn())
    .await?)
}

/// When this organization may be erased, if it is closing.
pub async fn closing_at(tx: &mut TenantTx) -> Result<Option<DateTime<Utc>>, DbError> {
    let id = tx.organization_id();
    let row = sqlx::query!("select closing_at from organizations where id = $1 and status = 'closing'", *id)
        .fetch_optional(tx.conn())
        .await?;
    Ok(row.and_then(|row| row.closing_at))
}

/// Leaves the skeleton: id, dates, totals.
pub async fn bare(
    tx: &mut TenantTx,
    slug: &str,
    name: &str,
    totals: &Value,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let id = tx.organization_id();
    sqlx::query!(
        "update organizations set slug = $2, name = $3, legal_name = null, tax_id = null, municipality_code = null,
           logo_file_id = null, status_reason = null, totals = $4, erased_at = $5, updated_at = $5 where id = $1",
        *id,
        slug,
        name,
        totals,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Whether the organization is erased.
pub async fn is_erased(tx: &mut TenantTx) -> Result<bool, DbError> {
    let id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select exists (select from organizations where id = $1 and status = 'erased') as "erased!""#,
        *id
    )
    .fetch_one(tx.conn())
    .await?)
}

/// An admin as letters reach him.
pub struct Admin {
    pub email: String,
    pub language: String,
}

/// Those who hold `admin` at organization scope now.
pub async fn admins(tx: &mut TenantTx, now: DateTime<Utc>) -> Result<Vec<Admin>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Admin,
        r#"select distinct u.email, u.language from memberships m join users u on u.id = m.user_id
           join role_assignments a on a.membership_id = m.id and a.organization_id = m.organization_id
           join roles r on r.id = a.role_id and r.organization_id = a.organization_id
           where m.organization_id = $1 and m.status = 'active' and a.scope_type = 'organization'
             and r.is_system and r.name_folded = 'admin'
             and (a.effective_from is null or a.effective_from <= $2) and (a.effective_to is null or $2 < a.effective_to)"#,
        *organization_id,
        now
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Counts that outlive an erasure.
#[derive(serde::Serialize)]
pub struct Totals {
    pub members: i64,
    pub conversations: i64,
    pub files: i64,
}

pub async fn totals(tx: &mut TenantTx) -> Result<Totals, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Totals,
        r#"select (select count(*) from memberships where organization_id = $1) as "members!",
             (select count(*) from conversation_starts where organization_id = $1) as "conversations!",
             (select count(*) from organization_files where organization_id = $1) as "files!""#,
        *organization_id
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Everybody who is a member, whatever the state.
pub async fn members(tx: &mut TenantTx) -> Result<Vec<(kernel::ids::MembershipId, UserId)>, DbError> {
    let organization_id = tx.organization_id();
    let rows = sqlx::query!(
        r#"select id as "id: kernel::ids::MembershipId", user_id as "user_id: UserId" from memberships
           where organization_id = $1 and status <> 'removed'"#,
        *organization_id
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.user_id)).collect())
}

/// The earlier names of an erased organization lead nowhere and are kept as long as its last one.
pub async fn former_slugs_lead_nowhere(tx: &mut TenantTx, until: DateTime<Utc>) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update former_slugs set redirects = false, kept_until = $2 where organization_id = $1",
        *organization_id,
        until
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Removes up to `most` entries of an erased organization from the log.
pub async fn erase_events(tx: &mut TenantTx, most: i64) -> Result<u64, DbError> {
    let organization_id = tx.organization_id();
    let most = i32::try_from(most).unwrap_or(i32::MAX);
    let gone = sqlx::query_scalar!(r#"select erase_events($1, $2) as "gone!""#, *organization_id, most)
        .fetch_one(tx.conn())
        .await?;
    Ok(u64::try_from(gone).unwrap_or_default())
}
