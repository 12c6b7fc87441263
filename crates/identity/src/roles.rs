//! Roles: sets of permissions with a name. Built-in ones come with the product, custom ones belong to an organization.
//! A role says what, an assignment (`assignments/`) says to whom, where and when.

mod built_in;
mod catalogue;
pub mod events;
mod grant;
mod read;
mod remove;
mod routes;
mod words;
mod write;

pub use built_in::{BUILT_IN, BuiltInRole, built_in};
pub use catalogue::{PermissionView, catalogue};
pub use grant::{check_grant, role_by_id, role_named, taking_effect};
pub use read::{RoleView, find_role, list_roles};
pub use remove::{delete_role, replace_role};
pub use routes::router;
pub use write::{NewRole, RoleChanges, change_role, checked_permissions, copy_role, create_role};

use crate::subject::permissions_of;
use chrono::{DateTime, Utc};
use kernel::PermissionSet;
use kernel::ids::RoleId;

/// A role as stored.
#[derive(Clone, Debug)]
pub struct Role {
    pub id: RoleId,
    pub name: String,
    pub description: String,
    pub is_system: bool,
    /// As named; empty for built-in roles.
    pub named: Vec<String>,
    pub version: i64,
    /// Assignments of it, ended ones too.
    pub assignments: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Role {
    /// What it holds, with everything that is implied.
    pub fn permissions(&self) -> PermissionSet {
        permissions_of(&self.name, self.is_system, &self.named)
    }

    /// Where an assignment holds that does not say: a custom role in the units of its holder, the narrowest useful one.
    pub fn default_scope(&self) -> &'static str {
        built_in(&self.name).filter(|_| self.is_system).map_or("team", |role| role.default_scope)
    }

    /// Whether it is the built-in role that must never be without a holder.
    pub fn is_admin(&self) -> bool {
        self.is_system && self.name == "admin"
    }
}
