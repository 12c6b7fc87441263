//! The event log: appended in the command's transaction, read up to the oldest transaction still running.

mod append;
mod position;
mod read;
mod reader;

pub(crate) use append::{Appended, insert_events};
pub use position::Position;
pub use read::{LoggedEvent, after, epoch, head, in_organization, organization_tail};
pub use reader::{Reader, ReaderRun, Readers};
