//! `passkeys`, and what sign-in asks with one before the organization is known.

use chrono::{DateTime, Utc};
use kernel::ids::UserId;
use serde_json::Value;
use store::{DbError, PlatformTx, TenantTx};
use uuid::Uuid;

/// A passkey as its owner lists it.
pub struct PasskeyRow {
    pub id: Uuid,
    pub name: String,
    pub created_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
}

pub async fn list(tx: &mut TenantTx, user_id: UserId) -> Result<Vec<PasskeyRow>, DbError> {
    Ok(sqlx::query_as!(
        PasskeyRow,
        "select id, name, created_at, last_used_at from passkeys where user_id = $1 order by created_at, id",
        *user_id
    )
    .fetch_all(tx.conn())
    .await?)
}

/// The credentials themselves, locked: additions of one person come one after the other.
pub async fn lock_credentials(tx: &mut TenantTx, user_id: UserId) -> Result<Vec<Value>, DbError> {
    // The lock of the row of the login, by its key, so that a first passkey waits too.
    sqlx::query!(r#"select pg_advisory_xact_lock(hashtextextended($1::uuid::text, 37)) as "locked: ()""#, *user_id)
        .fetch_one(tx.conn())
        .await?;
    Ok(sqlx::query_scalar!("select credential from passkeys where user_id = $1", *user_id).fetch_all(tx.conn()).await?)
}

/// A passkey about to be added.
pub struct NewPasskey<'a> {
    pub id: Uuid,
    pub user_id: UserId,
    pub credential_id: &'a [u8],
    pub credential: &'a Value,
    pub name: &'a str,
}

/// `false` where this authenticator's credential is known already.
pub async fn insert(tx: &mut TenantTx, new: &NewPasskey<'_>, now: DateTime<Utc>) -> Result<bool, DbError> {
    let done = sqlx::query!(
        "insert into passkeys (id, user_id, credential_id, credential, name, created_at) values ($1, $2, $3, $4, $5, $6)
         on conflict (credential_id) do nothing",
        new.id,
        *new.user_id,
        new.credential_id,
        new.credential,
        new.name,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn rename(tx: &mut TenantTx, user_id: UserId, id: Uuid, name: &str) -> Result<Option<PasskeyRow>, DbError> {
    Ok(sqlx::query_as!(
        PasskeyRow,
        "update passkeys set name = $3 where id = $2 and user_id = $1 returning id, name, created_at, last_used_at",
        *user_id,
        id,
        name
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub async fn remove(tx: &mut TenantTx, user_id: UserId, id: Uuid) -> Result<bool, DbError> {
    let gone = sqlx::query!("delete from passkeys where id = $2 and user_id = $1", *user_id, id).execute(tx.conn());
    Ok(gone.await?.rows_affected() == 1)
}

pub async fn drop_all(tx: &mut TenantTx, user_id: UserId) -> Result<(), DbError> {
    sqlx::query!("delete from passkeys where user_id = $1", *user_id).execute(tx.conn()).await?;
    Ok(())
}

/// A credential about to be used, locked: its counter is read and written by one at a time.
pub struct UsedPasskey {
    pub id: Uuid,
    pub user_id: UserId,
    pub credential: Value,
}

pub async fn lock(tx: &mut TenantTx, credential_id: &[u8]) -> Result<Option<UsedPasskey>, DbError> {
    Ok(sqlx::query_as!(
        UsedPasskey,
        r#"select id, user_id as "user_id: UserId", credential from passkeys where credential_id = $1 for update"#,
        credential_id
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub async fn record_use(
    tx: &mut TenantTx,
    user_id: UserId,
    id: Uuid,
    credential: &Value,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    sqlx::query!(
        "update passkeys set credential = $3, last_used_at = $4 where id = $2 and user_id = $1",
        *user_id,
        id,
        credential,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub async fn user_by_passkey(tx: &mut PlatformTx, credential_id: &[u8]) -> Result<Option<UserId>, DbError> {
    Ok(sqlx::query_scalar!(r#"select user_id as "user_id!: UserId" from user_by_passkey($1)"#, credential_id)
        .fetch_optional(tx.conn())
        .await?)
}
