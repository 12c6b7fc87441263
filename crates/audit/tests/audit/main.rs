//! The audit against a real database: what is kept, that it cannot be changed unseen, who sees it.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test by panicking")]
#![expect(clippy::disallowed_methods, reason = "a test may ask the environment how long its chain shall be")]

mod chain;
mod entries;
mod exports;
mod history;
mod house;
mod million;
mod tampering;
