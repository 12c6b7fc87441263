//! `ceremonies`: steps of a sign-in that wait for the next one.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use store::DbError;

pub async fn insert(
    conn: &mut PgConnection,
    hash: &[u8; 32],
    purpose: &str,
    sealed: &[u8],
    expires_at: DateTime<Utc>,
) -> Result<(), DbError> {
    sqlx::query!(
        "insert into ceremonies (token_hash, purpose, sealed, expires_at) values ($1, $2, $3, $4)",
        &hash[..],
        purpose,
        sealed,
        expires_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes a step and answers it, if it is still good.
pub async fn take(
    conn: &mut PgConnection,
    hash: &[u8; 32],
    purpose: &str,
    now: DateTime<Utc>,
) -> Result<Option<Vec<u8>>, DbError> {
    Ok(sqlx::query_scalar!(
        "delete from ceremonies where token_hash = $1 and purpose = $2 and expires_at > $3 returning sealed",
        &hash[..],
        purpose,
        now
    )
    .fetch_optional(conn)
    .await?)
}

/// Counts a try and answers the step, unless its tries are used up.
pub async fn count_try(
    conn: &mut PgConnection,
    hash: &[u8; 32],
    purpose: &str,
    tries: i32,
    now: DateTime<Utc>,
) -> Result<Option<Vec<u8>>, DbError> {
    Ok(sqlx::query_scalar!(
        "update ceremonies set tries = tries + 1
         where token_hash = $1 and purpose = $2 and expires_at > $3 and tries < $4 returning sealed",
        &hash[..],
        purpose,
        now,
        tries
    )
    .fetch_optional(conn)
    .await?)
}

/// Forgets steps that nobody went on with.
pub async fn forget_expired(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<u64, DbError> {
    Ok(sqlx::query!("delete from ceremonies where expires_at <= $1", now).execute(conn).await?.rows_affected())
}
