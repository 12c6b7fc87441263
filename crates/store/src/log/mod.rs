//! The event log: appended in the command's transaction, read up to the oldest transaction still running.

mod append;
mod backlog;
mod origin;
mod position;
mod read;
mod reader;

pub(crate) use append::{Appended, insert_events};
pub(crate) use origin::Origins;
pub use origin::{EventOrigin, take_origin};
pub use position::Position;
pub use read::{LoggedEvent, TextEvent, after, epoch, head, in_organization, organization_tail, texts_after};
pub use reader::{Reader, ReaderRun, Readers};
