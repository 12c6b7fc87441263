//! Messaging's acceptance checks, over a real database; every test has an organization of its own.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail the test by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests spawn what shall happen at once, and wait for it")]

mod behalf;
mod departures;
mod harness;
mod inbound;
mod isolation;
mod lists;
mod notes;
mod order;
mod outbound;
mod replies;
mod routes;
mod statuses;
mod updates;
mod work;
