//! The ground crate `outbound` from outside: what may be called, how calls end, when to try again.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test by panicking")]

mod breaker;
mod calls;
mod canary;
mod guard;
mod retry;
mod signing;
