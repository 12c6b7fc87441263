//! Somebody acting as somebody else: what stays closed to him whatever the grants say.

use crate::ids::UserId;
use crate::permission::Permission;
use uuid::Uuid;

/// Who acts, and how far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impersonation {
    /// The row that tells reason, approval and end.
    pub id: Uuid,
    pub kind: ImpersonationKind,
    /// The person who really sits there.
    pub by: UserId,
    /// Whether more than looking is allowed: support sessions in mode `write`.
    pub writes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImpersonationKind {
    /// Platform staff in an organization.
    Support,
    /// One member as another, always read only.
    Member,
}

impl ImpersonationKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Support => "support",
            Self::Member => "member",
        }
    }
}

impl Impersonation {
    /// Credentials, factors, keys, roles, billing, exports, erasure, sending to customers and private chats stay
    /// closed (the permissions marked so in the catalogue); without `writes` everything but looking does.
    pub fn allows(&self, action: Permission) -> bool {
        !action.definition().never_impersonated && (self.writes || action.reads())
    }
}
