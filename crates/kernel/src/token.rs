//! Opaque bearer tokens: 256 random bits, shown once, kept as a hash.

use crate::clock::Ids;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// A secret that its holder presents. Not comparable and not printable; compare [`OpaqueToken::hash`]es in the database.
#[derive(Clone)]
pub struct OpaqueToken(SecretString);

impl OpaqueToken {
    /// A fresh token.
    pub fn new(ids: &Ids) -> Self {
        let mut bytes = [0; 32];
        ids.fill(&mut bytes);
        Self::from_bytes(&bytes)
    }

    /// A token as a client presented it; any text is taken, only the right one has a known hash.
    pub fn presented(text: &str) -> Self {
        Self(SecretString::from(text))
    }

    /// The successor that `key` derives from this token: the same for the same token, unguessable without the key.
    /// Lets a repeated refresh answer with the same successor without storing it.
    #[must_use]
    pub fn successor(&self, key: &[u8]) -> Self {
        Self::from_bytes(&hmac_sha256(key, &[b"refresh-successor", self.0.expose_secret().as_bytes()]))
    }

    /// SHA-256 of the text: what is stored.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.expose_secret().as_bytes()).into()
    }

    /// The text for the one answer that shows it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        Self(SecretString::from(URL_SAFE_NO_PAD.encode(bytes)))
    }
}

/// HMAC-SHA-256 (RFC 2104) over the parts, each preceded by its length so that parts cannot run into one another.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes keys of any length, so this cannot fail; the fallback keeps the function total.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
