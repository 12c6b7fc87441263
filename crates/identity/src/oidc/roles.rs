//! Roles by groups of the provider: given and taken with every sign-in, beside those that people gave.

use super::OrganizationProvider;
use super::client::Assertion;
use crate::assignments::{Assignment, Holder, events as assignment_events, lock_principal};
use crate::handle::Identity;
use crate::roles::Role;
use crate::store::oidc as rows;
use crate::store::{assignments, people, roles as role_rows};
use crate::users::last_admin;
use kernel::ids::{RoleId, UserId};
use kernel::{Ctx, Error};
use std::collections::BTreeSet;
use store::TenantTx;
use uuid::Uuid;

impl Identity {
    /// Makes the roles that this provider gave a member those of his groups now. Whether any changed.
    ///
    /// The map was checked against the rights of whoever wrote it. The last admin stays one.
    pub(super) async fn follow_groups(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        own: &OrganizationProvider,
        user_id: UserId,
        assertion: &Assertion,
    ) -> Result<bool, Error> {
        let groups: BTreeSet<&str> = assertion.texts(&own.group_claim).into_iter().collect();
        let wanted: BTreeSet<Uuid> = own
            .group_roles
            .iter()
            .filter(|(group, _)| groups.contains(group.as_str()))
            .map(|(_, role)| *role)
            .collect();
        let given = rows::roles_given_by(tx, user_id, own.id).await?;
        let Some(member) = assignments::membership_of(tx, user_id).await? else { return Ok(false) };
        let mut changed = false;
        for role_id in wanted.iter().filter(|role| !given.iter().any(|one| one.role_id == **role)) {
            if let Some(role) = role_rows::find(tx, RoleId(*role_id)).await? {
                changed |= give(ctx, tx, own, Holder::Member(member), &role).await?;
            }
        }
        for gone in given.iter().filter(|one| !wanted.contains(&one.role_id)) {
            if gone.is_admin {
                last_admin::lock(tx).await?;
                if people::lasting_admins(tx, ctx.now()).await? <= 1 {
                    tracing::warn!(provider = %own.id, "a group no longer gives `admin`, but this is the last one");
                    continue;
                }
            }
            if let Some(assignment) = assignments::find(tx, gone.assignment_id).await? {
                assignments::delete(tx, gone.assignment_id).await?;
                tx.append(ctx, assignment_events::deleted(ctx, &assignment, &gone.role));
                changed = true;
            }
        }
        Ok(changed)
    }
}

async fn give(
    ctx: &Ctx,
    tx: &mut TenantTx,
    own: &OrganizationProvider,
    holder: Holder,
    role: &Role,
) -> Result<bool, Error> {
    let Holder::Member(member) = holder else { return Ok(false) };
    if !lock_principal(tx, holder).await? {
        return Ok(false);
    }
    let new = Assignment {
        id: ctx.new_id(),
        membership_id: Some(member),
        user_id: None,
        service_account_id: None,
        role_id: role.id,
        scope_type: role.default_scope().to_owned(),
        scope_id: None,
        effective_from: None,
        effective_to: None,
        granted_by: Some(own.id),
        version: 1,
        created_at: ctx.now(),
    };
    // Somebody gave it to him before: then it is not the provider's to take.
    if assignments::overlaps(tx, &new, ctx.now()).await? {
        return Ok(false);
    }
    assignments::insert(tx, &new, ctx.now()).await?;
    tx.append(ctx, assignment_events::created(ctx, &new, &role.name));
    Ok(true)
}
