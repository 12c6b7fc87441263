//! Checking passwords against stored hashes, several at once.

use super::{Password, PasswordHash};
use base64::Engine as _;
use base64::alphabet::BCRYPT;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use bcrypt::HashParts;
use secrecy::ExposeSecret;
use secrecy::zeroize::Zeroizing;
use std::str::FromStr as _;
use subtle::ConstantTimeEq as _;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// How bcrypt's own base64 writes its bytes.
const ENCODING: GeneralPurpose = GeneralPurpose::new(&BCRYPT, NO_PAD);

/// A password, the hash that it may fit, and who waits to hear it.
pub(super) struct Check {
    pub password: Password,
    pub stored: PasswordHash,
    pub asked_by: oneshot::Sender<bool>,
    /// The place that is free again with the answer.
    pub taken: OwnedSemaphorePermit,
}

impl Check {
    /// Does them and tells; those whose callers went away meanwhile are left out.
    pub fn answer_all(mut checks: Vec<Self>) {
        checks.retain(|check| !check.asked_by.is_closed());
        let pairs: Vec<_> = checks.iter().map(|check| (&check.password, &check.stored)).collect();
        let fits = fit(&pairs);
        for (check, fits) in checks.into_iter().zip(fits) {
            drop(check.taken);
            let _ = check.asked_by.send(fits);
        }
    }
}

/// Whether each password fits its hash; an unreadable hash fits none.
pub(super) fn fit(pairs: &[(&Password, &PasswordHash)]) -> Vec<bool> {
    let mut fits = vec![false; pairs.len()];
    let mut waiting: Vec<(usize, Try)> =
        pairs.iter().enumerate().filter_map(|(n, (password, hash))| Some((n, Try::new(password, hash)?))).collect();
    // Hashes of another cost are of another time, and take another: each cost for itself.
    waiting.sort_by_key(|(_, one)| one.cost);
    for alike in waiting.chunk_by(|(_, one), (_, other)| one.cost == other.cost) {
        let inputs: Vec<_> = alike.iter().map(|(_, one)| (&one.salt, one.typed.as_slice())).collect();
        let ends = bcrypt_lanes::bcrypt(alike.first().map_or(0, |(_, one)| one.cost), &inputs);
        for ((n, one), end) in alike.iter().zip(ends) {
            fits[*n] = end[..23].ct_eq(&one.end).into();
        }
    }
    fits
}

/// What bcrypt is made of.
struct Try {
    cost: u32,
    salt: [u8; 16],
    /// With the zero byte behind it, as far as bcrypt reads.
    typed: Zeroizing<Vec<u8>>,
    /// What is stored of its end: all but the last byte.
    end: [u8; 23],
}

impl Try {
    fn new(password: &Password, hash: &PasswordHash) -> Option<Self> {
        let parts = HashParts::from_str(hash.as_str()).ok().filter(|parts| (4..=31).contains(&parts.get_cost()))?;
        let mut end = [0; 23];
        ENCODING.decode_slice(hash.as_str().get(29..)?, &mut end).ok()?;
        let text = password.0.expose_secret().as_bytes();
        let mut typed = Zeroizing::new(Vec::with_capacity(text.len() + 1));
        typed.extend_from_slice(text);
        typed.push(0);
        typed.truncate(super::MAX_BYTES);
        Some(Self { cost: parts.get_cost(), salt: parts.get_salt_raw(), typed, end })
    }
}
