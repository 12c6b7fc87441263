//! A person's data: copies of it, and forgetting it.

mod erasures;
mod exports;
mod facts;
mod forgetting;
mod places;
mod records;

pub use erasures::{
    ErasureRow, NewErasure, ask_erasure, cancel_erasure, cancel_login, close_erasure, due_logins, erasures,
    erasures_seen, login_was_erased, note_erasures_seen, schedule_login,
};
pub use exports::{
    ExportRow, NewExport, expire_exports, expired_exports, export, export_fetched, export_ready, insert_export,
};
pub use facts::{LoggedFact, facts_after, sessions};
pub use forgetting::{
    blank_membership, erase_login, forget_acting, forget_audited, forget_author_in_events, forget_credentials,
    forget_kept_answers, forget_sessions, next_number,
};
pub use places::{Place, lock_place, places, set_hold};
pub use records::of_person as records_of_person;
