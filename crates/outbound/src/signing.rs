//! Signatures of webhooks by the Standard Webhooks specification 1.0 (symmetric, version `v1`): HMAC-SHA-256 over
//! `id.timestamp.body`, secrets written as `whsec_` and base64, two live secrets while one is being replaced.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::Sha256;
use std::time::Duration;

/// Header names of the specification.
pub const ID_HEADER: &str = "webhook-id";
/// Seconds since 1970, UTC.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// Space-separated `v1,<base64>` entries.
pub const SIGNATURE_HEADER: &str = "webhook-signature";
/// How far a timestamp may lie in the past or the future.
pub const TOLERANCE: Duration = Duration::from_secs(300);

const PREFIX: &str = "whsec_";

/// One secret. Neither printable nor comparable.
#[derive(Clone)]
pub struct WebhookSecret(SecretSlice<u8>);

/// A text that is no secret of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    #[error("a webhook secret begins with whsec_")]
    Prefix,
    #[error("a webhook secret is base64 after whsec_")]
    Encoding,
    #[error("a webhook secret has 24 to 64 bytes")]
    Length,
}

impl WebhookSecret {
    /// From random bytes; the specification asks for 24 to 64.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SecretError> {
        if (24..=64).contains(&bytes.len()) {
            Ok(Self(SecretSlice::from(bytes.to_vec())))
        } else {
            Err(SecretError::Length)
        }
    }

    /// From its written form.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let encoded = text.strip_prefix(PREFIX).ok_or(SecretError::Prefix)?;
        Self::from_bytes(&STANDARD.decode(encoded).map_err(|_| SecretError::Encoding)?)
    }

    /// The written form, for the one answer that shows it.
    pub fn to_text(&self) -> SecretString {
        SecretString::from(format!("{PREFIX}{}", STANDARD.encode(self.0.expose_secret())))
    }

    fn mac(&self, id: &str, timestamp: i64, body: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret()).ok()?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        Some(mac)
    }
}

/// The values of the three headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHeaders {
    pub id: String,
    pub timestamp: String,
    pub signature: String,
}

/// Why a delivery cannot be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a webhook id is 1 to 256 printable ASCII characters without a dot or space")]
pub struct IdError;

/// Why a delivery is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    #[error("a signature header is malformed")]
    Malformed,
    #[error("the timestamp is too far from now")]
    Timestamp,
    #[error("no signature fits")]
    Mismatch,
}

/// Signs with every live secret and accepts any of them.
#[derive(Clone)]
pub struct Signer {
    current: WebhookSecret,
    previous: Option<WebhookSecret>,
}

impl Signer {
    /// `previous` is the secret that is being replaced, while both are live.
    pub fn new(current: WebhookSecret, previous: Option<WebhookSecret>) -> Self {
        Self { current, previous }
    }

    /// The headers for one delivery. A repeat keeps its id and takes a new time.
    pub fn sign(&self, id: &str, at: DateTime<Utc>, body: &[u8]) -> Result<SignedHeaders, IdError> {
        if !is_id(id) {
            return Err(IdError);
        }
        let timestamp = at.timestamp();
        let signatures = self.secrets().filter_map(|secret| secret.mac(id, timestamp, body));
        let signatures = signatures.map(|mac| format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())));
        let signature = signatures.collect::<Vec<_>>().join(" ");
        Ok(SignedHeaders { id: id.to_owned(), timestamp: timestamp.to_string(), signature })
    }

    /// Checks a delivery against every live secret, in constant time for each entry. Entries of unknown versions are
    /// skipped, as the specification asks.
    pub fn verify(
        &self,
        headers: &SignedHeaders,
        body: &[u8],
        now: DateTime<Utc>,
        tolerance: Duration,
    ) -> Result<(), VerifyError> {
        let timestamp: i64 = headers.timestamp.parse().map_err(|_| VerifyError::Malformed)?;
        // Only our own spelling of the number: the signed text is rebuilt from it.
        if !is_id(&headers.id) || timestamp.to_string() != headers.timestamp {
            return Err(VerifyError::Malformed);
        }
        if now.timestamp().abs_diff(timestamp) > tolerance.as_secs() {
            return Err(VerifyError::Timestamp);
        }
        let entries = headers.signature.split(' ').filter_map(|entry| entry.strip_prefix("v1,"));
        for given in entries.filter_map(|encoded| STANDARD.decode(encoded).ok()).take(8) {
            for secret in self.secrets() {
                let mac = secret.mac(&headers.id, timestamp, body);
                if mac.is_some_and(|mac| mac.verify_slice(&given).is_ok()) {
                    return Ok(());
                }
            }
        }
        Err(VerifyError::Mismatch)
    }

    fn secrets(&self) -> impl Iterator<Item = &WebhookSecret> {
        std::iter::once(&self.current).chain(self.previous.as_ref())
    }
}

/// No dot (it separates the signed parts) and nothing that a header or log line could choke on.
fn is_id(id: &str) -> bool {
    (1..=256).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'.')
}
