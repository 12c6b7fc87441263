//! The list form of a decision.

use super::Resource;
use crate::ids::{ChannelAccountId, UnitId, UserId};

/// The list form of a decision, ready for SQL: a row passes if any part holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Visibility {
    pub everything: bool,
    pub units: Vec<UnitId>,
    /// Rows without a unit pass too (they count as the fallback unit's).
    pub without_unit: bool,
    pub channel_accounts: Vec<ChannelAccountId>,
    /// Rows that `me` owns or takes part in.
    pub own: bool,
    pub unassigned_units: Vec<UnitId>,
    pub unassigned_without_unit: bool,
    pub me: Option<UserId>,
}

impl Visibility {
    /// Whether no row can pass.
    pub fn is_empty(&self) -> bool {
        !self.everything
            && self.units.is_empty()
            && self.channel_accounts.is_empty()
            && !self.own
            && self.unassigned_units.is_empty()
    }

    /// The row rule itself; SQL filters say the same.
    pub fn admits(&self, resource: &Resource) -> bool {
        let mine = |user: &UserId| self.me.as_ref() == Some(user);
        self.everything
            || match resource.unit_id {
                Some(unit) => self.units.contains(&unit),
                None => resource.scoped && self.without_unit,
            }
            || resource.channel_account_id.is_some_and(|account| self.channel_accounts.contains(&account))
            || (self.own && (resource.owner_id.as_ref().is_some_and(mine) || resource.participants.iter().any(mine)))
            || (resource.scoped
                && resource.owner_id.is_none()
                && match resource.unit_id {
                    Some(unit) => self.unassigned_units.contains(&unit),
                    None => self.unassigned_without_unit,
                })
    }
}
