//! Roles by groups of the provider: given and taken with every sign-in, beside those that people gave.

use super::OrganizationProvider;
use super::client::Assertion;
use crate::assignments::{Holder, ScopeRef, Wanted, give, hold_roles, lock_principal, take};
use crate::handle::Identity;
use crate::roles::{Role, role_by_id};
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
        let mut new: Vec<Role> = Vec::new();
        for role_id in wanted.iter().filter(|role| !given.iter().any(|one| one.role_id == **role)) {
            new.extend(role_rows::find(tx, RoleId(*role_id)).await?);
        }
        let gone: Vec<_> = given.iter().filter(|one| !wanted.contains(&one.role_id)).collect();
        if gone.iter().any(|one| one.is_admin) {
            last_admin::lock(tx).await?;
        }
        hold_roles(tx, &new).await?;
        let holder = Holder::Member(member);
        if !lock_principal(tx, holder).await? {
            return Ok(false);
        }
        let mut changed = false;
        for role in &new {
            let scope =
                ScopeRef::of(role.default_scope(), None).ok_or_else(|| Error::internal("a role without scope"))?;
            // What somebody gave him before is not the provider's to take, and stays as it is.
            changed |= give(ctx, tx, &Wanted::for_good(holder, role, scope), Some(own.id)).await?.is_some();
        }
        for gone in gone {
            if gone.is_admin && people::lasting_admins(tx, ctx.now()).await? <= 1 {
                tracing::warn!(provider = %own.id, "a group no longer gives `admin`, but this is the last one");
                continue;
            }
            if let Some(assignment) = assignments::find(tx, gone.assignment_id).await? {
                let role = role_by_id(tx, assignment.role_id).await?;
                take(ctx, tx, &assignment, &role).await?;
                changed = true;
            }
        }
        Ok(changed)
    }
}
