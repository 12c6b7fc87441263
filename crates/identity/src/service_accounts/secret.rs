//! The text of an API key: `blc_live_<8 id>_<43 secret>_<6 checksum>`, letters and digits only.
//!
//! The checksum (CRC-32 of everything before it, in base 62) lets scanners of leaked secrets tell a key from chance, and
//! lets us refuse a made-up one without asking the database. The pattern for scanners:
//! `blc_live_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}`. 43 characters of 62 are 256 bits.

use kernel::Ids;
use kernel::token::OpaqueToken;

/// What every key begins with.
pub const PREFIX: &str = "blc_live_";
const ID: usize = 8;
const SECRET: usize = 43;
const CHECKSUM: usize = 6;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A fresh key: what people may see of it, and the whole for the one answer that shows it.
pub fn fresh(ids: &Ids) -> (String, OpaqueToken) {
    let shown = format!("{PREFIX}{}", random_text(ids, ID));
    let body = format!("{shown}_{}", random_text(ids, SECRET));
    let whole = format!("{body}_{}", checksum(&body));
    (shown, OpaqueToken::presented(&whole))
}

/// Whether the text looks like one of our keys, so that it is no access token.
pub fn is_key(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// The key, if its shape and checksum are right.
pub fn parse(text: &str) -> Option<OpaqueToken> {
    let rest = text.strip_prefix(PREFIX)?;
    let mut parts = rest.split('_');
    let fits = [ID, SECRET, CHECKSUM].into_iter().all(|length| {
        parts.next().is_some_and(|part| part.len() == length && part.bytes().all(|b| b.is_ascii_alphanumeric()))
    });
    let (body, given) = text.rsplit_once('_')?;
    (fits && parts.next().is_none() && given == checksum(body)).then(|| OpaqueToken::presented(text))
}

fn random_text(ids: &Ids, length: usize) -> String {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut bytes = [0; 64];
        ids.fill(&mut bytes);
        // 248 is the largest multiple of 62 below 256: what lies above would make some letters likelier.
        let letters = bytes.iter().filter(|byte| **byte < 248).filter_map(|byte| ALPHABET.get(usize::from(byte % 62)));
        text.extend(letters.take(length - text.len()).map(|letter| char::from(*letter)));
    }
    text
}

fn checksum(body: &str) -> String {
    let mut rest = crc32(body.as_bytes());
    let mut digits = [b'0'; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET.get((rest % 62) as usize).copied().unwrap_or(b'0');
        rest /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

/// CRC-32 (ISO-HDLC: reflected polynomial 0xEDB88320).
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_usual_crc() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn a_key_has_the_documented_shape_and_parses_back() {
        let ids = Ids::seeded(1);
        let (shown, key) = fresh(&ids);
        let text = key.expose();
        assert_eq!(text.len(), PREFIX.len() + ID + SECRET + CHECKSUM + 2);
        assert!(text.starts_with(&shown) && is_key(text));
        assert_eq!(parse(text).unwrap().hash(), key.hash());
        assert_ne!(fresh(&ids).1.hash(), key.hash());
    }

    #[test]
    fn one_wrong_letter_is_seen_without_asking() {
        let (_, key) = fresh(&Ids::seeded(2));
        let text = key.expose();
        for place in PREFIX.len()..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[place] = if bytes[place] == b'x' { b'y' } else { b'x' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(parse(&changed).is_none(), "{place}");
        }
        for other in ["", PREFIX, "blc_test_1", &text[..text.len() - 1], &format!("{text}0")] {
            assert!(parse(other).is_none(), "{other}");
        }
    }
}
