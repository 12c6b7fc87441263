//! Answers kept under an `Idempotency-Key`, in the transaction of their effect: either both are there or neither is.
//!
//! What is kept cannot be read from the database: of the key and the request it holds digests only, and the answer is
//! sealed with a key made of the two. Whoever repeats the request brings what opens it.

use crate::error::DbError;
use crate::platform_tx::PlatformTx;
use crate::tenant_tx::TenantTx;
use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use chrono::{DateTime, Duration, Utc};
use kernel::ids::OrganizationId;
use kernel::token::hmac_sha256;
use uuid::Uuid;

const NONCE: usize = 12;

/// How long a key is remembered.
pub const LIFE: Duration = Duration::hours(24);

/// Whose key, for which route.
#[derive(Clone, Debug)]
pub struct KeyOf<'a> {
    pub principal_id: Uuid,
    pub key: &'a str,
    /// Method and path.
    pub route: &'a str,
    /// SHA-256 of what makes two requests the same.
    pub fingerprint: [u8; 32],
}

impl KeyOf<'_> {
    /// What the key is found by.
    fn name(&self, organization: OrganizationId) -> String {
        let digest = self.derived(organization, b"name", b"");
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What tells another request under the same key.
    fn request(&self, organization: OrganizationId) -> [u8; 32] {
        self.derived(organization, b"request", &self.fingerprint)
    }

    /// The answer and a nonce of its own: a digest, since the key is random to whoever does not have it, and the same
    /// answer may look the same.
    fn seal(&self, organization: OrganizationId, answer: &[u8]) -> Result<Vec<u8>, DbError> {
        let key = self.derived(organization, b"answer", &self.fingerprint);
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&hmac_sha256(&key, &[b"nonce", answer])[..NONCE]);
        let text = Aes256Gcm::new(&key.into()).encrypt(&Nonce::from(nonce), answer).map_err(|_| unreadable())?;
        Ok([&nonce[..], &text].concat())
    }

    fn open(&self, organization: OrganizationId, sealed: &[u8]) -> Result<Vec<u8>, DbError> {
        let key = self.derived(organization, b"answer", &self.fingerprint);
        let (nonce, text) = sealed.split_first_chunk::<NONCE>().ok_or_else(unreadable)?;
        Aes256Gcm::new(&key.into()).decrypt(&Nonce::from(*nonce), text).map_err(|_| unreadable())
    }

    fn derived(&self, organization: OrganizationId, purpose: &[u8], more: &[u8]) -> [u8; 32] {
        let (principal, route) = (self.principal_id.as_bytes(), self.route.as_bytes());
        hmac_sha256(self.key.as_bytes(), &[purpose, organization.as_bytes(), principal, route, more])
    }
}

fn unreadable() -> DbError {
    DbError(sqlx::Error::Decode("a kept answer does not open".into()))
}

/// What is known of a key.
#[derive(Debug)]
pub enum Reservation {
    /// It is this transaction's.
    Fresh,
    /// It has an answer.
    Answered(KeptAnswer),
    /// The transaction that took it did not end within the lock timeout. This transaction can only be dropped.
    Running,
    /// It was used with another request.
    Reused,
}

/// An answer as the client got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Takes the key in the transaction of the effect. A duplicate waits here for the first request's end: if that one
/// rolls back, the key is this one's; if it commits, its answer comes back.
///
/// # Errors
/// When a statement fails.
pub async fn reserve(tx: &mut TenantTx, of: &KeyOf<'_>, now: DateTime<Utc>) -> Result<Reservation, DbError> {
    match take(tx, of, now).await {
        Ok(true) => return Ok(Reservation::Fresh),
        Ok(false) => {}
        Err(error) if is_lock_timeout(&error) => return Ok(Reservation::Running),
        Err(error) => return Err(error),
    }
    let organization = tx.organization_id();
    let kept = sqlx::query!(
        "select fingerprint, status, headers, body from idempotency_keys
         where organization_id = $1 and principal_id = $2 and route = $3 and key = $4",
        *organization,
        of.principal_id,
        of.route,
        of.name(organization)
    )
    .fetch_optional(tx.conn())
    .await?;
    // Forgotten between the two statements, or committed without an answer: the client comes again.
    let Some(kept) = kept else { return Ok(Reservation::Running) };
    if kept.fingerprint != of.request(organization) {
        return Ok(Reservation::Reused);
    }
    let Some(status) = kept.status.and_then(|status| u16::try_from(status).ok()) else {
        return Ok(Reservation::Running);
    };
    let headers = kept.headers.and_then(|headers| serde_json::from_value(headers).ok()).unwrap_or_default();
    let body = of.open(organization, &kept.body.unwrap_or_default())?;
    Ok(Reservation::Answered(KeptAnswer { status, headers, body }))
}

/// Keeps the answer.
///
/// # Errors
/// When the statement fails.
pub async fn keep(tx: &mut TenantTx, of: &KeyOf<'_>, answer: &KeptAnswer) -> Result<(), DbError> {
    let organization = tx.organization_id();
    sqlx::query!(
        "update idempotency_keys set status = $5, headers = $6, body = $7
         where organization_id = $1 and principal_id = $2 and route = $3 and key = $4",
        *organization,
        of.principal_id,
        of.route,
        of.name(organization),
        i16::try_from(answer.status).unwrap_or(500),
        serde_json::to_value(&answer.headers).unwrap_or_default(),
        of.seal(organization, &answer.body)?
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Forgets keys older than their life.
///
/// # Errors
/// When the statement fails.
pub async fn forget_old(tx: &mut PlatformTx, now: DateTime<Utc>) -> Result<u64, DbError> {
    let gone =
        sqlx::query!("delete from idempotency_keys where created_at < $1", now - LIFE).execute(tx.conn()).await?;
    Ok(gone.rows_affected())
}

/// Whether the key is now this transaction's: it was free, or older than its life.
async fn take(tx: &mut TenantTx, of: &KeyOf<'_>, now: DateTime<Utc>) -> Result<bool, DbError> {
    let organization = tx.organization_id();
    let taken = sqlx::query!(
        "insert into idempotency_keys (organization_id, principal_id, key, route, fingerprint, created_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (organization_id, principal_id, route, key) do update
           set fingerprint = excluded.fingerprint, created_at = excluded.created_at,
             status = null, headers = null, body = null
           where idempotency_keys.created_at < $7",
        *organization,
        of.principal_id,
        of.name(organization),
        of.route,
        &of.request(organization)[..],
        now,
        now - LIFE
    )
    .execute(tx.conn())
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// SQLSTATE 55P03: the wait for the other transaction was given up.
fn is_lock_timeout(error: &DbError) -> bool {
    matches!(&error.0, sqlx::Error::Database(error) if error.code().is_some_and(|code| code == "55P03"))
}
