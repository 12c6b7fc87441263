//! testkit

pub mod graph;
