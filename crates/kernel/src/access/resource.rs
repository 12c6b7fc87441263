//! What an action is about.

use crate::ids::{ChannelAccountId, OrganizationId, UnitId, UserId};

/// What an action is about. Leave out what the thing does not have.
#[derive(Clone, Debug)]
pub struct Resource {
    pub organization_id: OrganizationId,
    pub unit_id: Option<UnitId>,
    pub channel_account_id: Option<ChannelAccountId>,
    pub owner_id: Option<UserId>,
    /// Participants, followers and creator.
    pub participants: Vec<UserId>,
    /// Whether scopes narrower than the organization mean something for it.
    pub scoped: bool,
}

impl Resource {
    /// The organization itself, or something that belongs to it as a whole (settings, a list of roles, a user).
    pub fn organization(organization_id: OrganizationId) -> Self {
        Self {
            organization_id,
            unit_id: None,
            channel_account_id: None,
            owner_id: None,
            participants: Vec::new(),
            scoped: false,
        }
    }

    /// Something that lies in a unit (`None` counts as the fallback unit) and may have an owner.
    pub fn in_unit(organization_id: OrganizationId, unit_id: Option<UnitId>) -> Self {
        Self { unit_id, scoped: true, ..Self::organization(organization_id) }
    }
}
