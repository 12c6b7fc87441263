//! Roles of a person by name, in the default scope of each: what people are made, invited and changed with. How a role is
//! given and taken is the business of `assignments`.

use super::last_admin;
use crate::assignments::{self, Holder, ScopeRef, Wanted};
use crate::roles::{Role, check_grant, role_named};
use kernel::ids::MembershipId;
use kernel::{Ctx, Error};
use store::TenantTx;

/// The roles of these names, if the caller may give all of them. Giving `admin` asks for a recent proof of identity.
///
/// # Errors
/// 422 for an unknown role, 403 `GRANT_EXCEEDS_OWN`, 403 `REAUTH_REQUIRED`.
pub async fn grantable(
    ctx: &Ctx,
    tx: &mut TenantTx,
    field: &'static str,
    names: &[String],
) -> Result<Vec<Role>, Error> {
    let roles = named(tx, field, names).await?;
    for role in &roles {
        check_grant(ctx, tx, role, &scope_of(role)?, None).await?;
    }
    Ok(roles)
}

/// Gives a member these roles; those that he has there already stay as they are.
///
/// # Errors
/// 404 for a role that went away meanwhile, 422 for somebody who cannot hold roles here.
pub async fn assign(ctx: &Ctx, tx: &mut TenantTx, member: MembershipId, roles: &[Role]) -> Result<(), Error> {
    for role in roles {
        let wanted = Wanted::for_good(Holder::Member(member), role, scope_of(role)?);
        assignments::give(ctx, tx, &wanted, ctx.subject.principal_id()).await?;
    }
    Ok(())
}

/// Makes these the roles of a member: what he has of them stays as it is scoped and dated, the others end. What is over
/// already is no role that he has.
///
/// # Errors
/// As [`grantable`]; what is taken away must be within the caller's rights too; 409 `LAST_ADMIN`.
pub async fn replace(ctx: &Ctx, tx: &mut TenantTx, member: MembershipId, names: &[String]) -> Result<bool, Error> {
    last_admin::lock(tx).await?;
    let wanted = named(tx, "roles", names).await?;
    assignments::hold_roles(tx, &wanted).await?;
    assignments::lock_principal(tx, Holder::Member(member)).await?;
    let held = assignments::held(tx, member, ctx.now()).await?;
    let new: Vec<Role> = wanted.iter().filter(|role| !held.iter().any(|(_, one)| one.id == role.id)).cloned().collect();
    for role in &new {
        check_grant(ctx, tx, role, &scope_of(role)?, None).await?;
    }
    let ended: Vec<_> = held.iter().filter(|(_, role)| !wanted.iter().any(|one| one.id == role.id)).collect();
    for (assignment, role) in &ended {
        check_grant(ctx, tx, role, &assignment.scope()?, assignment.effective_to).await?;
        assignments::take(ctx, tx, assignment, role).await?;
    }
    assign(ctx, tx, member, &new).await?;
    if ended.iter().any(|(_, role)| role.is_admin()) {
        last_admin::must_remain(tx, ctx.now()).await?;
    }
    Ok(!(ended.is_empty() && new.is_empty()))
}

/// Each once.
async fn named(tx: &mut TenantTx, field: &'static str, names: &[String]) -> Result<Vec<Role>, Error> {
    let mut roles: Vec<Role> = Vec::with_capacity(names.len());
    for name in names {
        let role = role_named(tx, field, name).await?;
        if !roles.iter().any(|known| known.id == role.id) {
            roles.push(role);
        }
    }
    Ok(roles)
}

fn scope_of(role: &Role) -> Result<ScopeRef, Error> {
    ScopeRef::of(role.default_scope(), None).ok_or_else(|| Error::internal("a role without scope"))
}
