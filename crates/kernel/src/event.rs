//! Facts: what commands append to the event log and what readers and clients see of it.

use crate::ids::{ChannelAccountId, UnitId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Actor {
    pub kind: ActorKind,
    pub id: Option<Uuid>,
}

impl Actor {
    /// The product itself.
    pub const SYSTEM: Self = Self { kind: ActorKind::System, id: None };

    pub fn contact(id: Uuid) -> Self {
        Self { kind: ActorKind::Contact, id: Some(id) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    User,
    ServiceAccount,
    Contact,
    Flow,
    Attendant,
    Automation,
    System,
}

impl ActorKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::ServiceAccount => "service_account",
            Self::Contact => "contact",
            Self::Flow => "flow",
            Self::Attendant => "attendant",
            Self::Automation => "automation",
            Self::System => "system",
        }
    }
}

/// The thing whose story an event belongs to; `seq` is its place there, where the thing counts (messages).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StreamRef {
    #[schema(value_type = String, example = "conversation")]
    pub kind: std::borrow::Cow<'static, str>,
    pub id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
}

/// Who may see an event, as facts about the resource at that moment; `authorize` decides with it at delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audience {
    /// Permission that the receiver needs, e.g. `messaging.view`. Without it only `only_user` may see the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_id: Option<UnitId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_account_id: Option<ChannelAccountId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<UserId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub participants: Vec<UserId>,
    /// Set where one person alone may see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_user: Option<UserId>,
}

/// A fact about to be appended in the command's transaction.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// `domain.action`, e.g. `message.created`.
    pub kind: &'static str,
    /// Version of the shape of `data`.
    pub version: i16,
    pub stream: StreamRef,
    pub actor: Actor,
    pub audience: Audience,
    pub data: serde_json::Value,
}
