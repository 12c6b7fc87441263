//! Contacts' acceptance checks, over a real database; every test has an organization of its own.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests spawn what shall happen at once, and wait for it")]

mod changes;
mod harness;
mod lookup;
mod recognizing;
