//! Meta's webhook handshake: GET with `hub.mode`, `hub.verify_token` and `hub.challenge`.

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// A challenge longer than this is no challenge of Meta's (they are about ten digits).
const MAX_CHALLENGE: usize = 1024;

/// Why a handshake is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// Wrong mode or wrong token: 403.
    #[error("mode or verify token is wrong")]
    Forbidden,
    /// The right token, but nothing to echo: 400.
    #[error("challenge is missing or unusable")]
    BadRequest,
}

/// Answers a handshake. `raw_query` is the query string as received, undecoded (names hold a dot, which some frameworks
/// rewrite). `verify_tokens` are the accepted tokens, current and previous; an empty one never matches.
///
/// The text returned must be sent as `text/plain` with `nosniff`: it is the caller's own input.
pub fn answer(raw_query: &str, verify_tokens: &[&str]) -> Result<String, HandshakeError> {
    let parameter = |name: &str| raw_query.split('&').find_map(|pair| value_of(pair, name));
    let mode_ok = parameter("hub.mode").is_some_and(|mode| mode == b"subscribe");
    let given = parameter("hub.verify_token").unwrap_or_default();
    let token_ok = verify_tokens.iter().fold(Choice::from(0), |found, token| found | same(token.as_bytes(), &given));
    if !(mode_ok && bool::from(token_ok)) {
        return Err(HandshakeError::Forbidden);
    }
    let challenge = parameter("hub.challenge").and_then(|bytes| String::from_utf8(bytes).ok());
    challenge.filter(|text| !text.is_empty() && text.len() <= MAX_CHALLENGE).ok_or(HandshakeError::BadRequest)
}

/// Equal and not empty; takes the same time whatever the contents and lengths (digests are compared).
fn same(expected: &[u8], given: &[u8]) -> Choice {
    let usable = Choice::from(u8::from(!expected.is_empty()));
    Sha256::digest(expected).as_slice().ct_eq(Sha256::digest(given).as_slice()) & usable
}

/// The decoded value, if `pair` is `name=value` with that (decoded) name.
fn value_of(pair: &str, name: &str) -> Option<Vec<u8>> {
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    (decode(key)? == name.as_bytes()).then(|| decode(value)).flatten()
}

/// Percent-decoding of a form value (`+` is a space); `None` for a broken escape.
fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let pair = [bytes.next()?, bytes.next()?];
                let mut one = [0u8];
                hex::decode_to_slice(pair, &mut one).ok()?;
                one[0]
            }
            other => other,
        });
    }
    Some(decoded)
}
