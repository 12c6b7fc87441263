//! What sign-in asks before the organization is known, and the throttle of failed tries.

use chrono::{DateTime, Utc};
use kernel::ids::{MembershipId, OrganizationId, SessionId, UserId};
use sqlx::PgConnection;
use store::{DbError, PlatformTx, TenantTx};

/// A login as the person himself is known by it.
#[derive(Clone)]
pub struct Login {
    pub user_id: UserId,
    pub status: String,
    pub email: String,
    pub email_norm: String,
    pub email_verified_at: Option<DateTime<Utc>>,
    pub name: String,
    pub language: String,
    pub timezone: Option<String>,
    pub password_hash: Option<String>,
    pub password_changed_at: Option<DateTime<Utc>>,
    pub must_change_password: bool,
    pub last_login_at: Option<DateTime<Utc>>,
    pub last_organization_id: Option<OrganizationId>,
}

pub async fn login_by_email(conn: &mut PgConnection, email_norm: &str) -> Result<Option<Login>, DbError> {
    Ok(sqlx::query_as!(
        Login,
        r#"select user_id as "user_id!: UserId", status as "status!", email as "email!", email_norm as "email_norm!",
             email_verified_at, name as "name!", language as "language!", timezone, password_hash, password_changed_at,
             must_change_password as "must_change_password!", last_login_at,
             last_organization_id as "last_organization_id: OrganizationId"
           from login_by_email($1)"#,
        email_norm
    )
    .fetch_optional(conn)
    .await?)
}

pub async fn login_by_id(conn: &mut PgConnection, user_id: UserId) -> Result<Option<Login>, DbError> {
    Ok(sqlx::query_as!(
        Login,
        r#"select user_id as "user_id!: UserId", status as "status!", email as "email!", email_norm as "email_norm!",
             email_verified_at, name as "name!", language as "language!", timezone, password_hash, password_changed_at,
             must_change_password as "must_change_password!", last_login_at,
             last_organization_id as "last_organization_id: OrganizationId"
           from login_by_id($1)"#,
        *user_id
    )
    .fetch_optional(conn)
    .await?)
}

/// A person's place in one organization, as the person himself may know it.
#[derive(Clone, Debug)]
pub struct OwnMembership {
    pub membership_id: MembershipId,
    pub organization_id: OrganizationId,
    pub membership_status: String,
    pub slug: String,
    pub name: String,
    pub organization_status: String,
    pub suspension_mode: Option<String>,
}

pub async fn memberships_of(conn: &mut PgConnection, user_id: UserId) -> Result<Vec<OwnMembership>, DbError> {
    Ok(sqlx::query_as!(
        OwnMembership,
        r#"select membership_id as "membership_id!: MembershipId", organization_id as "organization_id!: OrganizationId",
             membership_status as "membership_status!", slug as "slug!", name as "name!",
             organization_status as "organization_status!", suspension_mode
           from memberships_of($1)"#,
        *user_id
    )
    .fetch_all(conn)
    .await?)
}

pub async fn session_by_refresh_token(
    tx: &mut PlatformTx,
    hash: &[u8; 32],
) -> Result<Option<(OrganizationId, SessionId)>, DbError> {
    let row = sqlx::query!(
        r#"select organization_id as "organization_id!: OrganizationId", session_id as "session_id!: SessionId"
           from session_by_refresh_token($1)"#,
        &hash[..]
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| (row.organization_id, row.session_id)))
}

/// Notes the sign-in on the login itself, with a better hash if one was made. `false` where the password changed, or the
/// login was closed, since it was looked at. Others that change the password wait until this transaction ends.
pub async fn record_sign_in(
    tx: &mut TenantTx,
    login: &Login,
    better_hash: Option<&str>,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select record_sign_in($1, $2, $3, $4, $5) as "done!""#,
        *login.user_id,
        *organization_id,
        login.password_hash,
        better_hash,
        now
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Failed tries for one typed e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failures {
    pub failures: i32,
    pub first_failure_at: DateTime<Utc>,
    pub blocked_until: Option<DateTime<Utc>>,
}

pub async fn failures(tx: &mut PlatformTx, email_hash: &[u8; 32]) -> Result<Option<Failures>, DbError> {
    Ok(sqlx::query_as!(
        Failures,
        "select failures, first_failure_at, blocked_until from login_throttles where email_hash = $1",
        &email_hash[..]
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// The same, kept for this transaction alone until its end: parallel tries are counted one after the other.
pub async fn lock_failures(
    tx: &mut PlatformTx,
    email_hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Failures, DbError> {
    Ok(sqlx::query_as!(
        Failures,
        "insert into login_throttles as t (email_hash, failures, first_failure_at) values ($1, 0, $2)
         on conflict (email_hash) do update set failures = t.failures
         returning failures, first_failure_at, blocked_until",
        &email_hash[..],
        now
    )
    .fetch_one(tx.conn())
    .await?)
}

pub async fn save_failures(tx: &mut PlatformTx, email_hash: &[u8; 32], failures: &Failures) -> Result<(), DbError> {
    sqlx::query!(
        "update login_throttles set failures = $2, first_failure_at = $3, blocked_until = $4 where email_hash = $1",
        &email_hash[..],
        failures.failures,
        failures.first_failure_at,
        failures.blocked_until
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Forgets the failures of an e-mail.
pub async fn clear_failures(conn: &mut PgConnection, email_hash: &[u8; 32]) -> Result<(), DbError> {
    sqlx::query!("delete from login_throttles where email_hash = $1", &email_hash[..]).execute(conn).await?;
    Ok(())
}

/// Forgets what no longer counts, so that made-up addresses do not fill the table.
pub async fn forget_failures_before(tx: &mut PlatformTx, instant: DateTime<Utc>) -> Result<u64, DbError> {
    let gone = sqlx::query!(
        "delete from login_throttles where first_failure_at < $1 and (blocked_until is null or blocked_until < $1)",
        instant
    )
    .execute(tx.conn())
    .await?;
    Ok(gone.rows_affected())
}

/// Notes that a person signs in from a device; whether it was never seen before.
pub async fn see_device(
    tx: &mut TenantTx,
    user_id: UserId,
    device_hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    Ok(sqlx::query_scalar!(
        r#"insert into known_devices as d (user_id, device_hash, first_seen_at, last_seen_at) values ($1, $2, $3, $3)
           on conflict (user_id, device_hash) do update set last_seen_at = excluded.last_seen_at
           returning xmax = 0 as "is_new!""#,
        *user_id,
        &device_hash[..],
        now
    )
    .fetch_one(tx.conn())
    .await?)
}

/// The address of a login was proven. Whether it was not before.
pub async fn email_verified(conn: &mut PgConnection, user_id: UserId, now: DateTime<Utc>) -> Result<bool, DbError> {
    Ok(sqlx::query_scalar!(r#"select email_verified($1, $2) as "done!""#, *user_id, now).fetch_one(conn).await?)
}

/// From now on only the change of the password is allowed.
pub async fn must_change_password(conn: &mut PgConnection, user_id: UserId) -> Result<(), DbError> {
    sqlx::query!("select must_change_password($1) as done", *user_id).fetch_one(conn).await?;
    Ok(())
}

/// The present hash and the newest earlier ones, `how_many` in all.
pub async fn known_hashes(conn: &mut PgConnection, user_id: UserId, how_many: i32) -> Result<Vec<String>, DbError> {
    Ok(sqlx::query_scalar!(r#"select known_hashes as "hash!" from known_hashes($1, $2)"#, *user_id, how_many)
        .fetch_all(conn)
        .await?)
}

/// A new password of the person's own choice; `keep` earlier hashes are remembered.
pub async fn set_password(
    conn: &mut PgConnection,
    user_id: UserId,
    hash: &str,
    keep: i32,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    sqlx::query!("select set_password($1, $2, $3, $4) as done", *user_id, hash, keep, now).fetch_one(conn).await?;
    Ok(())
}

/// Ends all sessions of a person, in every organization, but one.
pub async fn end_sessions(
    conn: &mut PgConnection,
    user_id: UserId,
    but: Option<SessionId>,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<Vec<(OrganizationId, SessionId)>, DbError> {
    let rows = sqlx::query!(
        r#"select organization_id as "organization_id!: OrganizationId", session_id as "session_id!: SessionId"
           from end_sessions_of($1, $2, $3, $4)"#,
        *user_id,
        but.map(|id| id.0),
        reason,
        now
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.organization_id, row.session_id)).collect())
}

/// The time zone of the organization of this transaction.
pub async fn zone(tx: &mut TenantTx) -> Result<Option<String>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!("select timezone from organizations where id = $1", *organization_id)
        .fetch_optional(tx.conn())
        .await?)
}
