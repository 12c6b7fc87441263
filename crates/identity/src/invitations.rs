//! Invitations: somebody is asked by mail to become a member, and says yes.
//!
//! The token is 256 random bits, kept as a hash; one lives per person and organization. Who is invited, with which roles
//! and units, stands in the membership, which waits as `invited`.

mod accept;
mod events;
mod expire;
mod lookup;
mod manage;
mod routes;
mod send;

pub use events::EVENTS;
pub(crate) use expire::{expire_job, expire_schedule};
pub(crate) use routes::router;
pub(crate) use send::{Invitee, invite};

use chrono::{DateTime, Duration, Utc};
use kernel::ids::{MembershipId, UnitId, UserId};
use serde::Serialize;
use uuid::Uuid;

/// How long an invitation can be accepted.
pub const LIFE: Duration = Duration::days(7);

/// An invitation with whom it is for.
pub struct InvitationRow {
    pub id: Uuid,
    pub membership_id: MembershipId,
    pub user_id: UserId,
    pub token_hash: Vec<u8>,
    pub status: String,
    pub message: Option<String>,
    pub invited_by: Option<UserId>,
    pub sent_count: i32,
    pub expires_at: DateTime<Utc>,
    pub accepted_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub version: i64,
    pub name: String,
    pub name_norm: String,
    pub email: String,
    pub language: String,
    pub membership_status: String,
    pub roles: Vec<String>,
    pub units: Vec<UnitId>,
}

/// An invitation as those see it who manage people.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct InvitationView {
    pub id: Uuid,
    pub user_id: UserId,
    #[schema(example = "bia@clinica.example")]
    pub email: String,
    pub name: String,
    /// Names.
    #[schema(example = json!(["agent"]))]
    pub roles: Vec<String>,
    pub units: Vec<UnitId>,
    pub message: Option<String>,
    /// pending, accepted, expired or revoked.
    #[schema(example = "pending")]
    pub status: String,
    pub expires_at: DateTime<Utc>,
    pub invited_by: Option<UserId>,
    pub sent_count: i32,
    pub created_at: DateTime<Utc>,
    pub accepted_at: Option<DateTime<Utc>>,
    pub version: i64,
}

impl From<InvitationRow> for InvitationView {
    fn from(row: InvitationRow) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id,
            email: row.email,
            name: row.name,
            roles: row.roles,
            units: row.units,
            message: row.message,
            status: row.status,
            expires_at: row.expires_at,
            invited_by: row.invited_by,
            sent_count: row.sent_count,
            created_at: row.created_at,
            accepted_at: row.accepted_at,
            version: row.version,
        }
    }
}
