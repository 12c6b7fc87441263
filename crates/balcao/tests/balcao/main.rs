//! The real binary, from outside: as an operator uses it, and under load and kill -9.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests, which may fail by panic"
)]

mod commands;
mod configuration;
mod coverage;
mod database_url;
mod demo;
mod house;
mod keys;
mod place;
mod platform;
mod restoring;
mod serving;
