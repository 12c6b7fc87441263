//! Blobs: the bytes of attachments and exports, kept outside the database.
//!
//! Owns: where blobs lie and who may read them ([`Files`], [`BlobKey`]), what they are ([`sniff`]), what they are called
//! ([`name`]), how they are served ([`disposition`], [`range`]) and links that need no session ([`link`]).
//! First version: a folder on this machine. Absent on purpose: tables (the domain that owns an attachment keeps its
//! row), permissions (checked before a link is made), fetching, and for now S3, scanning and re-encoding.

pub mod disposition;
mod key;
pub mod link;
pub mod name;
pub mod range;
pub mod sniff;
mod store;
mod write;

pub use key::BlobKey;
pub use store::{Files, GetError, OpenBlob};
pub use write::{Declared, NewBlob, PutError, StoredBlob};
