//! `signing_keys`.

use chrono::{DateTime, Utc};
use serde_json::Value;
use store::{DbError, PlatformTx};

/// A key that signs or once signed access tokens.
pub struct KeyRow {
    pub kid: String,
    pub state: String,
    pub public_jwk: Value,
    pub private_sealed: Vec<u8>,
    pub created_at: DateTime<Utc>,
    pub activated_at: Option<DateTime<Utc>>,
    pub retiring_at: Option<DateTime<Utc>>,
}

/// All keys that still count, the newest first.
pub async fn living(tx: &mut PlatformTx) -> Result<Vec<KeyRow>, DbError> {
    Ok(sqlx::query_as!(
        KeyRow,
        "select kid, state, public_jwk, private_sealed, created_at, activated_at, retiring_at
         from signing_keys where state <> 'retired' order by created_at desc"
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Lets one node at a time change keys, until the end of the transaction.
pub async fn lock(tx: &mut PlatformTx) -> Result<(), DbError> {
    sqlx::query!("select pg_advisory_xact_lock(7219447)::text as done").fetch_one(tx.conn()).await?;
    Ok(())
}

/// A key about to be published.
pub struct NewKey<'a> {
    pub kid: &'a str,
    pub state: &'a str,
    pub public_jwk: &'a Value,
    pub private_sealed: &'a [u8],
    pub now: DateTime<Utc>,
}

pub async fn insert(tx: &mut PlatformTx, new: &NewKey<'_>) -> Result<(), DbError> {
    sqlx::query!(
        "insert into signing_keys (kid, state, public_jwk, private_sealed, created_at, activated_at)
         values ($1, $2, $3, $4, $5, case when $2::text = 'active' then $5::timestamptz end)",
        new.kid,
        new.state,
        new.public_jwk,
        new.private_sealed,
        new.now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Moves one key on; the instant is kept beside the state it enters.
pub async fn set_state(tx: &mut PlatformTx, kid: &str, state: &str, now: DateTime<Utc>) -> Result<(), DbError> {
    sqlx::query!(
        "update signing_keys set state = $2::text,
           activated_at = case when $2 = 'active' then $3::timestamptz else activated_at end,
           retiring_at = case when $2 = 'retiring' then $3 else retiring_at end,
           retired_at = case when $2 = 'retired' then $3 else retired_at end
         where kid = $1",
        kid,
        state,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
