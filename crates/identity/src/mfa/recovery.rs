//! Recovery codes: ten, each good once, shown once and kept as keyed hashes.

use kernel::Ids;
use kernel::token::hmac_sha256;

/// How many are made at a time.
pub const CODES: usize = 10;
/// Ten signs of five bits.
const SIGNS: usize = 10;
/// Crockford's base 32: nothing that is read for something else.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A fresh code: `k3v9q-7m2xd`.
pub fn new_code(ids: &Ids) -> String {
    let mut random = [0u8; SIGNS];
    ids.fill(&mut random);
    let mut code = String::with_capacity(SIGNS + 1);
    for (index, byte) in random.iter().enumerate() {
        if index == SIGNS / 2 {
            code.push('-');
        }
        code.push(char::from(ALPHABET.get(usize::from(byte & 31)).copied().unwrap_or(b'0')));
    }
    code
}

/// What is kept of a code of this person. Case, hyphens, spaces and letters that look alike do not count.
pub fn code_hash(key: &[u8; 32], user: &[u8; 16], typed: &str) -> [u8; 32] {
    let plain: String = typed
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .take(64)
        .map(|c| match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        })
        .collect();
    hmac_sha256(key, &[b"recovery-code", user, plain.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_differ_and_are_read_as_people_type_them() {
        let ids = Ids::seeded(1);
        let codes: BTreeSet<String> = (0..100).map(|_| new_code(&ids)).collect();
        assert_eq!(codes.len(), 100);
        assert!(codes.iter().all(|code| code.len() == 11 && code.as_bytes()[5] == b'-'));
        let (key, ana) = ([1; 32], [2; 16]);
        let kept = code_hash(&key, &ana, "k3v90-1m2xd");
        assert_eq!(code_hash(&key, &ana, " K3V9O LM2XD "), kept);
        assert_ne!(code_hash(&key, &[3; 16], "k3v90-1m2xd"), kept, "of another person");
        assert_ne!(code_hash(&key, &ana, "k3v90-1m2xe"), kept);
    }
}
