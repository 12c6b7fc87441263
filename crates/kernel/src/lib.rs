//! The vocabulary of the house, without input or output.
//!
//! Owns: typed ids, the clock and the id source, the error that crosses borders, pages and cursors, permissions and
//! `authorize`, the event envelope, opaque tokens, sealed cursors.
//! Absent on purpose: database connections, HTTP types, configuration, anything that waits.

pub mod access;
pub mod audited;
pub mod clock;
pub mod ctx;
pub mod cursor;
pub mod error;
pub mod event;
pub mod ids;
pub mod instant;
pub mod masks;
pub mod page;
pub mod permission;
pub mod text;
pub mod token;

pub use access::{Decision, Deny, Grant, Principal, Resource, Scope, Subject, Visibility, authorize, visible};
pub use clock::{Clock, Ids};
pub use ctx::{Ctx, Origin};
pub use error::{Denied, Error, ErrorKind, FieldError};
pub use event::{Actor, ActorKind, Audience, NewEvent, StreamRef};
pub use page::{Page, PageRequest};
pub use permission::{Permission, PermissionSet};
