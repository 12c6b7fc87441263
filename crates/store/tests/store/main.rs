//! Everything of `store` that needs a real PostgreSQL, in one binary.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "helpers of tests, which may fail by panic"
)]

mod coalescing;
mod embedded;
mod event_log;
mod gates;
mod house;
mod jobs;
mod readers;
mod reading;
mod sealing;
mod tenancy;
