//! Roles as they are shown.

use super::Role;
use crate::store::roles;
use chrono::{DateTime, Utc};
use kernel::ids::RoleId;
use kernel::{Ctx, Error, Permission, Resource};
use serde::Serialize;
use store::TenantTx;

/// A role of the organization.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RoleView {
    pub id: RoleId,
    #[schema(example = "Recepção noturna")]
    pub name: String,
    pub description: String,
    /// Built-in: can be neither edited, renamed nor deleted.
    pub is_system: bool,
    /// As named; what they imply is in `effective_permissions`.
    #[schema(example = json!(["messaging.reply"]))]
    pub permissions: Vec<String>,
    #[schema(example = json!(["messaging.reply", "messaging.view"]))]
    pub effective_permissions: Vec<&'static str>,
    /// Where an assignment holds that does not say.
    #[schema(example = "team")]
    pub default_scope: &'static str,
    /// Assignments of it, ended ones too: while there are any it cannot be deleted without `replace_with`.
    pub assignments: i64,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<Role> for RoleView {
    fn from(role: Role) -> Self {
        let held = role.permissions();
        let effective: Vec<&'static str> = held.iter().map(Permission::name).collect();
        let default_scope = role.default_scope();
        Self {
            id: role.id,
            permissions: if role.is_system {
                effective.iter().map(|&name| name.to_owned()).collect()
            } else {
                role.named
            },
            name: role.name,
            description: role.description,
            is_system: role.is_system,
            effective_permissions: effective,
            default_scope,
            assignments: role.assignments,
            version: role.version,
            created_at: role.created_at,
            updated_at: role.updated_at,
        }
    }
}

/// All roles: at most 50 custom ones and the built-in ones, those first.
///
/// # Errors
/// 403 without `roles.view`.
pub async fn list_roles(ctx: &Ctx, tx: &mut TenantTx) -> Result<Vec<RoleView>, Error> {
    ctx.require(Permission::ROLES_VIEW, &Resource::organization(ctx.organization_id()))?;
    Ok(roles::list(tx).await?.into_iter().map(RoleView::from).collect())
}

/// One role.
///
/// # Errors
/// 403 without `roles.view`, 404.
pub async fn find_role(ctx: &Ctx, tx: &mut TenantTx, id: RoleId) -> Result<RoleView, Error> {
    ctx.require(Permission::ROLES_VIEW, &Resource::organization(ctx.organization_id()))?;
    Ok(super::role_by_id(tx, id).await?.into())
}
