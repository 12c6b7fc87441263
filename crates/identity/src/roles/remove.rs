//! `delete_role`, `replace_role`: a role that is in use goes only with another one in its place.

use super::write::{refuse_system, stale};
use super::{Role, check_grant, events};
use crate::assignments::{self, ScopeRef};
use crate::store::{assignments as rows, roles};
use kernel::ids::RoleId;
use kernel::{Ctx, Error, ErrorKind, Permission, Resource};
use store::TenantTx;

/// Deletes a custom role that nobody has.
///
/// # Errors
/// 403 without `roles.manage`, 404, 409 `ROLE_IS_SYSTEM`, 409 `ROLE_IN_USE` with the number of `assignments`, 412.
pub async fn delete_role(ctx: &Ctx, tx: &mut TenantTx, id: RoleId, expected: Option<i64>) -> Result<(), Error> {
    let role = to_delete(ctx, tx, id, expected).await?;
    if role.assignments > 0 {
        return Err(Error::new(ErrorKind::Conflict, "ROLE_IN_USE", "Somebody has this role; say `replace_with`.")
            .with("assignments", role.assignments));
    }
    roles::delete(tx, id).await?;
    tx.append(ctx, events::deleted(ctx, &role, None));
    Ok(())
}

/// Deletes a custom role; who had it has `replacement` from now on, in the same scopes and for the same time.
///
/// # Errors
/// As [`delete_role`] but for `ROLE_IN_USE`; 403 `GRANT_EXCEEDS_OWN`; 422 for a replacement that is not there.
pub async fn replace_role(
    ctx: &Ctx,
    tx: &mut TenantTx,
    id: RoleId,
    expected: Option<i64>,
    replacement: RoleId,
) -> Result<(), Error> {
    let role = to_delete(ctx, tx, id, expected).await?;
    let replacement = roles::find(tx, replacement)
        .await?
        .filter(|found| found.id != id)
        .ok_or_else(|| Error::invalid_field("replace_with", "ROLE_UNKNOWN", "There is no such other role."))?;
    check_grant(ctx, tx, &replacement, &ScopeRef::Organization, None).await?;
    for assignment in rows::of_role(tx, id).await? {
        assignments::lock_principal(tx, assignment.principal()?).await?;
        // Where the holder has the replacement there already, the old one just ends.
        let doubled = rows::overlaps(tx, &assignment.as_of(replacement.id), ctx.now()).await?;
        rows::delete(tx, assignment.id).await?;
        tx.append(ctx, assignments::events::deleted(ctx, &assignment, &role.name));
        if !doubled {
            let moved = assignment.moved_to(replacement.id, ctx);
            rows::insert(tx, &moved, ctx.now()).await?;
            tx.append(ctx, assignments::events::created(ctx, &moved, &replacement.name));
        }
    }
    roles::delete(tx, id).await?;
    tx.append(ctx, events::deleted(ctx, &role, Some(&replacement.name)));
    Ok(())
}

async fn to_delete(ctx: &Ctx, tx: &mut TenantTx, id: RoleId, expected: Option<i64>) -> Result<Role, Error> {
    ctx.require(Permission::ROLES_MANAGE, &Resource::organization(ctx.organization_id()))?;
    let role = roles::lock(tx, id).await?.ok_or_else(Error::not_found)?;
    refuse_system(&role)?;
    if expected.is_some_and(|expected| expected != role.version) {
        return Err(stale());
    }
    Ok(role)
}
