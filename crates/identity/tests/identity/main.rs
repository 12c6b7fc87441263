//! The acceptance checks of identity and access, over the real router and a real database.
#![expect(clippy::unwrap_used, reason = "helpers of tests, which may fail by panic")]

mod harness;
mod login;
mod logout;
mod organizations;
mod refresh;
mod rights;
mod throttle;
mod tokens;
mod users;
