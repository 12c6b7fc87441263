//! One entry as it is shown.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

/// Who did what to what, with what result.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct EntryView {
    pub id: Uuid,
    /// Place in the chain; without holes.
    pub seq: i64,
    pub at: DateTime<Utc>,
    #[schema(example = "auth.login_failed")]
    pub action: String,
    #[schema(example = "auth")]
    pub category: String,
    pub actor: EntryActor,
    /// Who acted in the actor's name.
    pub impersonator_id: Option<Uuid>,
    #[schema(example = "user")]
    pub resource_type: String,
    pub resource_id: Uuid,
    /// success, denied or failed.
    #[schema(example = "failed")]
    pub result: String,
    /// `null` where it is not known or was erased.
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: String,
    /// Joins request, events and jobs: that of the request that began it all.
    pub correlation_id: String,
    #[schema(value_type = Object)]
    pub details: Box<RawValue>,
    /// Salted SHA-256 of each personal value, hexadecimal.
    #[schema(value_type = Object)]
    pub commitments: Box<RawValue>,
    /// Hexadecimal.
    pub prev_hash: String,
    /// Hexadecimal.
    pub hash: String,
}

/// user, `service_account`, automation, flow, attendant, contact or system.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditActor)]
pub struct EntryActor {
    #[schema(example = "user")]
    pub kind: String,
    pub id: Option<Uuid>,
}
