//! What is remembered of who did what: the security audit and the history of records.
//!
//! Owns the tables `audit_entries`, `audit_values`, `audit_checkpoints`, `audit_heads`, `audit_exports` and
//! `record_history`; the readers `audit.entries` and `audit.history`, which hear the event log; the jobs `audit.export`,
//! `audit.upkeep` and `audit.deliver_heads`. Asks for
//! `audit.view` and `audit.export`. Other domains append events and know nothing of this crate, except for reads, which
//! change nothing and are handed to [`Audit::note_read`].
//! Absent on purpose: any way to change an entry (the product's role may only add; removing is another role's, behind two
//! functions), personal values in the chain, message text, secrets.

pub mod chain;
mod checkpoint;
mod entry;
mod export;
mod handle;
mod head;
mod history;
mod list;
mod module;
mod reads;
mod record;
mod retention;
mod routes;
mod store;
mod verify;

pub use self::module::module;
pub use chain::{Broken, Checker, Link};
pub use checkpoint::{HeadsOut, HeadsWebhook};
pub use entry::{EntryActor, EntryView};
pub use export::{Manifest, SignedManifest, check_export};
pub use handle::{Audit, AuditParts, Sight};
pub use head::{Head, PublicKey, SignedHead};
pub use verify::{Span, Verdict};
