//! `authorize`: one pure function decides on every transport, and `visible` is the same rule for lists.

use crate::error::{Error, ErrorKind};
use crate::ids::{ChannelAccountId, MembershipId, OrganizationId, SessionId, UnitId, UserId};
use crate::permission::{Permission, PermissionSet};
use chrono::{DateTime, Utc};
use uuid::Uuid;

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
    if resource.organization_id != subject.organization_id {
        return Err(Deny::OrganizationMismatch);
    }
    if matches!(subject.principal, Principal::System) {
        return Ok(Decision { grant: None });
    }
    standing(subject, action)?;
    if subject.key_scopes.is_some_and(|scopes| !scopes.contains(action)) {
        return Err(Deny::KeyScope);
    }
    let mut holds = false;
    for grant in effective(subject, action, now) {
        holds = true;
        if covers(subject, grant, resource) {
            return Ok(Decision { grant: Some(grant) });
        }
    }
    Err(if holds { Deny::OutOfScope } else { Deny::MissingPermission })
}

/// The filter that selects exactly the resources for which [`authorize`] allows `action`.
pub fn visible(subject: &Subject, action: Permission, now: DateTime<Utc>) -> Visibility {
    if matches!(subject.principal, Principal::System) {
        return Visibility { everything: true, ..Visibility::default() };
    }
    let mut filter = Visibility { me: subject.user_id(), ..Visibility::default() };
    if standing(subject, action).is_err() || subject.key_scopes.is_some_and(|scopes| !scopes.contains(action)) {
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

/// Who asks, with everything that the decision reads.
#[derive(Clone, Debug)]
pub struct Subject {
    pub principal: Principal,
    pub organization_id: OrganizationId,
    pub organization: OrganizationStanding,
    pub membership_active: bool,
    pub session_id: Option<SessionId>,
    pub grants: Vec<Grant>,
    /// Limits of an API key; `None` for people.
    pub key_scopes: Option<PermissionSet>,
    /// The unit that a thing without a unit counts as.
    pub fallback_unit: Option<UnitId>,
    /// Only the change of the password is allowed until it is changed.
    pub must_change_password: bool,
    /// When the access that this subject was made from ends.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Subject {
    /// The product itself, at work in one organization.
    pub fn system(organization_id: OrganizationId) -> Self {
        Self {
            principal: Principal::System,
            organization_id,
            organization: OrganizationStanding::Active,
            membership_active: true,
            session_id: None,
            grants: Vec::new(),
            key_scopes: None,
            fallback_unit: None,
            must_change_password: false,
            expires_at: None,
        }
    }

    pub fn user_id(&self) -> Option<UserId> {
        match self.principal {
            Principal::User { user_id, .. } => Some(user_id),
            _ => None,
        }
    }

    pub fn membership_id(&self) -> Option<MembershipId> {
        match self.principal {
            Principal::User { membership_id, .. } => Some(membership_id),
            _ => None,
        }
    }

    /// Permissions held at `now` in any scope.
    pub fn permissions(&self, now: DateTime<Utc>) -> PermissionSet {
        let mut held = PermissionSet::EMPTY;
        for permission in Permission::all().filter(|permission| effective(self, *permission, now).next().is_some()) {
            held.insert(permission);
        }
        held
    }

    /// Whether the subject holds `action` in any scope.
    pub fn holds(&self, action: Permission, now: DateTime<Utc>) -> bool {
        matches!(self.principal, Principal::System) || effective(self, action, now).next().is_some()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    User {
        user_id: UserId,
        membership_id: MembershipId,
    },
    ServiceAccount {
        id: Uuid,
    },
    /// The product itself: intake, jobs, readers. Never made from a request.
    System,
}

/// What the organization's status allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrganizationStanding {
    Active,
    /// Suspended, reads stay open.
    ReadOnly,
    /// Suspended, closing, erased or not ready.
    Blocked,
}

/// Permissions in a scope, for a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    pub role: std::sync::Arc<str>,
    pub permissions: PermissionSet,
    pub scope: Scope,
    /// Counts from here on.
    pub effective_from: Option<DateTime<Utc>>,
    /// Does not count from here on.
    pub effective_to: Option<DateTime<Utc>>,
}

/// Where a grant holds. Unit trees and team membership are resolved to unit ids when the subject is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    Organization,
    /// Scopes `unit` and `team`: these units, those below included.
    Units(Vec<UnitId>),
    ChannelAccount(ChannelAccountId),
    /// What the subject is owner, participant, follower or creator of.
    Own,
    /// What has no owner, within these units.
    Unassigned(Vec<UnitId>),
}

/// What an action is about. Leave out what the thing does not have.
#[derive(Clone, Debug)]
pub struct Resource {
    pub organization_id: OrganizationId,
    pub unit_id: Option<UnitId>,
    pub channel_account_id: Option<ChannelAccountId>,
    pub owner_id: Option<UserId>,
    /// Participants, followers and creator.
    pub participants: Vec<UserId>,
    /// Whether scopes narrower than the organization mean something for it.
    pub scoped: bool,
}

impl Resource {
    /// The organization itself, or something that belongs to it as a whole (settings, a list of roles, a user).
    pub fn organization(organization_id: OrganizationId) -> Self {
        Self {
            organization_id,
            unit_id: None,
            channel_account_id: None,
            owner_id: None,
            participants: Vec::new(),
            scoped: false,
        }
    }

    /// Something that lies in a unit (`None` counts as the fallback unit) and may have an owner.
    pub fn in_unit(organization_id: OrganizationId, unit_id: Option<UnitId>) -> Self {
        Self { unit_id, scoped: true, ..Self::organization(organization_id) }
    }
}

/// Allowed, and by which grant (`None`: the product itself).
#[derive(Clone, Copy, Debug)]
pub struct Decision<'s> {
    pub grant: Option<&'s Grant>,
}

/// Why not. Checked in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deny {
    OrganizationMismatch,
    MembershipInactive,
    OrganizationSuspended,
    OrganizationReadOnly,
    PasswordChangeRequired,
    KeyScope,
    MissingPermission,
    OutOfScope,
}

impl Deny {
    pub fn reason(self) -> &'static str {
        match self {
            Self::OrganizationMismatch => "organization_mismatch",
            Self::MembershipInactive => "membership_inactive",
            Self::OrganizationSuspended => "organization_suspended",
            Self::OrganizationReadOnly => "organization_read_only",
            Self::PasswordChangeRequired => "password_change_required",
            Self::KeyScope => "key_scope",
            Self::MissingPermission => "missing_permission",
            Self::OutOfScope => "out_of_scope",
        }
    }

    /// What the client is told: 404 for what it may not view, 403 for what it may view but not do.
    pub fn into_error(self, subject: &Subject, action: Permission, resource: &Resource, now: DateTime<Utc>) -> Error {
        let view = Permission::parse(&format!("{}.view", action.area()));
        let hidden = match self {
            Self::OrganizationMismatch => true,
            Self::MissingPermission | Self::OutOfScope | Self::KeyScope if resource.scoped => {
                view.is_none_or(|view| view == action || authorize(subject, view, resource, now).is_err())
            }
            _ => false,
        };
        if hidden {
            return Error::not_found();
        }
        let (code, detail) = match self {
            Self::MembershipInactive => ("MEMBERSHIP_INACTIVE", "Your membership in this organization is not active."),
            Self::OrganizationSuspended => ("ORGANIZATION_SUSPENDED", "This organization is suspended."),
            Self::OrganizationReadOnly => {
                ("ORGANIZATION_READ_ONLY", "This organization is suspended; it can only be read.")
            }
            Self::PasswordChangeRequired => ("PASSWORD_CHANGE_REQUIRED", "Change your password first."),
            _ => ("PERMISSION_DENIED", "You may not do this."),
        };
        Error::new(ErrorKind::Forbidden, code, detail).with("required", action.name())
    }
}

/// The list form of a decision, ready for SQL: a row passes if any part holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Visibility {
    pub everything: bool,
    pub units: Vec<UnitId>,
    /// Rows without a unit pass too (they count as the fallback unit's).
    pub without_unit: bool,
    pub channel_accounts: Vec<ChannelAccountId>,
    /// Rows that `me` owns or takes part in.
    pub own: bool,
    pub unassigned_units: Vec<UnitId>,
    pub unassigned_without_unit: bool,
    pub me: Option<UserId>,
}

impl Visibility {
    /// Whether no row can pass.
    pub fn is_empty(&self) -> bool {
        !self.everything
            && self.units.is_empty()
            && self.channel_accounts.is_empty()
            && !self.own
            && self.unassigned_units.is_empty()
    }

    /// The row rule itself; SQL filters say the same.
    pub fn admits(&self, resource: &Resource) -> bool {
        let mine = |user: &UserId| self.me.as_ref() == Some(user);
        self.everything
            || match resource.unit_id {
                Some(unit) => self.units.contains(&unit),
                None => resource.scoped && self.without_unit,
            }
            || resource.channel_account_id.is_some_and(|account| self.channel_accounts.contains(&account))
            || (self.own && (resource.owner_id.as_ref().is_some_and(mine) || resource.participants.iter().any(mine)))
            || (resource.scoped
                && resource.owner_id.is_none()
                && match resource.unit_id {
                    Some(unit) => self.unassigned_units.contains(&unit),
                    None => self.unassigned_without_unit,
                })
    }
}

/// What the state of membership and organization allows, before any grant is read.
fn standing(subject: &Subject, action: Permission) -> Result<(), Deny> {
    if !subject.membership_active {
        return Err(Deny::MembershipInactive);
    }
    match subject.organization {
        OrganizationStanding::Active => {}
        OrganizationStanding::ReadOnly if action.action() == "view" => {}
        OrganizationStanding::ReadOnly => return Err(Deny::OrganizationReadOnly),
        OrganizationStanding::Blocked => return Err(Deny::OrganizationSuspended),
    }
    if subject.must_change_password {
        return Err(Deny::PasswordChangeRequired);
    }
    Ok(())
}

/// Grants that hold `action` at `now`; organization-only permissions are inert in narrower scopes.
fn effective(subject: &Subject, action: Permission, now: DateTime<Utc>) -> impl Iterator<Item = &Grant> {
    subject.grants.iter().filter(move |grant| {
        grant.permissions.contains(action)
            && grant.effective_from.is_none_or(|from| from <= now)
            && grant.effective_to.is_none_or(|to| now < to)
            && (!action.definition().organization_only || grant.scope == Scope::Organization)
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
