//! What is shown of it.

use super::Impersonation;
use chrono::{DateTime, Utc};
use kernel::ids::UserId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    Read,
    Write,
}

impl Mode {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// A request for acting in somebody's name and what came of it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ImpersonationView {
    pub id: Uuid,
    /// support or member.
    #[schema(example = "support")]
    pub kind: String,
    /// read or write.
    #[schema(example = "read")]
    pub mode: String,
    /// requested, approved, rejected, started, ended or expired.
    #[schema(example = "requested")]
    pub status: String,
    pub reason: String,
    pub minutes: i16,
    pub by: By,
    /// In whose name.
    pub user_id: Option<UserId>,
    pub requested_at: DateTime<Utc>,
    /// End of the request's time to be answered or started; of the session, once it started.
    pub expires_at: DateTime<Utc>,
    pub decided_by: Option<Uuid>,
    pub decided_at: Option<DateTime<Utc>>,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub ended_by: Option<Uuid>,
}

/// Who really acts.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct By {
    pub id: UserId,
    #[schema(example = "Bruno Lima")]
    pub name: String,
}

impl From<Impersonation> for ImpersonationView {
    fn from(one: Impersonation) -> Self {
        Self {
            id: one.id,
            kind: one.kind,
            mode: one.mode,
            status: one.status,
            reason: one.reason,
            minutes: one.minutes,
            by: By { id: one.by_user_id, name: one.by_name },
            user_id: one.user_id,
            requested_at: one.requested_at,
            expires_at: one.expires_at,
            decided_by: one.decided_by,
            decided_at: one.decided_at,
            started_at: one.started_at,
            ended_at: one.ended_at,
            ended_by: one.ended_by,
        }
    }
}

/// A started one with its access token. There is nothing to refresh: the token is good to the end.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Acting {
    pub impersonation: ImpersonationView,
    pub access_token: String,
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds.
    #[schema(example = 1800)]
    pub expires_in: i64,
}
