//! What must be right before anybody gets a role: for assignments, invitations, new people, service accounts, groups of
//! identity providers.

use super::Role;
use crate::assignments::ScopeRef;
use crate::store::{assignments, roles};
use crate::text::folded;
use chrono::{DateTime, Utc};
use kernel::access::granting::{Reach, may_grant};
use kernel::ids::RoleId;
use kernel::{Ctx, Error, PermissionSet};
use store::TenantTx;

/// The role of this name, compared without case and accents.
///
/// # Errors
/// 422 `ROLE_UNKNOWN` on `field`.
pub async fn role_named(tx: &mut TenantTx, field: &'static str, name: &str) -> Result<Role, Error> {
    roles::by_name(tx, &folded(name.trim()))
        .await?
        .ok_or_else(|| Error::invalid_field(field, "ROLE_UNKNOWN", "There is no role of this name."))
}

/// The role of this id.
///
/// # Errors
/// 404.
pub async fn role_by_id(tx: &mut TenantTx, id: RoleId) -> Result<Role, Error> {
    roles::find(tx, id).await?.ok_or_else(Error::not_found)
}

/// Whether the caller may hand out this role in this scope until then: only within what he holds himself, and `admin`
/// only after a recent proof of identity. Says nothing about `roles.assign` or `users.manage`: whoever calls asks those.
///
/// # Errors
/// 403 `GRANT_EXCEEDS_OWN` with `exceeding`; 403 `REAUTH_REQUIRED`.
pub async fn check_grant(
    ctx: &Ctx,
    tx: &mut TenantTx,
    role: &Role,
    scope: &ScopeRef,
    until: Option<DateTime<Utc>>,
) -> Result<(), Error> {
    let reach = match scope {
        ScopeRef::Unit(unit) => Reach::Units(assignments::unit_tree(tx, *unit).await?),
        _ => Reach::Organization,
    };
    may_grant(&ctx.subject, &taking_effect(role, scope), &reach, until, ctx.now())?;
    if role.is_admin() { ctx.require_recent() } else { Ok(()) }
}

/// What of a role takes effect in a scope: organization-only permissions are inert in narrower ones.
pub fn taking_effect(role: &Role, scope: &ScopeRef) -> PermissionSet {
    let mut given = PermissionSet::EMPTY;
    for permission in role.permissions().iter() {
        if *scope == ScopeRef::Organization || !permission.definition().organization_only {
            given.insert(permission);
        }
    }
    given
}
