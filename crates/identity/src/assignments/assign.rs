//! `assign`: a role for somebody, somewhere, for a time. Whatever else gives roles (people who are made or changed,
//! groups of identity providers) ends in [`give`] too, so that there is one rule for what holds twice.

use super::{Assignment, Holder, ScopeRef, events, lock_principal};
use crate::roles::{Role, check_grant};
use crate::store::assignments as rows;
use chrono::{DateTime, Utc};
use kernel::{Ctx, Error, ErrorKind, FieldError, Permission, Resource};
use store::TenantTx;
use uuid::Uuid;

/// What is to be assigned. Check the scope first ([`ScopeRef::checked`]).
pub struct Wanted<'a> {
    pub holder: Holder,
    pub role: &'a Role,
    pub scope: ScopeRef,
    pub effective_from: Option<DateTime<Utc>>,
    pub effective_to: Option<DateTime<Utc>>,
}

impl<'a> Wanted<'a> {
    /// From now on, without an end.
    pub fn for_good(holder: Holder, role: &'a Role, scope: ScopeRef) -> Self {
        Self { holder, role, scope, effective_from: None, effective_to: None }
    }
}

/// Gives somebody a role, within what the caller holds. Call `rights_changed` after the commit.
///
/// # Errors
/// 403 without `roles.assign`, 403 `GRANT_EXCEEDS_OWN`, 403 `REAUTH_REQUIRED` for `admin`, 409 `ASSIGNMENT_EXISTS`, 422
/// for dates in the wrong order and for somebody who cannot hold roles here.
pub async fn assign(ctx: &Ctx, tx: &mut TenantTx, wanted: Wanted<'_>) -> Result<Assignment, Error> {
    ctx.require(Permission::ROLES_ASSIGN, &Resource::organization(ctx.organization_id()))?;
    check_dates(wanted.effective_from, wanted.effective_to)?;
    check_grant(ctx, tx, wanted.role, &wanted.scope, wanted.effective_to).await?;
    give(ctx, tx, &wanted, ctx.subject.principal_id()).await?.ok_or_else(exists)
}

/// Gives the role in the name of `granted_by`, unless the holder has it there for some of that time already: `None`.
/// Whoever calls has decided that it may be given. Call `rights_changed` after the commit.
///
/// # Errors
/// 404 for a role that went away meanwhile, 422 for somebody who cannot hold roles here and for dates in the wrong order.
pub async fn give(
    ctx: &Ctx,
    tx: &mut TenantTx,
    wanted: &Wanted<'_>,
    granted_by: Option<Uuid>,
) -> Result<Option<Assignment>, Error> {
    check_dates(wanted.effective_from, wanted.effective_to)?;
    hold_roles(tx, std::slice::from_ref(wanted.role)).await?;
    if !lock_principal(tx, wanted.holder).await? {
        return Err(Error::invalid_field("principal", "PRINCIPAL_INVALID", "This is nobody who can hold roles here."));
    }
    let (membership_id, service_account_id) = match wanted.holder {
        Holder::Member(member) => (Some(member), None),
        Holder::ServiceAccount(account) => (None, Some(account)),
    };
    let new = Assignment {
        id: ctx.new_id(),
        membership_id,
        user_id: None,
        service_account_id,
        role_id: wanted.role.id,
        scope_type: wanted.scope.kind().as_str().to_owned(),
        scope_id: wanted.scope.id(),
        effective_from: wanted.effective_from,
        effective_to: wanted.effective_to,
        granted_by,
        version: 1,
        created_at: ctx.now(),
    };
    if rows::overlaps(tx, &new, ctx.now()).await? {
        return Ok(None);
    }
    rows::insert(tx, &new, ctx.now()).await?;
    tx.append(ctx, events::created(ctx, &new, &wanted.role.name));
    Ok(Some(new))
}

/// Keeps these roles from being deleted until the end. Roles come before their holder in the order of locks: who gives
/// several at once holds all of them first.
///
/// # Errors
/// 404 for a role that went away meanwhile.
pub async fn hold_roles(tx: &mut TenantTx, roles: &[Role]) -> Result<(), Error> {
    for role in roles {
        if !rows::hold_role(tx, role.id).await? {
            return Err(Error::not_found());
        }
    }
    Ok(())
}

pub(super) fn check_dates(from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>) -> Result<(), Error> {
    if let (Some(from), Some(to)) = (from, to)
        && to < from
    {
        return Err(Error::invalid(vec![FieldError {
            field: "effective_to".into(),
            code: "DATES_REVERSED".into(),
            message: "The end lies before the start.".into(),
        }]));
    }
    Ok(())
}

pub(super) fn exists() -> Error {
    Error::new(ErrorKind::Conflict, "ASSIGNMENT_EXISTS", "This role is assigned there for that time already.")
}
