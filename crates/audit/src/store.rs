//! The SQL of this domain.

mod checkpoints;
mod entries;
mod exports;
mod history;
mod values;

pub use checkpoints::{checkpoints_after, insert_checkpoint, last_checkpoint_number, retention_checkpoints};
pub use entries::{
    Filter, find, has_event, hash_of, insert, last_link, links_after, list, lock_chain, organizations, seq_at, was_read,
};
pub use exports::{Export, Made, expire_exports, export, insert_export, make_ready};
pub use history::{history, insert_history};
pub use values::{NewValue, StoredValue, forget, insert_values, prune, values_of};
