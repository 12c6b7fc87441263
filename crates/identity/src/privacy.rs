//! What the law gives people (LGPD): a copy of the own data, and being forgotten.

mod archive;
mod erase;
mod events;
mod export;
mod hold;
mod jobs;
mod ledger;
mod records;
mod request;
mod routes;
mod seal;
mod zip;

pub use erase::Erased;
pub use events::EVENTS;
pub(crate) use jobs::{job_kinds, schedules};
pub use ledger::Applied;
pub use records::{RECORDS, Records};
pub(crate) use routes::router;
pub use seal::{PersonKey, Persons};

/// What takes the place of the name of somebody who was erased.
pub(crate) fn shown_as(number: i32) -> String {
    format!("Usuário removido #{number}")
}
