//! Acceptance and property tests of the vocabulary.
#![expect(clippy::unwrap_used, reason = "helpers of tests, which may fail by panic")]

mod access;
mod cursors;
mod decisions;
mod granting;
mod masks;
mod permissions;
mod texts;
