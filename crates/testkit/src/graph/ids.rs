//! Ids as Meta makes them: awkward on purpose (`+`, `/` and `=` occur), unique within and across fakes.

use std::sync::atomic::Ordering;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::Shared;

/// A message id: `wamid.` and base64.
pub(crate) fn message_id(shared: &Shared) -> String {
    let digest = fresh(shared);
    format!("wamid.{}", STANDARD.encode(digest.get(..25).unwrap_or_default()))
}

/// A media id: digits.
pub(crate) fn media_id(shared: &Shared) -> String {
    let digest = fresh(shared);
    digest.iter().take(16).map(|byte| char::from(b'0' + byte % 10)).collect()
}

/// A trace id for error answers.
pub(crate) fn trace_id(shared: &Shared) -> String {
    let digest = fresh(shared);
    format!("A{}", hex::encode(digest.get(..8).unwrap_or_default()))
}

fn fresh(shared: &Shared) -> Vec<u8> {
    let serial = shared.serial.fetch_add(1, Ordering::SeqCst);
    let origin = format!("{} {} {serial}", std::process::id(), shared.address);
    // The real clock, not the configured one: two runs with the same manual clock must not make the same ids.
    let started = kernel::Clock::system().now().timestamp_micros();
    Sha256::digest(format!("{origin} {started}")).to_vec()
}
