//! People in an organization: login and membership as one object.
//!
//! A login belongs to the installation, a membership to the organization. Whoever is not active here (invited, removed)
//! is known by what the organization typed or last saw, never by what the login says meanwhile.

mod add;
mod avatar;
mod change;
mod create;
mod email;
mod events;
mod fields;
mod first_admin;
pub mod last_admin;
mod leave;
mod managed;
mod order;
mod own;
mod phone;
mod read;
mod register;
mod roles;
mod routes;
mod status;
mod switch;

pub(crate) use add::{NewMember, add_member};
pub use create::{CreatedUser, NewUser, create_user};
pub use events::EVENTS;
pub(crate) use events::{event, membership as membership_event};
pub(crate) use first_admin::{FirstAdmin, first_admin};
pub(crate) use leave::{ALONE, Keep, Left, end_membership};
pub(crate) use managed::{require_managed, require_not_above};
pub(crate) use order::Order;
pub(crate) use read::PageOfPeople;
pub(crate) use read::own_view;
pub use read::{ListUsers, UserView, find_user, list_users};
pub(crate) use register::job_kind as register_job_kind;
pub(crate) use routes::router;

/// A typed name as it is kept, and as it is compared.
pub(crate) fn normal_name(typed: &str) -> Result<(String, String), kernel::Error> {
    fields::name("name", typed)
}

use chrono::{DateTime, Utc};
use kernel::ids::{MembershipId, UnitId, UserId};
use uuid::Uuid;

/// A login and its membership here, as the organization may know it. What of it is shown to whom says [`UserView`].
#[derive(Clone, Debug)]
pub struct Member {
    pub id: UserId,
    pub membership_id: MembershipId,
    pub name: String,
    pub email: String,
    pub email_verified_at: Option<DateTime<Utc>>,
    pub phone_sealed: Option<Vec<u8>>,
    pub signature_sealed: Option<Vec<u8>>,
    pub avatar_file_id: Option<Uuid>,
    pub language: String,
    pub timezone: Option<String>,
    pub last_login_at: Option<DateTime<Utc>>,
    pub display_name: Option<String>,
    pub job_title: Option<String>,
    pub languages: Vec<String>,
    pub status: String,
    pub joined_at: Option<DateTime<Utc>>,
    pub suspended_at: Option<DateTime<Utc>>,
    pub version: i64,
    pub erased_at: Option<DateTime<Utc>>,
    /// Its place in the list it was asked for in.
    pub first: String,
    pub second: String,
    pub roles: Vec<String>,
    pub units: Vec<UnitId>,
}

impl Member {
    /// Whether the login itself may be shown: not before the person came, nor after he left.
    pub fn is_here(&self) -> bool {
        matches!(self.status.as_str(), "active" | "suspended")
    }
}
