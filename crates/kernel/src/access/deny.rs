//! Why not, and what the client is told.

use super::{Resource, Subject, authorize};
use crate::error::{Error, ErrorKind};
use crate::permission::Permission;
use chrono::{DateTime, Utc};

/// Why not. Checked in this order (spec 10 §5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deny {
    /// The access that the subject was made from is over.
    Unauthenticated,
    OrganizationMismatch,
    MembershipInactive,
    OrganizationSuspended,
    OrganizationReadOnly,
    FeatureDisabled,
    PasswordChangeRequired,
    MfaRequired,
    ImpersonationForbidden,
    KeyScope,
    MissingPermission,
    OutOfScope,
    /// Allowed, once the person proves again who he is.
    ReauthRequired,
}

impl Deny {
    /// Every reason, in the order of the checks.
    pub const ALL: [Self; 13] = [
        Self::Unauthenticated,
        Self::OrganizationMismatch,
        Self::MembershipInactive,
        Self::OrganizationSuspended,
        Self::OrganizationReadOnly,
        Self::FeatureDisabled,
        Self::PasswordChangeRequired,
        Self::MfaRequired,
        Self::ImpersonationForbidden,
        Self::KeyScope,
        Self::MissingPermission,
        Self::OutOfScope,
        Self::ReauthRequired,
    ];

    pub fn reason(self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::OrganizationMismatch => "organization_mismatch",
            Self::MembershipInactive => "membership_inactive",
            Self::OrganizationSuspended => "organization_suspended",
            Self::OrganizationReadOnly => "organization_read_only",
            Self::FeatureDisabled => "feature_disabled",
            Self::PasswordChangeRequired => "password_change_required",
            Self::MfaRequired => "mfa_required",
            Self::ImpersonationForbidden => "impersonation_forbidden",
            Self::KeyScope => "key_scope",
            Self::MissingPermission => "missing_permission",
            Self::OutOfScope => "out_of_scope",
            Self::ReauthRequired => "reauth_required",
        }
    }

    /// What the client is told: 404 for what it may not view, 403 for what it may view but not do. Marked as a
    /// refusal ([`Error::denied`]), so that the edge can record it.
    pub fn into_error(self, subject: &Subject, action: Permission, resource: &Resource, now: DateTime<Utc>) -> Error {
        let view = Permission::parse(&format!("{}.view", action.area()));
        let hidden = match self {
            Self::OrganizationMismatch => true,
            Self::MissingPermission | Self::OutOfScope | Self::KeyScope if resource.scoped => {
                view.is_none_or(|view| view == action || authorize(subject, view, resource, now).is_err())
            }
            _ => false,
        };
        let told = if hidden { Error::not_found() } else { self.told().with("required", action.name()) };
        told.with_denied(action.name(), self.reason())
    }

    /// What the client is told where no permission was asked for.
    pub fn at_the_door(self) -> Error {
        self.told().with_denied("own", self.reason())
    }

    fn told(self) -> Error {
        let (kind, code, detail) = match self {
            Self::Unauthenticated => {
                (ErrorKind::Unauthenticated, "AUTH_TOKEN_EXPIRED", "This access is over; refresh it.")
            }
            Self::MembershipInactive => {
                (ErrorKind::Forbidden, "MEMBERSHIP_INACTIVE", "Your membership in this organization is not active.")
            }
            Self::OrganizationSuspended => {
                (ErrorKind::Forbidden, "ORGANIZATION_SUSPENDED", "This organization is suspended.")
            }
            Self::OrganizationReadOnly => {
                (ErrorKind::Forbidden, "ORGANIZATION_READ_ONLY", "This organization is suspended; it can only be read.")
            }
            Self::FeatureDisabled => {
                (ErrorKind::Forbidden, "FEATURE_DISABLED", "The organization's plan does not have this feature.")
            }
            Self::PasswordChangeRequired => {
                (ErrorKind::Forbidden, "PASSWORD_CHANGE_REQUIRED", "Change your password first.")
            }
            Self::MfaRequired => {
                (ErrorKind::Forbidden, "MFA_REQUIRED", "Sign in with a second factor first; set one up if need be.")
            }
            Self::ImpersonationForbidden => {
                (ErrorKind::Forbidden, "IMPERSONATION_FORBIDDEN", "Nobody may do this in somebody else's name.")
            }
            Self::ReauthRequired => {
                (ErrorKind::Forbidden, "REAUTH_REQUIRED", "Prove again who you are, then repeat this.")
            }
            Self::OrganizationMismatch | Self::KeyScope | Self::MissingPermission | Self::OutOfScope => {
                (ErrorKind::Forbidden, "PERMISSION_DENIED", "You may not do this.")
            }
        };
        Error::new(kind, code, detail)
    }
}
