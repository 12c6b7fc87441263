//! People on the other side and their addresses: who wrote, and where to answer.
//!
//! Owns the tables `contacts` and `contact_identities`, the permissions of the area `contacts`, the events
//! `contact.*`. No jobs, no settings yet. Deliberately absent: conversations (messaging keeps them and asks here), any
//! provider's wire format (connectors hand over a [`Sender`]), merging by itself (duplicates are only suggested).

mod block;
mod card;
mod change_identity;
mod events;
mod learn_address;
mod lookup;
pub mod mask;
pub mod phone;
mod recognize;
mod sender;
mod store;

pub use block::{block, is_blocked, unblock};
pub use card::ContactCard;
pub use change_identity::{IdentityMove, change_identity};
pub use events::EVENTS;
pub use learn_address::learn_address;
pub use lookup::{SendAddress, display_names, send_address};
pub use recognize::{Recognized, recognize};
pub use sender::Sender;

use kernel::Permission;
use module::Module;

/// What this domain brings to the house.
pub fn module() -> Module {
    Module { name: "contacts", permissions: PERMISSIONS, events: EVENTS, ..Module::default() }
}

const PERMISSIONS: &[Permission] = &[Permission::CONTACTS_VIEW, Permission::CONTACTS_UPDATE];
