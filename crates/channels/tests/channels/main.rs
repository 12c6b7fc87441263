//! The channels crate against its protocol fixtures and properties.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which may fail by panic")]

mod accounts;
mod errors;
mod files;
mod fixtures;
mod graph;
mod handshake;
mod intake;
mod items;
mod kept;
mod normalize;
mod robustness;
mod sends;
mod signature;
mod summary;
mod window;
mod world;
