//! What sign-in asks before the organization is known, and the throttle of failed tries.

use chrono::{DateTime, Utc};
use kernel::ids::{MembershipId, OrganizationId, SessionId, UserId};
use store::{DbError, PlatformTx, TenantTx};

/// A login as sign-in needs it.
pub struct Login {
    pub user_id: UserId,
    pub status: String,
    pub password_hash: Option<String>,
    pub last_organization_id: Option<OrganizationId>,
}

pub async fn login_by_email(tx: &mut PlatformTx, email_norm: &str) -> Result<Option<Login>, DbError> {
    Ok(sqlx::query_as!(
        Login,
        r#"select user_id as "user_id!: UserId", status as "status!", password_hash,
             last_organization_id as "last_organization_id: OrganizationId"
           from login_by_email($1)"#,
        email_norm
    )
    .fetch_optional(tx.conn())
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

pub async fn memberships_of(tx: &mut PlatformTx, user_id: UserId) -> Result<Vec<OwnMembership>, DbError> {
    Ok(sqlx::query_as!(
        OwnMembership,
        r#"select membership_id as "membership_id!: MembershipId", organization_id as "organization_id!: OrganizationId",
             membership_status as "membership_status!", slug as "slug!", name as "name!",
             organization_status as "organization_status!", suspension_mode
           from memberships_of($1)"#,
        *user_id
    )
    .fetch_all(tx.conn())
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

/// Notes the sign-in on the login itself, with a better hash if one was made.
pub async fn record_login(
    tx: &mut TenantTx,
    user_id: UserId,
    better_hash: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!("select record_login($1, $2, $3, $4) as done", *user_id, *organization_id, better_hash, now)
        .fetch_one(tx.conn())
        .await?;
    Ok(())
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
pub async fn clear_failures(tx: &mut TenantTx, email_hash: &[u8; 32]) -> Result<(), DbError> {
    sqlx::query!("delete from login_throttles where email_hash = $1", &email_hash[..]).execute(tx.conn()).await?;
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
