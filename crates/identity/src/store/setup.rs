//! `setup_token`, and whether it is still needed.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use store::DbError;

pub async fn any_organization(conn: &mut PgConnection) -> Result<bool, DbError> {
    Ok(sqlx::query_scalar!(r#"select any_organization() as "any!""#).fetch_one(conn).await?)
}

/// Replaces the token unless one was used.
pub async fn put(conn: &mut PgConnection, hash: &[u8; 32], now: DateTime<Utc>) -> Result<bool, DbError> {
    let put = sqlx::query!(
        "insert into setup_token as t (token_hash, made_at) values ($1, $2)
         on conflict (one) do update set token_hash = excluded.token_hash, made_at = excluded.made_at where t.used_at is null",
        &hash[..],
        now
    )
    .execute(conn)
    .await?;
    Ok(put.rows_affected() == 1)
}

/// Whether this is the token; its row is locked until the end of the transaction.
pub async fn lock(conn: &mut PgConnection, hash: &[u8; 32]) -> Result<bool, DbError> {
    let fits = sqlx::query_scalar!(
        r#"select token_hash = $1 and used_at is null as "fits!" from setup_token for update"#,
        &hash[..]
    )
    .fetch_optional(conn)
    .await?;
    Ok(fits.unwrap_or(false))
}

pub async fn used(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<(), DbError> {
    sqlx::query!("update setup_token set used_at = $1", now).execute(conn).await?;
    Ok(())
}
