//! `erasures`: wishes, when they are due, receipts.

use chrono::{DateTime, Utc};
use kernel::ids::{MembershipId, UserId};
use serde_json::Value;
use sqlx::PgConnection;
use store::{DbError, PlatformTx, TenantTx};
use uuid::Uuid;

/// An erasure about to be asked for.
pub struct NewErasure<'a> {
    pub id: Uuid,
    pub membership_id: MembershipId,
    pub user_id: UserId,
    pub cause: &'a str,
    pub requested_by: Option<Uuid>,
    pub due_at: DateTime<Utc>,
}

/// Asks for an erasure; the one that is open already, brought forward where it is due later.
pub async fn ask_erasure(tx: &mut TenantTx, new: &NewErasure<'_>, now: DateTime<Utc>) -> Result<Uuid, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        "insert into erasures (id, organization_id, membership_id, user_id, cause, requested_by, requested_at, due_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (organization_id, membership_id) where done_at is null and canceled_at is null
           do update set due_at = least(erasures.due_at, excluded.due_at)
         returning id",
        new.id,
        *organization_id,
        *new.membership_id,
        *new.user_id,
        new.cause,
        new.requested_by,
        now,
        new.due_at
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Takes one's own wish to be erased back here.
pub async fn cancel_erasure(tx: &mut TenantTx, user: UserId, now: DateTime<Utc>) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update erasures set canceled_at = $3
         where organization_id = $1 and user_id = $2 and cause = 'own' and done_at is null and canceled_at is null",
        *organization_id,
        *user,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// An erasure with its receipt.
pub struct ErasureRow {
    pub id: Uuid,
    pub user_id: UserId,
    pub cause: String,
    pub requested_by: Option<Uuid>,
    pub requested_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub done_at: Option<DateTime<Utc>>,
    pub canceled_at: Option<DateTime<Utc>>,
    pub number: Option<i32>,
    pub login_erased: bool,
    pub stores: Value,
}

pub async fn erasures(
    tx: &mut TenantTx,
    only: Option<Uuid>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<ErasureRow>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        ErasureRow,
        r#"select id, user_id as "user_id: UserId", cause, requested_by, requested_at, due_at, done_at, canceled_at, number,
             login_erased, stores
           from erasures where organization_id = $1 and ($2::uuid is null or id = $2) and ($3::uuid is null or id < $3)
           order by id desc limit $4"#,
        *organization_id,
        only,
        before,
        limit
    )
    .fetch_all(tx.conn())
    .await?)
}

/// The receipt of what went.
pub async fn close_erasure(
    tx: &mut TenantTx,
    membership: MembershipId,
    number: i32,
    stores: &Value,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update erasures set done_at = $5, number = $3, stores = $4
         where organization_id = $1 and membership_id = $2 and done_at is null and canceled_at is null",
        *organization_id,
        *membership,
        number,
        stores,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// How much of the list beside the database was seen applied here, in bytes.
pub async fn erasures_seen(tx: &mut PlatformTx) -> Result<i64, DbError> {
    Ok(sqlx::query_scalar!("select erasures_seen from installation").fetch_one(tx.conn()).await?)
}

pub async fn note_erasures_seen(tx: &mut PlatformTx, bytes: i64) -> Result<(), DbError> {
    sqlx::query!("update installation set erasures_seen = $1", bytes).execute(tx.conn()).await?;
    Ok(())
}

pub async fn login_was_erased(tx: &mut TenantTx, user: UserId) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update erasures set login_erased = true where organization_id = $1 and user_id = $2 and done_at is not null",
        *organization_id,
        *user
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub async fn schedule_login(
    conn: &mut PgConnection,
    user: UserId,
    due: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    sqlx::query!("select schedule_login_erasure($1, $2, $3) as done", *user, due, now).fetch_one(conn).await?;
    Ok(())
}

/// Whether there was a wish to take back.
pub async fn cancel_login(conn: &mut PgConnection, user: UserId, now: DateTime<Utc>) -> Result<bool, DbError> {
    Ok(sqlx::query_scalar!(r#"select cancel_login_erasure($1, $2) as "canceled!""#, *user, now).fetch_one(conn).await?)
}

pub async fn due_logins(tx: &mut PlatformTx, now: DateTime<Utc>, most: i32) -> Result<Vec<UserId>, DbError> {
    Ok(sqlx::query_scalar!(r#"select user_id as "user_id!: UserId" from due_login_erasures($1, $2)"#, now, most)
        .fetch_all(tx.conn())
        .await?)
}
