//! The audit against a real database: what is kept, that it cannot be changed unseen, who sees it.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test by panicking")]
#![expect(clippy::disallowed_methods, reason = "a test may ask the environment how long its chain shall be")]

mod chain;
mod checkpoints;
mod entries;
mod exports;
mod history;
mod house;
mod million;
#[path = "../../../mail/tests/mail/support.rs"]
#[expect(
    dead_code,
    clippy::expect_used,
    reason = "the mail server of another crate's tests, of which a part is used here"
)]
mod post;
mod tampering;
