//! The hub against a real PostgreSQL and real websockets, in one binary.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests, which may fail by panic")]

mod client;
mod delivery;
mod events;
mod handshake;
mod pressure;
mod resume;
mod sessions;
mod sync;
mod transports;
mod world;
