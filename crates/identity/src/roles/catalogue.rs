//! The permission catalogue as clients read it.

use super::words::{Words, words};
use crate::assignments::ScopeType;
use kernel::{Ctx, Error, Permission, Resource};
use serde::Serialize;

/// One permission.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PermissionView {
    #[schema(example = "messaging.reply")]
    pub name: &'static str,
    #[schema(example = "messaging")]
    pub area: &'static str,
    #[schema(example = "reply")]
    pub action: &'static str,
    pub description: Words,
    /// Permissions that holding this one includes.
    #[schema(example = json!(["messaging.view"]))]
    pub implies: Vec<&'static str>,
    /// `manage` does not include it: it must be granted by name.
    pub by_name: bool,
    /// Takes effect only in an assignment at organization scope.
    pub organization_only: bool,
    /// Asks for a recent proof of identity.
    pub needs_recent_authentication: bool,
    /// Scopes that mean something for it.
    pub scopes: Vec<ScopeType>,
}

/// The catalogue, without the permissions of the platform's staff.
///
/// # Errors
/// 403 without `roles.view`.
pub fn catalogue(ctx: &Ctx) -> Result<Vec<PermissionView>, Error> {
    ctx.require(Permission::ROLES_VIEW, &Resource::organization(ctx.organization_id()))?;
    Ok(Permission::all().filter(|permission| permission.area() != "platform").map(view).collect())
}

fn view(permission: Permission) -> PermissionView {
    let definition = permission.definition();
    let implied = Permission::all().filter(|other| *other != permission && permission.implies(*other));
    PermissionView {
        name: permission.name(),
        area: permission.area(),
        action: permission.action(),
        description: words(permission),
        implies: implied.map(Permission::name).collect(),
        by_name: definition.by_name,
        organization_only: definition.organization_only,
        needs_recent_authentication: definition.recent,
        scopes: scopes(permission),
    }
}

fn scopes(permission: Permission) -> Vec<ScopeType> {
    let mut scopes = vec![ScopeType::Organization];
    if permission.definition().organization_only {
        return scopes;
    }
    scopes.extend([ScopeType::Unit, ScopeType::Team]);
    if matches!(permission.area(), "messaging" | "channels" | "templates" | "contacts") {
        scopes.push(ScopeType::ChannelAccount);
    }
    if matches!(permission.area(), "messaging" | "contacts" | "tickets" | "work" | "appointments" | "leaves") {
        scopes.push(ScopeType::Own);
    }
    if matches!(permission.area(), "messaging" | "tickets" | "work") {
        scopes.push(ScopeType::Unassigned);
    }
    scopes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_has_its_own_words_in_three_languages() {
        let mut seen = std::collections::HashSet::new();
        for permission in Permission::all() {
            let words = words(permission);
            for text in [&words.pt_br, &words.en, &words.es] {
                assert!(text.len() > 5 && !text.contains("??"), "{permission:?}: {text}");
                assert!(seen.insert(text.clone()) || words.pt_br == words.es, "{permission:?}: {text} twice");
            }
        }
    }

    #[test]
    fn organization_only_permissions_name_one_scope() {
        assert_eq!(scopes(Permission::ROLES_ASSIGN), [ScopeType::Organization]);
        assert!(scopes(Permission::MESSAGING_REPLY).contains(&ScopeType::Unassigned));
    }
}
