//! Organizations: what they are called, what state they are in, how they begin and how they end.

mod archive;
mod change;
mod close;
mod dns;
mod domain_upkeep;
mod domains;
mod erase;
pub mod events;
mod export;
mod founding;
mod jobs;
mod keys;
mod letters;
mod routes;
mod setup;
mod slugs;
mod staff;
mod status;
mod view;

pub use change::{OrganizationChange, change_organization};
pub use close::{close_organization, reopen_organization};
pub use dns::TxtLookup;
pub use domains::{DomainView, NewDomain, Purpose, add_domain, list_domains, remove_domain, verify_domain};
pub use export::{ExportView, request_export};
pub use founding::{FirstAdmin, Founded, Founder, Founding};
pub use jobs::{job_kinds, schedules};
pub use routes::router;
pub use setup::SetupToken;
pub use slugs::RESERVED_SLUGS;
pub use staff::{OrganizationPatch, StaffOrganization, change_by_staff, list_for_staff};
pub use status::{Mode, StatusChange, change_status};
pub use view::{OrganizationDetails, OwnOrganization, find_organization, own_organizations};

pub(crate) use slugs::check_slug;

use crate::store::organizations as rows;
use kernel::{Error, ErrorKind};
use store::TenantTx;

/// Where the organization is (ISO 3166).
///
/// # Errors
/// When the statement fails.
pub async fn country(tx: &mut TenantTx) -> Result<Option<String>, Error> {
    Ok(rows::country(tx).await?)
}

/// A job of another domain's: an organization whose intake was kept is back, and what was kept is to be worked on.
/// `channels` registers its handler.
pub const RESUMED: &str = "organization.resumed";

/// Somebody else was faster.
pub(crate) fn stale() -> Error {
    Error::new(ErrorKind::PreconditionFailed, "PRECONDITION_FAILED", "It was changed in the meantime; read it again.")
}
