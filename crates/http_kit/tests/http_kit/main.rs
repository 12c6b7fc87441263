//! The HTTP face as clients meet it: over the assembled router, and over real sockets where time limits matter.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail the test by panicking")]

mod answers;
mod documents;
mod extractors;
mod health;
mod limits;
mod problems;
mod repeats;
mod sockets;
mod support;
mod traces;
