//! Acting in somebody else's name: platform staff in an organization (support sessions), and one member as another.
//!
//! Both are sessions of the person in whose name they act (for support: the admin who let it in), marked so that every
//! decision, token and audit entry names two persons. What they may never do is in the permission catalogue
//! (`never_impersonated`) and in the middleware; support has rights of its own, not those of the admin.

mod end;
pub mod events;
mod known;
mod member;
mod routes;
mod support;
mod view;

pub use end::{SWEEP, job_kind};
pub use known::support_grant;
pub use routes::router;
pub use view::{Acting, ImpersonationView, Mode};

use chrono::{DateTime, Utc};
use kernel::ids::{MembershipId, SessionId, UserId};
use uuid::Uuid;

/// One of them, as stored.
#[derive(Clone, Debug)]
pub struct Impersonation {
    pub id: Uuid,
    pub kind: String,
    pub mode: String,
    pub status: String,
    pub reason: String,
    pub minutes: i16,
    pub by_user_id: UserId,
    pub by_name: String,
    pub membership_id: Option<MembershipId>,
    /// Of the membership.
    pub user_id: Option<UserId>,
    pub session_id: Option<SessionId>,
    pub requested_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub decided_by: Option<Uuid>,
    pub decided_at: Option<DateTime<Utc>>,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub ended_by: Option<Uuid>,
}
