//! What an action is about: a thing by its id, read by the domain that has it, or facts of one that is not there yet.

use crate::handle::Identity;
use crate::store::{assignments, roles, service_accounts};
use kernel::ids::{ChannelAccountId, RoleId, UnitId, UserId};
use kernel::{Error, Resource};
use module::ResourceKind;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::TenantTx;
use uuid::Uuid;

/// A thing by `id`, or facts: one of them.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct About {
    #[serde(rename = "type")]
    kind: ResourceType,
    id: Option<Uuid>,
    unit_id: Option<UnitId>,
    channel_account_id: Option<ChannelAccountId>,
    owner_id: Option<UserId>,
    #[serde(default)]
    participants: Vec<UserId>,
}

/// Kinds of things; each with an id is read by the domain that has such things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResourceType {
    /// The organization itself and what belongs to it as a whole: settings, roles, people.
    #[default]
    Organization,
    User,
    Role,
    ServiceAccount,
    Unit,
    ChannelAccount,
    Conversation,
    Message,
    Contact,
    Ticket,
    WorkItem,
    Appointment,
}

impl ResourceType {
    fn as_str(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::User => "user",
            Self::Role => "role",
            Self::ServiceAccount => "service_account",
            Self::Unit => "unit",
            Self::ChannelAccount => "channel_account",
            Self::Conversation => "conversation",
            Self::Message => "message",
            Self::Contact => "contact",
            Self::Ticket => "ticket",
            Self::WorkItem => "work_item",
            Self::Appointment => "appointment",
        }
    }

    /// Whether such things lie in units, channels and hands.
    fn is_scoped(self) -> bool {
        !matches!(self, Self::Organization | Self::User | Self::Role | Self::ServiceAccount)
    }
}

impl About {
    /// What `authorize` reads of it.
    ///
    /// # Errors
    /// 404 for an id of nothing here; 422 for facts beside an id, and for an id of a kind that no domain of this house
    /// has.
    pub(super) async fn resource(&self, identity: &Identity, tx: &mut TenantTx) -> Result<Resource, Error> {
        let facts = Resource {
            organization_id: tx.organization_id(),
            unit_id: self.unit_id,
            channel_account_id: self.channel_account_id,
            owner_id: self.owner_id,
            participants: self.participants.clone(),
            scoped: self.kind.is_scoped(),
        };
        let Some(id) = self.id else { return Ok(facts) };
        let has_facts = facts.unit_id.is_some()
            || facts.channel_account_id.is_some()
            || facts.owner_id.is_some()
            || !facts.participants.is_empty();
        if has_facts {
            return Err(Error::invalid_field("resource.id", "ID_OR_FACTS", "Name a thing, or facts; not both."));
        }
        let kind = identity.resource_kind(self.kind.as_str()).ok_or_else(|| {
            Error::invalid_field("resource.type", "TYPE_WITHOUT_IDS", "Give the facts; there is nothing of this kind.")
        })?;
        (kind.load)(tx, id).await?.ok_or_else(Error::not_found)
    }
}

/// This domain's own things: all of them belong to the organization as a whole.
pub fn resources() -> Vec<ResourceKind> {
    vec![
        ResourceKind {
            kind: ResourceType::Organization.as_str(),
            load: Arc::new(|tx, id| Box::pin(async move { Ok(whole(tx, *tx.organization_id() == id)) })),
        },
        ResourceKind {
            kind: ResourceType::User.as_str(),
            load: Arc::new(|tx, id| {
                Box::pin(async move {
                    let there = assignments::membership_of(tx, UserId(id)).await?.is_some();
                    Ok(whole(tx, there))
                })
            }),
        },
        ResourceKind {
            kind: ResourceType::Role.as_str(),
            load: Arc::new(|tx, id| {
                Box::pin(async move {
                    let there = roles::find(tx, RoleId(id)).await?.is_some();
                    Ok(whole(tx, there))
                })
            }),
        },
        ResourceKind {
            kind: ResourceType::ServiceAccount.as_str(),
            load: Arc::new(|tx, id| {
                Box::pin(async move {
                    let there = service_accounts::find(tx, id).await?.is_some();
                    Ok(whole(tx, there))
                })
            }),
        },
    ]
}

fn whole(tx: &TenantTx, there: bool) -> Option<Resource> {
    there.then(|| Resource::organization(tx.organization_id()))
}
