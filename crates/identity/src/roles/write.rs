//! `create_role`, `copy_role`, `change_role`: custom roles, within what their maker holds.

use super::{Role, RoleView, events, role_by_id};
use crate::limits::{Limit, check};
use crate::store::roles;
use crate::text::folded;
use kernel::access::granting::{Reach, may_grant};
use kernel::ids::RoleId;
use kernel::text::clean_line;
use kernel::{Ctx, Error, ErrorKind, FieldError, Permission, PermissionSet, Resource};
use store::TenantTx;

const DESCRIPTION: usize = 500;

/// A custom role to be made.
#[derive(Clone, Debug)]
pub struct NewRole {
    /// 2 to 50 characters, unique in the organization without case.
    pub name: String,
    pub description: String,
    /// Names of the catalogue.
    pub permissions: Vec<String>,
}

/// What of a custom role changes; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct RoleChanges {
    pub name: Option<String>,
    pub description: Option<String>,
    pub permissions: Option<Vec<String>>,
}

/// Makes a custom role.
///
/// # Errors
/// 403 without `roles.manage`, 403 `GRANT_EXCEEDS_OWN`, 409 `ROLE_NAME_TAKEN`, 409 `LIMIT_REACHED`, 422.
pub async fn create_role(ctx: &Ctx, tx: &mut TenantTx, new: NewRole) -> Result<RoleView, Error> {
    ctx.require(Permission::ROLES_MANAGE, &Resource::organization(ctx.organization_id()))?;
    let name = checked_name(&new.name)?;
    let description = checked_description(&new.description)?;
    let named = checked_permissions("permissions", &new.permissions)?;
    // A role may be assigned anywhere, so its maker must hold everything of it everywhere.
    may_grant(&ctx.subject, &PermissionSet::granting(named.iter().copied()), &Reach::Organization, None, ctx.now())?;
    // Counted one after the other: two that are made at once must not both be the last one allowed.
    check(ctx, tx, Limit::CustomRoles).await?;
    let names: Vec<String> = named.iter().map(|permission| permission.name().to_owned()).collect();
    let id: RoleId = ctx.new_id();
    if !roles::insert(tx, id, &name, &folded(&name), &description, &names, ctx.now()).await? {
        return Err(taken());
    }
    tx.append(ctx, events::created(ctx, id, &name, &names));
    Ok(role_by_id(tx, id).await?.into())
}

/// Makes a custom role that holds what another one holds.
///
/// # Errors
/// As [`create_role`]; 404 for a role that is not there.
pub async fn copy_role(ctx: &Ctx, tx: &mut TenantTx, id: RoleId, name: String) -> Result<RoleView, Error> {
    ctx.require(Permission::ROLES_MANAGE, &Resource::organization(ctx.organization_id()))?;
    let original = role_by_id(tx, id).await?;
    let permissions = if original.is_system {
        original.permissions().iter().map(|permission| permission.name().to_owned()).collect()
    } else {
        original.named
    };
    create_role(ctx, tx, NewRole { name, description: original.description, permissions }).await
}

/// Changes a custom role; holders have the new rights at once.
///
/// # Errors
/// 403 without `roles.manage`, 403 `GRANT_EXCEEDS_OWN` for what is added, 404, 409 `ROLE_IS_SYSTEM`,
/// 409 `ROLE_NAME_TAKEN`, 412 when `expected` is not the version that is there, 422.
pub async fn change_role(
    ctx: &Ctx,
    tx: &mut TenantTx,
    id: RoleId,
    expected: i64,
    changes: RoleChanges,
) -> Result<RoleView, Error> {
    ctx.require(Permission::ROLES_MANAGE, &Resource::organization(ctx.organization_id()))?;
    let role = roles::lock(tx, id).await?.ok_or_else(Error::not_found)?;
    refuse_system(&role)?;
    if role.version != expected {
        return Err(stale());
    }
    let name = changes.name.as_deref().map_or_else(|| Ok(role.name.clone()), checked_name)?;
    let description =
        changes.description.as_deref().map_or_else(|| Ok(role.description.clone()), checked_description)?;
    let names = match &changes.permissions {
        None => role.named.clone(),
        Some(wanted) => {
            let named = checked_permissions("permissions", wanted)?;
            check_added(ctx, &role, &named)?;
            named.iter().map(|permission| permission.name().to_owned()).collect()
        }
    };
    if (&name, &description, &names) == (&role.name, &role.description, &role.named) {
        return Ok(role.into());
    }
    roles::update(tx, id, &name, &folded(&name), &description, &names, ctx.now())
        .await
        .map_err(|error| error.conflict_on("roles_name_key", "ROLE_NAME_TAKEN", TAKEN))?;
    tx.append(ctx, events::updated(ctx, &role, &name, &names));
    Ok(role_by_id(tx, id).await?.into())
}

/// What a role gains must be held by who gives it; what it loses need not.
fn check_added(ctx: &Ctx, role: &Role, named: &[Permission]) -> Result<(), Error> {
    let before = role.permissions();
    let mut added = PermissionSet::EMPTY;
    for permission in PermissionSet::granting(named.iter().copied()).iter().filter(|p| !before.contains(*p)) {
        added.insert(permission);
    }
    may_grant(&ctx.subject, &added, &Reach::Organization, None, ctx.now())
}

pub(super) fn refuse_system(role: &Role) -> Result<(), Error> {
    if role.is_system {
        return Err(Error::new(ErrorKind::Conflict, "ROLE_IS_SYSTEM", "Built-in roles stay as they are; copy it."));
    }
    Ok(())
}

pub(super) fn stale() -> Error {
    Error::new(ErrorKind::PreconditionFailed, "PRECONDITION_FAILED", "It was changed in the meantime; read it again.")
}

const TAKEN: &str = "There is a role of this name; names compare without case.";

fn taken() -> Error {
    Error::new(ErrorKind::Conflict, "ROLE_NAME_TAKEN", TAKEN)
}

fn checked_name(name: &str) -> Result<String, Error> {
    let name = clean_line(name);
    if (2..=50).contains(&name.chars().count()) {
        return Ok(name);
    }
    Err(Error::invalid_field("name", "LENGTH", "2 to 50 characters."))
}

fn checked_description(description: &str) -> Result<String, Error> {
    let description = clean_line(description);
    if description.chars().count() <= DESCRIPTION {
        return Ok(description);
    }
    Err(Error::invalid_field("description", "LENGTH", "At most 500 characters."))
}

/// Permissions by name, sorted, each once. Those of the platform are nobody's to give.
///
/// # Errors
/// 422 `PERMISSION_UNKNOWN`, naming each wrong place.
pub fn checked_permissions(field: &str, names: &[String]) -> Result<Vec<Permission>, Error> {
    let mut known = Vec::with_capacity(names.len());
    let mut wrong = Vec::new();
    for (place, name) in names.iter().enumerate() {
        match Permission::parse(name).filter(|permission| permission.area() != "platform") {
            Some(permission) => known.push(permission),
            None => wrong.push(FieldError {
                field: format!("{field}.{place}").into(),
                code: "PERMISSION_UNKNOWN".into(),
                message: "There is no permission of this name.".into(),
            }),
        }
    }
    if !wrong.is_empty() {
        return Err(Error::invalid(wrong));
    }
    known.sort_unstable();
    known.dedup();
    Ok(known)
}
