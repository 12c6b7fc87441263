//! `one_time_links`: links and codes that prove something once.

use chrono::{DateTime, Utc};
use kernel::ids::UserId;
use serde_json::Value;
use sqlx::PgConnection;
use store::DbError;

/// A living link.
pub struct LinkRow {
    pub user_id: UserId,
    pub data: Value,
}

/// Puts a link in the place of the older one of this purpose and person.
pub async fn put(
    conn: &mut PgConnection,
    user_id: UserId,
    purpose: &str,
    hash: &[u8; 32],
    data: &Value,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), DbError> {
    sqlx::query!(
        "insert into one_time_links (user_id, purpose, token_hash, data, created_at, expires_at) values ($1, $2, $3, $4, $5, $6)
         on conflict (user_id, purpose) do update set token_hash = excluded.token_hash, data = excluded.data, tries = 0,
           created_at = excluded.created_at, expires_at = excluded.expires_at",
        *user_id,
        purpose,
        &hash[..],
        data,
        now,
        expires_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn find(
    conn: &mut PgConnection,
    purpose: &str,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<LinkRow>, DbError> {
    Ok(sqlx::query_as!(
        LinkRow,
        r#"select user_id as "user_id: UserId", data from one_time_links
           where token_hash = $1 and purpose = $2 and $3 < expires_at"#,
        &hash[..],
        purpose,
        now
    )
    .fetch_optional(conn)
    .await?)
}

/// Takes a link away; of two at the same moment one gets it.
pub async fn take(
    conn: &mut PgConnection,
    purpose: &str,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<LinkRow>, DbError> {
    Ok(sqlx::query_as!(
        LinkRow,
        r#"delete from one_time_links where token_hash = $1 and purpose = $2 and $3 < expires_at
           returning user_id as "user_id: UserId", data"#,
        &hash[..],
        purpose,
        now
    )
    .fetch_optional(conn)
    .await?)
}

/// Counts a try at the code of this person; what is kept of it, while tries are left.
pub async fn count_try(
    conn: &mut PgConnection,
    user_id: UserId,
    purpose: &str,
    most: i32,
    now: DateTime<Utc>,
) -> Result<Option<Vec<u8>>, DbError> {
    Ok(sqlx::query_scalar!(
        "update one_time_links set tries = tries + 1
         where user_id = $1 and purpose = $2 and tries < $3 and $4 < expires_at returning token_hash",
        *user_id,
        purpose,
        most,
        now
    )
    .fetch_optional(conn)
    .await?)
}

pub async fn void(conn: &mut PgConnection, user_id: UserId) -> Result<(), DbError> {
    sqlx::query!("delete from one_time_links where user_id = $1", *user_id).execute(conn).await?;
    Ok(())
}

/// Forgets what is over.
pub async fn forget_expired(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<u64, DbError> {
    Ok(sqlx::query!("delete from one_time_links where expires_at <= $1", now).execute(conn).await?.rows_affected())
}
