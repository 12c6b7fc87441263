//! `sessions`, `refresh_tokens`, and the one question that makes a subject.

use chrono::{DateTime, Utc};
use kernel::ids::{MembershipId, OrganizationId, SessionId, UnitId, UserId};
use store::{DbError, TenantTx};
use uuid::Uuid;

/// A sign-in about to be recorded.
pub struct NewSession<'a> {
    pub id: SessionId,
    pub membership_id: MembershipId,
    pub user_id: UserId,
    pub device_name: Option<&'a str>,
    pub user_agent: Option<&'a str>,
    pub ip: Option<&'a str>,
    pub amr: &'a [String],
    pub now: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

pub async fn insert(tx: &mut TenantTx, new: &NewSession<'_>) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "insert into sessions (id, organization_id, membership_id, user_id, device_name, user_agent, ip_first, ip_last, amr,
           created_at, authenticated_at, last_used_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $9, $9, $10)",
        *new.id,
        *organization_id,
        *new.membership_id,
        *new.user_id,
        new.device_name,
        new.user_agent,
        new.ip,
        new.amr,
        new.now,
        new.expires_at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub async fn insert_refresh_token(
    tx: &mut TenantTx,
    session_id: SessionId,
    hash: &[u8; 32],
    generation: i32,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "insert into refresh_tokens (token_hash, organization_id, session_id, generation, created_at) values ($1, $2, $3, $4, $5)",
        &hash[..],
        *organization_id,
        *session_id,
        generation,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A session, locked until the end of the transaction.
pub struct SessionRow {
    pub id: SessionId,
    pub membership_id: MembershipId,
    pub user_id: UserId,
    pub amr: Vec<String>,
    pub authenticated_at: DateTime<Utc>,
    pub last_used_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
}

pub async fn lock(tx: &mut TenantTx, id: SessionId) -> Result<Option<SessionRow>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        SessionRow,
        r#"select id as "id: SessionId", membership_id as "membership_id: MembershipId", user_id as "user_id: UserId", amr,
             authenticated_at, last_used_at, expires_at, revoked_at
           from sessions where id = $1 and organization_id = $2 for update"#,
        *id,
        *organization_id
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// The place of a refresh token in its session, and of the session's newest one.
pub struct TokenRow {
    pub generation: i32,
    pub used_at: Option<DateTime<Utc>>,
    pub newest: i32,
}

pub async fn refresh_token(
    tx: &mut TenantTx,
    session_id: SessionId,
    hash: &[u8; 32],
) -> Result<Option<TokenRow>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        TokenRow,
        r#"select t.generation, t.used_at,
             (select max(n.generation) from refresh_tokens n
              where n.session_id = t.session_id and n.organization_id = t.organization_id) as "newest!"
           from refresh_tokens t where t.token_hash = $1 and t.organization_id = $2 and t.session_id = $3"#,
        &hash[..],
        *organization_id,
        *session_id
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub async fn mark_token_used(tx: &mut TenantTx, hash: &[u8; 32], now: DateTime<Utc>) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update refresh_tokens set used_at = $3 where token_hash = $1 and organization_id = $2",
        &hash[..],
        *organization_id,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Notes a use.
pub async fn touch(tx: &mut TenantTx, id: SessionId, ip: Option<&str>, now: DateTime<Utc>) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update sessions set last_used_at = $3, ip_last = coalesce($4, ip_last)
         where id = $1 and organization_id = $2 and revoked_at is null",
        *id,
        *organization_id,
        now,
        ip
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Ends one session; whose it was, if it lived.
pub async fn revoke(
    tx: &mut TenantTx,
    id: SessionId,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<Option<UserId>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"update sessions set revoked_at = $4, revoked_reason = $3
           where id = $1 and organization_id = $2 and revoked_at is null returning user_id as "user_id: UserId""#,
        *id,
        *organization_id,
        reason,
        now
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Ends all sessions of a login here but the `keep` newest ones; answers the ended ones.
pub async fn revoke_all_but_newest(
    tx: &mut TenantTx,
    user_id: UserId,
    keep: i64,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<Vec<SessionId>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"update sessions set revoked_at = $4, revoked_reason = $3
           where organization_id = $1 and revoked_at is null and id in (
             select id from sessions where organization_id = $1 and user_id = $2 and revoked_at is null
             order by id desc offset $5)
           returning id as "id: SessionId""#,
        *organization_id,
        *user_id,
        reason,
        now,
        keep
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Forgets a login's sessions here that ended before `instant`, their refresh tokens with them.
pub async fn forget_ended_before(tx: &mut TenantTx, user_id: UserId, instant: DateTime<Utc>) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "delete from sessions where organization_id = $1 and user_id = $2 and (revoked_at < $3 or expires_at < $3)",
        *organization_id,
        *user_id,
        instant
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A session with everything that decisions read, one row a role assignment (one row with an empty assignment if none).
pub struct StandingRow {
    pub user_id: UserId,
    pub membership_id: MembershipId,
    pub user_name: String,
    pub user_status: String,
    pub must_change_password: bool,
    pub last_used_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub membership_status: String,
    pub slug: String,
    pub organization_name: String,
    pub organization_status: String,
    pub suspension_mode: Option<String>,
    pub fallback_unit: Option<UnitId>,
    pub role: Option<String>,
    pub is_system: Option<bool>,
    pub permissions: Option<Vec<String>>,
    pub scope_type: Option<String>,
    pub scope_id: Option<Uuid>,
    pub units: Option<Vec<UnitId>>,
    pub effective_from: Option<DateTime<Utc>>,
    pub effective_to: Option<DateTime<Utc>>,
}

pub async fn standing(
    tx: &mut TenantTx,
    organization_id: OrganizationId,
    id: SessionId,
) -> Result<Vec<StandingRow>, DbError> {
    Ok(sqlx::query_as!(
        StandingRow,
        r#"select s.user_id as "user_id: UserId", s.membership_id as "membership_id: MembershipId", u.name as user_name,
             u.status as user_status, u.must_change_password, s.last_used_at, s.expires_at, s.revoked_at,
             m.status as membership_status, o.slug, o.name as organization_name, o.status as organization_status, o.suspension_mode,
             (select f.unit_id from fallback_units f where f.organization_id = s.organization_id) as "fallback_unit: UnitId",
             r.name as "role?", r.is_system as "is_system?", r.permissions as "permissions?",
             a.scope_type as "scope_type?", a.scope_id, a.effective_from, a.effective_to,
             case a.scope_type
               when 'unit' then array(select t.unit_id from unit_trees t
                 where t.organization_id = s.organization_id and t.root_id = a.scope_id)
               when 'team' then array(select distinct t.unit_id from team_units t
                 where t.organization_id = s.organization_id and t.membership_id = s.membership_id)
               when 'unassigned' then array(select distinct t.unit_id from team_units t
                 where t.organization_id = s.organization_id and t.membership_id = s.membership_id)
             end as "units: Vec<UnitId>"
           from sessions s
           join memberships m on m.id = s.membership_id and m.organization_id = s.organization_id
           join organizations o on o.id = s.organization_id
           join users u on u.id = s.user_id
           left join role_assignments a on a.membership_id = s.membership_id and a.organization_id = s.organization_id
           left join roles r on r.id = a.role_id and r.organization_id = a.organization_id
           where s.id = $1 and s.organization_id = $2"#,
        *id,
        *organization_id
    )
    .fetch_all(tx.conn())
    .await?)
}
