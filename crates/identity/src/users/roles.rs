//! Roles of a person by name, in the default scope of each.

use super::managed::is_admin;
use super::{events, last_admin};
use crate::roles::built_in;
use crate::store::members::{self, NewAssignment};
use crate::store::organizations;
use crate::store::people;
use crate::subject::permissions_of;
use crate::text::folded;
use kernel::access::granting::{Reach, may_grant};
use kernel::ids::{MembershipId, RoleId, UserId};
use kernel::{Ctx, Error, PermissionSet};
use store::TenantTx;
use uuid::Uuid;

/// A role that the caller may give.
pub struct GrantedRole {
    pub id: RoleId,
    pub name: String,
    pub scope_type: &'static str,
}

/// The roles of these names with their default scopes, if the caller may give all of them. Giving `admin` asks for a
/// recent proof of identity.
///
/// # Errors
/// 422 for an unknown role, 403 `GRANT_EXCEEDS_OWN`, 403 `REAUTH_REQUIRED`.
pub async fn grantable(
    ctx: &Ctx,
    tx: &mut TenantTx,
    field: &'static str,
    names: &[String],
) -> Result<Vec<GrantedRole>, Error> {
    let mut granted: Vec<GrantedRole> = Vec::with_capacity(names.len());
    for name in names {
        let Some(row) = organizations::role_by_name(tx, &folded(name.trim())).await? else {
            return Err(Error::invalid_field(field, "ROLE_UNKNOWN", "There is no role of this name."));
        };
        if granted.iter().any(|role| role.id == row.id) {
            continue;
        }
        // Custom roles have no scope of their own: the narrowest useful one.
        let scope_type = built_in(&row.name).filter(|_| row.is_system).map_or("team", |role| role.default_scope);
        let mut held = PermissionSet::EMPTY;
        for permission in permissions_of(&row.name, row.is_system, &row.permissions).iter() {
            if scope_type == "organization" || !permission.definition().organization_only {
                held.insert(permission);
            }
        }
        may_grant(&ctx.subject, &held, &Reach::Organization, None, ctx.now())?;
        if is_admin(&row.name, row.is_system) {
            ctx.require_recent()?;
        }
        granted.push(GrantedRole { id: row.id, name: row.name, scope_type });
    }
    Ok(granted)
}

/// Gives a member these roles.
pub async fn assign(
    ctx: &Ctx,
    tx: &mut TenantTx,
    membership_id: MembershipId,
    roles: &[GrantedRole],
) -> Result<(), Error> {
    for role in roles {
        let id: Uuid = ctx.new_id();
        let granted = NewAssignment {
            id,
            membership_id,
            role_id: role.id,
            scope_type: role.scope_type,
            granted_by: ctx.subject.user_id().map(|user| user.0),
        };
        members::assign(tx, &granted, ctx.now()).await?;
        let event = crate::events::role_assigned(id, membership_id, &role.name, role.scope_type);
        events::append(ctx, tx, event);
    }
    Ok(())
}

/// Makes these the roles of a member: what he has of them stays as it is scoped and dated, the others end.
///
/// # Errors
/// As [`grantable`]; what is taken away must be within the caller's rights too; 409 `LAST_ADMIN`.
pub async fn replace(
    ctx: &Ctx,
    tx: &mut TenantTx,
    member: (MembershipId, UserId),
    names: &[String],
) -> Result<bool, Error> {
    let wanted: Vec<String> = names.iter().map(|name| folded(name.trim())).collect();
    last_admin::lock(tx).await?;
    let held = people::held_roles(tx, member.0).await?;
    let new: Vec<String> =
        names.iter().filter(|name| !held.iter().any(|role| role.name_folded == folded(name.trim()))).cloned().collect();
    let granted = grantable(ctx, tx, "roles", &new).await?;
    let ended: Vec<_> = held.iter().filter(|role| !wanted.contains(&role.name_folded)).collect();
    for role in &ended {
        let permissions = permissions_of(&role.name, role.is_system, &role.permissions);
        may_grant(&ctx.subject, &permissions, &Reach::Organization, None, ctx.now())?;
        people::drop_assignment(tx, role.assignment_id).await?;
        events::append(ctx, tx, events::role_taken(role.assignment_id, member.0, &role.name));
    }
    assign(ctx, tx, member.0, &granted).await?;
    if ended.iter().any(|role| is_admin(&role.name, role.is_system)) {
        last_admin::must_remain(tx, ctx.now()).await?;
    }
    Ok(!(ended.is_empty() && granted.is_empty()))
}
