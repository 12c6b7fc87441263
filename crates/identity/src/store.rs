//! The SQL of this domain.

pub mod keys;
pub mod members;
pub mod organizations;
pub mod sessions;
pub mod sign_in;
