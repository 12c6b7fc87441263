//! The SQL of this domain.

pub(crate) mod accounts;
pub(crate) mod files;
pub(crate) mod items;
pub(crate) mod kept;
pub(crate) mod raw;
pub(crate) mod secrets;
