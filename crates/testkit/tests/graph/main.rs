//! The fake Graph server keeps to the protocol and makes the trouble it is asked for.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which may fail by panic")]

mod files;
mod sends;
mod webhooks;
mod world;
