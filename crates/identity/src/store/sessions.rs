//! `sessions` and `refresh_tokens`.

use chrono::{DateTime, Utc};
use kernel::ids::{MembershipId, SessionId, UserId};
use store::{DbError, TenantTx};

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
    pub authenticated_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    /// Without use it ends after this.
    pub idle_minutes: i32,
}

pub async fn insert(tx: &mut TenantTx, new: &NewSession<'_>) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "insert into sessions (id, organization_id, membership_id, user_id, device_name, user_agent, ip_first, ip_last, amr,
           created_at, authenticated_at, last_used_at, expires_at, idle_minutes)
         values ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $12, $9, $10, $11)",
        *new.id,
        *organization_id,
        *new.membership_id,
        *new.user_id,
        new.device_name,
        new.user_agent,
        new.ip,
        new.amr,
        new.now,
        new.expires_at,
        new.idle_minutes,
        new.authenticated_at
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
    pub created_at: DateTime<Utc>,
    pub last_used_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub idle_minutes: i32,
    pub revoked_at: Option<DateTime<Utc>>,
}

pub async fn lock(tx: &mut TenantTx, id: SessionId) -> Result<Option<SessionRow>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        SessionRow,
        r#"select id as "id: SessionId", membership_id as "membership_id: MembershipId", user_id as "user_id: UserId", amr,
             authenticated_at, created_at, last_used_at, expires_at, idle_minutes, revoked_at
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

/// What the settings of now make of a session: its idle time and its end.
pub async fn adjust(
    tx: &mut TenantTx,
    id: SessionId,
    idle_minutes: i32,
    expires_at: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update sessions set idle_minutes = $3, expires_at = $4 where id = $1 and organization_id = $2",
        *id,
        *organization_id,
        idle_minutes,
        expires_at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Notes what a person proved himself with, besides what he did at the sign-in.
pub async fn set_amr(tx: &mut TenantTx, id: SessionId, amr: &[String]) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update sessions set amr = $3 where id = $1 and organization_id = $2 and revoked_at is null",
        *id,
        *organization_id,
        amr
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

/// The person proved again who he is, in these ways.
pub async fn authenticated_again(
    tx: &mut TenantTx,
    id: SessionId,
    adds: &[String],
    ip: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update sessions set authenticated_at = $3, last_used_at = $3, ip_last = coalesce($5, ip_last),
           amr = amr || array(select a from unnest($4::text[]) a where a <> all (amr))
         where id = $1 and organization_id = $2 and revoked_at is null",
        *id,
        *organization_id,
        now,
        adds,
        ip
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
