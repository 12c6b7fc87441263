//! Who comes in at all: what is asked of everybody from outside, before any permission. What needs no permission (the own
//! account, the own organizations) is guarded by nothing else.

use super::{Deny, OrganizationStanding, Principal, Subject, is_over};
use crate::permission::Permission;
use chrono::{DateTime, Utc};

/// What a person has to do before he may do anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Debt {
    /// A password of his own instead of the one that somebody gave him, or of one that is too old.
    Password,
    /// A second factor, which the organization asks for.
    SecondFactor,
}

impl Debt {
    pub const ALL: [Self; 2] = [Self::Password, Self::SecondFactor];

    /// The word in the description of routes (`x-owing`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::SecondFactor => "second_factor",
        }
    }
}

impl From<Debt> for Deny {
    fn from(debt: Debt) -> Self {
        match debt {
            Debt::Password => Self::PasswordChangeRequired,
            Debt::SecondFactor => Self::MfaRequired,
        }
    }
}

impl Subject {
    /// What is owed first; the next shows when that is done.
    pub fn debt(&self) -> Option<Debt> {
        if self.must_change_password {
            return Some(Debt::Password);
        }
        self.mfa_required.then_some(Debt::SecondFactor)
    }
}

/// Decides whether `subject` may come in at `now`, through a door that is open to those with these debts too.
///
/// # Errors
/// The first reason that applies, in the order of [`Deny`].
pub fn admit(subject: &Subject, open_to: &[Debt], now: DateTime<Utc>) -> Result<(), Deny> {
    if is_over(subject, now) {
        return Err(Deny::Unauthenticated);
    }
    if !subject.membership_active {
        return Err(Deny::MembershipInactive);
    }
    if !is_let_in(subject, now) {
        return Err(Deny::OrganizationSuspended);
    }
    match subject.debt() {
        Some(debt) if !open_to.contains(&debt) => Err(debt.into()),
        _ => Ok(()),
    }
}

/// A shut organization is closed to keys and to all but its admins; those who act in somebody's name can at least leave.
fn is_let_in(subject: &Subject, now: DateTime<Utc>) -> bool {
    match (subject.organization, &subject.principal) {
        (OrganizationStanding::Active | OrganizationStanding::ReadOnly, _) | (_, Principal::System) => true,
        (OrganizationStanding::Gone, _) | (_, Principal::ServiceAccount { .. }) => false,
        (OrganizationStanding::Blocked | OrganizationStanding::Closing, Principal::User { .. }) => {
            subject.impersonation.is_some()
                || super::effective(subject, Permission::ORGANIZATION_CLOSE, now).next().is_some()
        }
    }
}
