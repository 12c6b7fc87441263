//! The ground crate `telemetry` from outside: lines without secrets, metrics, traces.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test by panicking")]

mod log_lines;
mod metrics;
mod redaction;
mod traces;
