//! People in an organization: login and membership as one object.

mod create;
mod read;

pub use create::{CreatedUser, NewUser, create_user};
pub(crate) use read::own_view;
pub use read::{ListUsers, UserView, find_user, list_users};

use chrono::{DateTime, Utc};
use kernel::ids::{MembershipId, UnitId, UserId};

/// A login and its membership here, as stored. What of it is shown to whom says [`UserView`].
#[derive(Clone, Debug)]
pub struct Member {
    pub id: UserId,
    pub membership_id: MembershipId,
    pub name: String,
    pub name_norm: String,
    pub email: String,
    pub email_verified_at: Option<DateTime<Utc>>,
    pub phone: Option<String>,
    pub language: String,
    pub timezone: Option<String>,
    pub last_login_at: Option<DateTime<Utc>>,
    pub display_name: Option<String>,
    pub job_title: Option<String>,
    pub status: String,
    pub joined_at: Option<DateTime<Utc>>,
    pub version: i64,
    pub roles: Vec<String>,
    pub units: Vec<UnitId>,
}
