//! Links to one blob for a short time, for browsers and providers that cannot send a session.
//!
//! A link is made after the permission check and carries its own proof: an HMAC-SHA-256 over the blob's key (with the
//! organization in it) and the time it ends. It cannot be turned into a link for another blob, organization or time.

use crate::key::BlobKey;
use chrono::{DateTime, Duration, Utc};
use secrecy::{ExposeSecret, SecretSlice};
use subtle::ConstantTimeEq;

/// The longest life of a link.
pub const LONGEST_LIFE: Duration = Duration::minutes(15);

/// Makes and checks links. The previous secret keeps links alive while the secret changes.
#[derive(Clone)]
pub struct LinkSigner {
    current: SecretSlice<u8>,
    previous: Option<SecretSlice<u8>>,
}

/// A secret that is too short to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret for file links has fewer than 32 bytes")]
pub struct ShortSecret;

/// Why a link opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    #[error("the link is malformed")]
    Malformed,
    #[error("the link is not ours")]
    Signature,
    #[error("the link has expired")]
    Expired,
}

/// The parts of a link. Put `key` into the path, `expires` and `signature` into the query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedLink {
    pub key: BlobKey,
    /// Seconds since 1970, UTC.
    pub expires: i64,
    /// 64 lower-case hexadecimal digits.
    pub signature: String,
}

impl SignedLink {
    /// `<key>?expires=<seconds>&signature=<hex>`, to be put behind the address of the files route.
    pub fn path_and_query(&self) -> String {
        format!("{}?expires={}&signature={}", self.key, self.expires, self.signature)
    }
}

impl LinkSigner {
    /// Both secrets need at least 32 random bytes.
    pub fn new(current: &[u8], previous: Option<&[u8]>) -> Result<Self, ShortSecret> {
        let keep = |secret: &[u8]| {
            if secret.len() < 32 { Err(ShortSecret) } else { Ok(SecretSlice::from(secret.to_vec())) }
        };
        Ok(Self { current: keep(current)?, previous: previous.map(keep).transpose()? })
    }

    /// A link that ends after `life` (at most [`LONGEST_LIFE`]).
    pub fn sign(&self, key: BlobKey, now: DateTime<Utc>, life: Duration) -> SignedLink {
        let expires = (now + life.clamp(Duration::zero(), LONGEST_LIFE)).timestamp();
        SignedLink { key, expires, signature: hex::encode(seal(&self.current, &key, expires)) }
    }

    /// The blob that a link opens now. Read it with `Files::open(key.organization(), &key)`.
    pub fn verify(&self, link: &SignedLink, now: DateTime<Utc>) -> Result<BlobKey, LinkError> {
        let mut given = [0; 32];
        hex::decode_to_slice(&link.signature, &mut given).map_err(|_| LinkError::Malformed)?;
        let secrets = std::iter::once(&self.current).chain(self.previous.as_ref());
        let fits = secrets.map(|secret| seal(secret, &link.key, link.expires).ct_eq(&given));
        // No short cut: both secrets are always tried.
        if !bool::from(fits.fold(subtle::Choice::from(0), |any, one| any | one)) {
            return Err(LinkError::Signature);
        }
        if now.timestamp() >= link.expires {
            return Err(LinkError::Expired);
        }
        Ok(link.key)
    }
}

fn seal(secret: &SecretSlice<u8>, key: &BlobKey, expires: i64) -> [u8; 32] {
    let (key, expires) = (key.to_string(), expires.to_be_bytes());
    kernel::token::hmac_sha256(secret.expose_secret(), &[b"balcao file link 1", key.as_bytes(), &expires])
}
