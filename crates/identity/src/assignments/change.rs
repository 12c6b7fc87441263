//! `change_assignment`, `delete_assignment`: other dates, or the end.

use super::assign::{check_dates, exists};
use super::{Assignment, Holder, events, lock_principal};
use crate::roles::{Role, check_grant, role_by_id};
use crate::store::assignments as rows;
use crate::users::last_admin;
use chrono::{DateTime, Utc};
use kernel::{Ctx, Error, ErrorKind, Permission, Resource};
use store::TenantTx;
use uuid::Uuid;

/// What changes; an outer `None` stays, an inner one clears.
#[derive(Clone, Copy, Debug, Default)]
pub struct AssignmentChanges {
    pub effective_from: Option<Option<DateTime<Utc>>>,
    pub effective_to: Option<Option<DateTime<Utc>>>,
}

/// Changes the time of an assignment. Call `rights_changed` after the commit.
///
/// # Errors
/// 403 without `roles.assign`, 403 `GRANT_EXCEEDS_OWN`, 404, 409 `ASSIGNMENT_EXISTS`, 409 `LAST_ADMIN`, 412, 422.
pub async fn change_assignment(
    ctx: &Ctx,
    tx: &mut TenantTx,
    id: Uuid,
    expected: Option<i64>,
    changes: AssignmentChanges,
) -> Result<Assignment, Error> {
    let (before, role) = to_change(ctx, tx, id, expected).await?;
    let after = Assignment {
        effective_from: changes.effective_from.unwrap_or(before.effective_from),
        effective_to: changes.effective_to.unwrap_or(before.effective_to),
        ..before.clone()
    };
    check_dates(after.effective_from, after.effective_to)?;
    check_grant(ctx, tx, &role, &after.scope()?, after.effective_to).await?;
    if rows::overlaps(tx, &after, ctx.now()).await? {
        return Err(exists());
    }
    rows::set_dates(tx, id, after.effective_from, after.effective_to, ctx.now()).await?;
    if role.is_admin() {
        last_admin::must_remain(tx, ctx.now()).await?;
    }
    tx.append(ctx, events::updated(ctx, &before, &after, &role.name));
    Ok(Assignment { version: before.version + 1, ..after })
}

/// Takes a role away. Call `rights_changed` after the commit.
///
/// # Errors
/// 403 without `roles.assign`, 403 `GRANT_EXCEEDS_OWN` (nobody demotes who holds more than he), 404, 409 `LAST_ADMIN`,
/// 412.
pub async fn delete_assignment(ctx: &Ctx, tx: &mut TenantTx, id: Uuid, expected: Option<i64>) -> Result<(), Error> {
    let (assignment, role) = to_change(ctx, tx, id, expected).await?;
    check_grant(ctx, tx, &role, &assignment.scope()?, assignment.effective_to).await?;
    take(ctx, tx, &assignment, &role).await?;
    if role.is_admin() {
        last_admin::must_remain(tx, ctx.now()).await?;
    }
    Ok(())
}

/// Ends an assignment that was read behind [`lock_principal`]. Whoever calls has decided that it may be, and minds the
/// last admin. Call `rights_changed` after the commit.
///
/// # Errors
/// When the database fails.
pub async fn take(ctx: &Ctx, tx: &mut TenantTx, assignment: &Assignment, role: &Role) -> Result<(), Error> {
    rows::delete(tx, assignment.id).await?;
    tx.append(ctx, events::deleted(ctx, assignment, &role.name));
    Ok(())
}

async fn to_change(ctx: &Ctx, tx: &mut TenantTx, id: Uuid, expected: Option<i64>) -> Result<(Assignment, Role), Error> {
    ctx.require(Permission::ROLES_ASSIGN, &Resource::organization(ctx.organization_id()))?;
    let seen = rows::find(tx, id).await?.ok_or_else(Error::not_found)?;
    let holder: Holder = seen.principal()?;
    // The order of locks is the same everywhere: who may be the last admin first, then the holder.
    if role_by_id(tx, seen.role_id).await?.is_admin() {
        last_admin::lock(tx).await?;
    }
    lock_principal(tx, holder).await?;
    // Read again behind the lock: somebody else may have changed or ended it meanwhile.
    let assignment = rows::find(tx, id).await?.ok_or_else(Error::not_found)?;
    if expected.is_some_and(|expected| expected != assignment.version) {
        return Err(Error::new(
            ErrorKind::PreconditionFailed,
            "PRECONDITION_FAILED",
            "It was changed in the meantime; read it again.",
        ));
    }
    let role = role_by_id(tx, assignment.role_id).await?;
    Ok((assignment, role))
}
