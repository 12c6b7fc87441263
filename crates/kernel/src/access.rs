//! `authorize`: one pure function decides on every transport, and `visible` is the same rule for lists.
//!
//! How others use it
//! - A command asks `ctx.require(Permission::X, &resource)?` first. Everything that is checked before the grants (the
//!   organization's status, features, factors, impersonation, keys) is in there; nobody checks it by hand.
//! - A list asks [`visible`] and puts the answer into its `where`.
//! - Values that may be masked are asked with [`crate::masks::of`].
//! - Permissions marked `recent` in the catalogue ask for a fresh proof of identity by themselves. What needs one without
//!   a permission of its own (password, factors, keys, granting `admin`) asks `ctx.require_recent()?`.
//! - What everybody may do with his own account, without a permission, asks `ctx.require_person()?`.
//! - Whoever comes in from outside passes [`admit`] first; the edges (routes, sockets) ask it, commands need not.
//! - Handing out rights asks [`granting::may_grant`].

pub mod granting;

mod admission;
mod deny;
mod impersonation;
mod rate_limits;
mod resource;
mod subject;
mod visibility;

pub use admission::{Debt, admit};
pub use deny::Deny;
pub use impersonation::{Impersonation, ImpersonationKind};
pub use rate_limits::{Rate, RateLimits};
pub use resource::Resource;
pub use subject::{Grant, OrganizationStanding, Principal, RECENT, Scope, Subject, VOUCHED_BY_ORGANIZATION};
pub use visibility::Visibility;

use crate::ids::UnitId;
use crate::permission::Permission;
use chrono::{DateTime, Utc};

/// Decides whether `subject` may do `action` on `resource` at the instant `now`. Reads nothing else.
///
/// # Errors
/// The first reason that applies, in the order of [`Deny`].
pub fn authorize<'s>(
    subject: &'s Subject,
    action: Permission,
    resource: &Resource,
    now: DateTime<Utc>,
) -> Result<Decision<'s>, Deny> {
    if is_over(subject, now) {
        return Err(Deny::Unauthenticated);
    }
    if resource.organization_id != subject.organization_id {
        return Err(Deny::OrganizationMismatch);
    }
    if subject.is_system() {
        return Ok(Decision { grant: None });
    }
    gates(subject, action, now)?;
    let mut holds = false;
    for grant in effective(subject, action, now) {
        holds = true;
        if covers(subject, grant, resource) {
            return if lacks_proof(subject, action, now) {
                Err(Deny::ReauthRequired)
            } else {
                Ok(Decision { grant: Some(grant) })
            };
        }
    }
    Err(if holds { Deny::OutOfScope } else { Deny::MissingPermission })
}

/// The filter that selects exactly the resources for which [`authorize`] allows `action`.
pub fn visible(subject: &Subject, action: Permission, now: DateTime<Utc>) -> Visibility {
    if subject.is_system() && !is_over(subject, now) {
        return Visibility { everything: true, ..Visibility::default() };
    }
    let mut filter = Visibility { me: subject.user_id(), ..Visibility::default() };
    if gates(subject, action, now).is_err() || lacks_proof(subject, action, now) {
        return filter;
    }
    for grant in effective(subject, action, now) {
        match &grant.scope {
            Scope::Organization => filter.everything = true,
            Scope::Units(units) => filter.units.extend(units),
            Scope::ChannelAccount(account) => filter.channel_accounts.push(*account),
            Scope::Own => filter.own = true,
            Scope::Unassigned(units) => filter.unassigned_units.extend(units),
        }
    }
    let fallback = |units: &[UnitId]| subject.fallback_unit.is_some_and(|unit| units.contains(&unit));
    filter.without_unit = fallback(&filter.units);
    filter.unassigned_without_unit = fallback(&filter.unassigned_units);
    filter
}

/// Allowed, and by which grant (`None`: the product itself). What of it is masked says [`crate::masks::of`].
#[derive(Clone, Copy, Debug)]
pub struct Decision<'s> {
    pub grant: Option<&'s Grant>,
}

/// Everything that is asked before any grant is read; the resource does not matter for it.
fn gates(subject: &Subject, action: Permission, now: DateTime<Utc>) -> Result<(), Deny> {
    if is_over(subject, now) {
        return Err(Deny::Unauthenticated);
    }
    if !subject.membership_active {
        return Err(Deny::MembershipInactive);
    }
    standing(subject, action)?;
    if subject.disabled.contains(action) {
        return Err(Deny::FeatureDisabled);
    }
    if let Some(debt) = subject.debt() {
        return Err(debt.into());
    }
    if action.area() == "platform" && !subject.has_second_factor() {
        return Err(Deny::MfaRequired);
    }
    if subject.impersonation.as_ref().is_some_and(|impersonation| !impersonation.allows(action)) {
        return Err(Deny::ImpersonationForbidden);
    }
    if subject.key_scopes.is_some_and(|scopes| !scopes.contains(action)) {
        return Err(Deny::KeyScope);
    }
    Ok(())
}

fn is_over(subject: &Subject, now: DateTime<Utc>) -> bool {
    subject.expires_at.is_some_and(|end| end <= now)
}

/// What the organization's status leaves open (the table of spec 10 §1).
fn standing(subject: &Subject, action: Permission) -> Result<(), Deny> {
    let is_key = matches!(subject.principal, Principal::ServiceAccount { .. });
    let is_export = action.action() == "export";
    match subject.organization {
        OrganizationStanding::Active => Ok(()),
        OrganizationStanding::ReadOnly => {
            // Closing takes a final export with it, which stays open whatever is suspended.
            let kept_open =
                is_export || matches!(action, Permission::ORGANIZATION_BILLING | Permission::ORGANIZATION_CLOSE);
            let open = action.reads() || (!is_key && kept_open);
            if open { Ok(()) } else { Err(Deny::OrganizationReadOnly) }
        }
        OrganizationStanding::Blocked | OrganizationStanding::Closing if is_key => Err(Deny::OrganizationSuspended),
        OrganizationStanding::Blocked => {
            let open = is_export
                || matches!(
                    action,
                    Permission::ORGANIZATION_VIEW
                        | Permission::ORGANIZATION_BILLING
                        | Permission::ORGANIZATION_CLOSE
                        | Permission::AUDIT_VIEW
                );
            if open { Ok(()) } else { Err(Deny::OrganizationSuspended) }
        }
        OrganizationStanding::Closing => {
            let open = is_export
                || matches!(
                    action,
                    Permission::ORGANIZATION_VIEW | Permission::ORGANIZATION_CLOSE | Permission::AUDIT_VIEW
                );
            if open { Ok(()) } else { Err(Deny::OrganizationSuspended) }
        }
        OrganizationStanding::Gone => Err(Deny::OrganizationSuspended),
    }
}

/// Whether the action asks for a recent proof of identity that the person has not given. A key is not asked: that the
/// permission was put among its scopes stands for it.
fn lacks_proof(subject: &Subject, action: Permission, now: DateTime<Utc>) -> bool {
    action.definition().recent && matches!(subject.principal, Principal::User { .. }) && !subject.is_recent(now)
}

/// Grants that hold `action` at `now`; organization-only permissions are inert in narrower scopes.
fn effective(subject: &Subject, action: Permission, now: DateTime<Utc>) -> impl Iterator<Item = &Grant> {
    let organization_only = action.definition().organization_only;
    subject.grants.iter().filter(move |grant| {
        grant.permissions.contains(action)
            && grant.counts(now)
            && (!organization_only || grant.scope == Scope::Organization)
    })
}

fn covers(subject: &Subject, grant: &Grant, resource: &Resource) -> bool {
    // A thing of the organization as a whole lies in no unit: narrower grants that hold the permission cover it.
    if !resource.scoped {
        return true;
    }
    let me = subject.user_id();
    let unit = resource.unit_id.or(subject.fallback_unit);
    match &grant.scope {
        Scope::Organization => true,
        Scope::Units(units) => unit.is_some_and(|unit| units.contains(&unit)),
        Scope::ChannelAccount(account) => resource.channel_account_id == Some(*account),
        Scope::Own => me.is_some_and(|me| resource.owner_id == Some(me) || resource.participants.contains(&me)),
        Scope::Unassigned(units) => resource.owner_id.is_none() && unit.is_some_and(|unit| units.contains(&unit)),
    }
}
