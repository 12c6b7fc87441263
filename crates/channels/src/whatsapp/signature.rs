//! `X-Hub-Signature-256`: HMAC-SHA256 of the raw body with the app secret.
//!
//! Over the bytes as received, before any parsing: Meta escapes `/` and everything outside of ASCII, so parsing and
//! writing again never gives the same bytes.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// The header, lower case.
pub const HEADER: &str = "x-hub-signature-256";

const PREFIX: &[u8] = b"sha256=";

/// Why a body is not taken for genuine. All of them are answered 401 with nothing stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("the signature header is missing")]
    Missing,
    /// Wrong prefix, length or digits.
    #[error("the signature header is malformed")]
    Malformed,
    #[error("the signature does not match")]
    Mismatch,
}

/// Checks a body against every accepted secret (current and previous), each compared in constant time and none
/// skipped. Upper case hex digits are accepted: they say the same bytes. An empty secret never matches.
pub fn verify(header: Option<&[u8]>, raw: &[u8], secrets: &[&[u8]]) -> Result<(), SignatureError> {
    let header = header.ok_or(SignatureError::Missing)?;
    let digits = header.strip_prefix(PREFIX).ok_or(SignatureError::Malformed)?;
    let mut given = [0u8; 32];
    hex::decode_to_slice(digits, &mut given).map_err(|_| SignatureError::Malformed)?;
    let genuine = secrets.iter().filter(|secret| !secret.is_empty()).fold(Choice::from(0), |found, secret| {
        found | digest(secret, raw).map_or(Choice::from(0), |expected| expected.as_slice().ct_eq(given.as_slice()))
    });
    if bool::from(genuine) { Ok(()) } else { Err(SignatureError::Mismatch) }
}

/// The header's value for a body: what Meta would send. For simulation.
pub fn sign(secret: &[u8], raw: &[u8]) -> String {
    format!("sha256={}", digest(secret, raw).map(hex::encode).unwrap_or_default())
}

/// `appsecret_proof`: hex HMAC-SHA256 of the access token with the app secret, optional on every call.
pub fn appsecret_proof(secret: &[u8], access_token: &str) -> String {
    digest(secret, access_token.as_bytes()).map(hex::encode).unwrap_or_default()
}

/// HMAC takes a key of any length, so `None` cannot happen; if it did, no signature would match.
fn digest(secret: &[u8], message: &[u8]) -> Option<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    mac.update(message);
    Some(mac.finalize().into_bytes().into())
}
