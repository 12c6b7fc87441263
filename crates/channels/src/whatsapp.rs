//! The WhatsApp Business Cloud API (Meta Graph): pure functions between raw bytes and the connector contract.
//!
//! Everything Meta-specific lives below this module: handshake, signature, the shapes of webhooks and answers, error
//! codes, limits, and which wire field carries which form of an address. No HTTP, no database, no clock in here.

pub mod errors;
pub mod graph;
pub mod handshake;
pub mod normalize;
pub mod signature;
pub mod window;
