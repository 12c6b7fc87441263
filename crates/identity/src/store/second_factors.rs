//! `totp_factors`, `recovery_codes`, `mfa_requirements`.

use chrono::{DateTime, Utc};
use kernel::ids::{MembershipId, UserId};
use store::{DbError, TenantTx};

/// A secret shared with somebody's authenticator app.
pub struct TotpRow {
    pub secret_sealed: Vec<u8>,
    pub confirmed_at: Option<DateTime<Utc>>,
    pub last_step: Option<i64>,
}

/// Kept for this transaction alone: two requests with the same code come one after the other.
pub async fn lock_totp(tx: &mut TenantTx, user_id: UserId) -> Result<Option<TotpRow>, DbError> {
    Ok(sqlx::query_as!(
        TotpRow,
        "select secret_sealed, confirmed_at, last_step from totp_factors where user_id = $1 for update",
        *user_id
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Begins an enrolment; one begun before is forgotten. `false` where a confirmed factor stands in the way.
pub async fn begin_totp(
    tx: &mut TenantTx,
    user_id: UserId,
    secret_sealed: &[u8],
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let done = sqlx::query!(
        "insert into totp_factors (user_id, secret_sealed, created_at) values ($1, $2, $3)
         on conflict (user_id) do update set secret_sealed = excluded.secret_sealed, created_at = excluded.created_at, last_step = null
         where totp_factors.confirmed_at is null",
        *user_id,
        secret_sealed,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that the code of a step was taken; the first one confirms the factor.
pub async fn take_totp_step(tx: &mut TenantTx, user_id: UserId, step: i64, now: DateTime<Utc>) -> Result<(), DbError> {
    sqlx::query!(
        "update totp_factors set last_step = $2, confirmed_at = coalesce(confirmed_at, $3) where user_id = $1",
        *user_id,
        step,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub async fn drop_totp(tx: &mut TenantTx, user_id: UserId) -> Result<bool, DbError> {
    let gone = sqlx::query!("delete from totp_factors where user_id = $1", *user_id).execute(tx.conn()).await?;
    Ok(gone.rows_affected() == 1)
}

/// Puts these codes in the place of all earlier ones.
pub async fn replace_recovery_codes(
    tx: &mut TenantTx,
    user_id: UserId,
    hashes: &[Vec<u8>],
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    drop_recovery_codes(tx, user_id).await?;
    sqlx::query!(
        "insert into recovery_codes (user_id, code_hash, created_at) select $1, hash, $3 from unnest($2::bytea[]) hash",
        *user_id,
        hashes,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub async fn drop_recovery_codes(tx: &mut TenantTx, user_id: UserId) -> Result<(), DbError> {
    sqlx::query!("delete from recovery_codes where user_id = $1", *user_id).execute(tx.conn()).await?;
    Ok(())
}

/// Uses a code up; `false` for one that is unknown or used.
pub async fn use_recovery_code(
    tx: &mut TenantTx,
    user_id: UserId,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let used = sqlx::query!(
        "update recovery_codes set used_at = $3 where user_id = $1 and code_hash = $2 and used_at is null",
        *user_id,
        &hash[..],
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(used.rows_affected() == 1)
}

/// What somebody has to prove himself with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    pub totp_confirmed_at: Option<DateTime<Utc>>,
    pub recovery_codes: i64,
    pub passkeys: i64,
}

pub async fn held(tx: &mut TenantTx, user_id: UserId) -> Result<Held, DbError> {
    Ok(sqlx::query_as!(
        Held,
        r#"select
             (select confirmed_at from totp_factors where user_id = $1) as totp_confirmed_at,
             (select count(*) from recovery_codes where user_id = $1 and used_at is null) as "recovery_codes!",
             (select count(*) from passkeys where user_id = $1) as "passkeys!""#,
        *user_id
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Whom the organization asks for second factors, and since when: the clock starts anew when that changes.
pub async fn follow_requirement(
    tx: &mut TenantTx,
    required_for: &str,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, DbError> {
    let organization_id = tx.organization_id();
    let known =
        sqlx::query!("select required_for, since from mfa_requirements where organization_id = $1", *organization_id)
            .fetch_optional(tx.conn())
            .await?;
    if let Some(known) = known.filter(|known| known.required_for == required_for) {
        return Ok(known.since);
    }
    Ok(sqlx::query_scalar!(
        "insert into mfa_requirements as r (organization_id, required_for, since) values ($1, $2, $3)
         on conflict (organization_id) do update set required_for = excluded.required_for,
           since = case when r.required_for = excluded.required_for then r.since else excluded.since end
         returning since",
        *organization_id,
        required_for,
        now
    )
    .fetch_one(tx.conn())
    .await?)
}

/// When somebody became a member here.
pub async fn member_since(tx: &mut TenantTx, membership_id: MembershipId) -> Result<Option<DateTime<Utc>>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select coalesce(joined_at, created_at) as "since!" from memberships where id = $1 and organization_id = $2"#,
        *membership_id,
        *organization_id
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Whether somebody belongs to the platform's staff.
pub async fn is_staff(tx: &mut TenantTx, user_id: UserId) -> Result<bool, DbError> {
    Ok(sqlx::query_scalar!(r#"select exists (select from platform_staff where user_id = $1) as "is!""#, *user_id)
        .fetch_one(tx.conn())
        .await?)
}
