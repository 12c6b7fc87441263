//! Who asks: the principal with everything that a decision reads of him.

use super::impersonation::Impersonation;
use super::rate_limits::RateLimits;
use super::{effective, gates};
use crate::ids::{ChannelAccountId, MembershipId, OrganizationId, SessionId, UnitId, UserId};
use crate::masks::MaskSet;
use crate::permission::{Permission, PermissionSet};
use chrono::{DateTime, Duration, Utc};
use std::sync::Arc;
use uuid::Uuid;

/// How long a proof of identity counts as recent.
pub const RECENT: Duration = Duration::minutes(10);

/// In `amr`: an identity provider of the session's own organization vouched for the person. That is a word about his
/// place there, not about the login as such.
pub const VOUCHED_BY_ORGANIZATION: &str = "oidc_org";

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
    /// The API key that was presented, if one was.
    pub api_key_id: Option<Uuid>,
    /// Masks that hold whatever the grants say (those of an API key).
    pub masks: MaskSet,
    /// Permissions whose feature the organization's plan does not have: `feature_disabled`.
    pub disabled: PermissionSet,
    /// The unit that a thing without a unit counts as.
    pub fallback_unit: Option<UnitId>,
    /// Only the change of the password is allowed until it is changed.
    pub must_change_password: bool,
    /// The organization demands a second factor, the time to comply is over, and this sign-in had none.
    pub mfa_required: bool,
    /// How the person proved who he is (RFC 8176: `pwd`, `otp`, `hwk`, `mfa` ...); empty for keys and the product.
    pub amr: Vec<String>,
    /// When he last did: at the sign-in, or by `POST /api/auth/reauthenticate` since. `None` for keys and the product.
    pub authenticated_at: Option<DateTime<Utc>>,
    /// Somebody else acts as this principal.
    pub impersonation: Option<Impersonation>,
    /// When the access that this subject was made from ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// The service account whose key acts in this person's name.
    pub via_service_account: Option<Uuid>,
    /// The most sockets that the organization's plan allows.
    pub max_sockets: Option<u32>,
    /// Lower than the house's, where the organization (or the operator for its plan) said so.
    pub rate_limits: Option<Arc<RateLimits>>,
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
            api_key_id: None,
            masks: MaskSet::EMPTY,
            disabled: PermissionSet::EMPTY,
            fallback_unit: None,
            must_change_password: false,
            mfa_required: false,
            amr: Vec::new(),
            authenticated_at: None,
            impersonation: None,
            expires_at: None,
            via_service_account: None,
            max_sockets: None,
            rate_limits: None,
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

    /// The id that events, limits and rooms know this principal by; `None` for the product itself.
    pub fn principal_id(&self) -> Option<Uuid> {
        match self.principal {
            Principal::User { user_id, .. } => Some(user_id.0),
            Principal::ServiceAccount { id } => Some(id),
            Principal::System => None,
        }
    }

    /// Who really sits there, where it is not the principal himself: the audit names both.
    pub fn impersonator_id(&self) -> Option<UserId> {
        self.impersonation.as_ref().map(|impersonation| impersonation.by)
    }

    pub fn is_system(&self) -> bool {
        matches!(self.principal, Principal::System)
    }

    /// Whether this sign-in had a second factor: `mfa` stands in `amr` (a passkey with user verification sets it too).
    pub fn has_second_factor(&self) -> bool {
        self.amr.iter().any(|method| method == "mfa")
    }

    /// Whether the person proved who he is within [`RECENT`]. The product itself needs no proof; a key has nobody who
    /// could give one, so its scopes stand for it where [`super::authorize`] asks, and commands that make credentials
    /// ([`crate::Ctx::require_recent`]) refuse it.
    pub fn is_recent(&self, now: DateTime<Utc>) -> bool {
        match self.principal {
            Principal::System => true,
            Principal::ServiceAccount { .. } => false,
            Principal::User { .. } => {
                !self.is_only_vouched_for() && self.authenticated_at.is_some_and(|at| now < at + RECENT)
            }
        }
    }

    /// Whether nothing but the organization's own provider says who this is. Good for work there; what belongs to the
    /// login (password, factors, links) asks the person for a proof of his own, or a provider could take the login over.
    fn is_only_vouched_for(&self) -> bool {
        let vouched = |method: &String| method == VOUCHED_BY_ORGANIZATION;
        self.amr.iter().any(vouched) && self.amr.iter().all(|method| vouched(method) || method == "mfa")
    }

    /// Permissions held at `now` in any scope, as far as the plan, a key's own scopes and the rules of acting in
    /// somebody's name let them take effect. For clients to show; decisions ask [`super::authorize`].
    pub fn permissions(&self, now: DateTime<Utc>) -> PermissionSet {
        let mut held = PermissionSet::EMPTY;
        for permission in Permission::all().filter(|permission| effective(self, *permission, now).next().is_some()) {
            let open = !self.disabled.contains(permission)
                && self.key_scopes.is_none_or(|scopes| scopes.contains(permission))
                && self.impersonation.as_ref().is_none_or(|acting| acting.allows(permission));
            if open {
                held.insert(permission);
            }
        }
        held
    }

    /// Whether the subject may do `action` on anything at all: [`super::authorize`] without the question where.
    pub fn holds(&self, action: Permission, now: DateTime<Utc>) -> bool {
        self.is_system() || (gates(self, action, now).is_ok() && effective(self, action, now).next().is_some())
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

/// What the organization's status allows (the table of spec 10 §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrganizationStanding {
    Active,
    /// Suspended; reads, billing and exports stay open, for keys the reads.
    ReadOnly,
    /// Suspended for good reason: for admins billing, export and audit stay open, for keys nothing.
    Blocked,
    /// Its admins may export, read the audit and cancel the closing.
    Closing,
    /// Not ready, or erased: nobody comes in.
    Gone,
}

impl OrganizationStanding {
    /// Whether ordinary members may sign in and hold sockets.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Active | Self::ReadOnly)
    }

    /// Whether its admins may sign in.
    pub fn admits_admins(self) -> bool {
        !matches!(self, Self::Gone)
    }
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

impl Grant {
    /// Whether it counts at `now`: from its start on, no longer at its end.
    pub fn counts(&self, now: DateTime<Utc>) -> bool {
        self.effective_from.is_none_or(|from| from <= now) && self.effective_to.is_none_or(|to| now < to)
    }
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
