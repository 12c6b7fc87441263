//! People on the other side and their addresses: who wrote, and where to answer.
//!
//! Owns the tables `contacts` and `contact_identities`, the permissions of the area `contacts`, the events
//! `contact.*`. No jobs. Reads the view `contact_threads` of messaging. Deliberately
//! absent: conversations (messaging keeps them and asks here), any provider's wire format (connectors hand over a
//! [`Sender`]), merging by itself (duplicates are only suggested).

mod block;
mod card;
mod change_identity;
mod events;
mod learn_address;
mod lookup;
pub mod mask;
pub mod phone;
mod recognize;
mod routes;
mod sender;
mod store;
mod whole_value;

pub use block::{block, is_blocked, unblock};
pub use card::ContactCard;
pub use change_identity::{IdentityMove, change_identity};
pub use events::EVENTS;
pub use learn_address::learn_address;
pub use lookup::{SendAddress, display_names, send_address};
pub use recognize::{Recognized, recognize};
pub use sender::Sender;
pub use whole_value::{WholeValue, look_up};

use ::store::Database;
use audit::Audit;
use kernel::ids::ContactId;
use kernel::{Permission, Resource};
use module::{Module, ResourceKind};
use std::sync::Arc;

/// What this domain brings to the house; `audit` is told who looks whom up.
pub fn module(db: Database, audit: Audit) -> Module {
    Module {
        name: "contacts",
        routes: routes::router(db, audit),
        permissions: PERMISSIONS,
        events: EVENTS,
        resources: vec![contact()],
        ..Module::default()
    }
}

/// Contacts belong to the organization as a whole.
fn contact() -> ResourceKind {
    ResourceKind {
        kind: "contact",
        load: Arc::new(|tx, id| {
            Box::pin(async move {
                let known = store::status(tx, ContactId(id)).await?;
                Ok(known.map(|_| Resource::organization(tx.organization_id())))
            })
        }),
    }
}

const PERMISSIONS: &[Permission] = &[Permission::CONTACTS_VIEW, Permission::CONTACTS_UPDATE];
