//! The values as the product reads them.

use kernel::access::RateLimits;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// What holds in one organization, a field a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Effective {
    #[serde(rename = "registration.mode")]
    pub registration_mode: RegistrationMode,
    /// Name of the role of those who register themselves.
    #[serde(rename = "registration.default_role")]
    pub registration_default_role: String,
    #[serde(rename = "registration.require_verified_email")]
    pub require_verified_email: bool,
    /// Characters.
    #[serde(rename = "password.min_length")]
    pub password_min_length: i64,
    /// How many earlier passwords may not come back.
    #[serde(rename = "password.history")]
    pub password_history: i64,
    /// 0: never.
    #[serde(rename = "password.max_age_days")]
    pub password_max_age_days: i64,
    #[serde(rename = "mfa.required_for")]
    pub mfa_required_for: MfaRequirement,
    #[serde(rename = "sign_in.methods")]
    pub sign_in_methods: BTreeSet<SignInMethod>,
    #[serde(rename = "session.idle_minutes")]
    pub session_idle_minutes: i64,
    #[serde(rename = "session.max_days")]
    pub session_max_days: i64,
    /// The oldest beyond it end.
    #[serde(rename = "session.max_per_user")]
    pub session_max_per_user: i64,
    pub support_access: SupportAccess,
    #[serde(rename = "audit.retention_days")]
    pub audit_retention_days: i64,
    #[serde(rename = "audit.log_reads")]
    pub audit_log_reads: bool,
    #[serde(rename = "contacts.visibility")]
    pub contacts_visibility: ContactsVisibility,
    /// Lower than the house's.
    pub rate_limits: RateLimits,
}

impl Default for Effective {
    fn default() -> Self {
        Self {
            registration_mode: RegistrationMode::Invite,
            registration_default_role: "user".to_owned(),
            require_verified_email: true,
            password_min_length: 10,
            password_history: 1,
            password_max_age_days: 0,
            mfa_required_for: MfaRequirement::None,
            sign_in_methods: SignInMethod::ALL.into(),
            session_idle_minutes: 10_080,
            session_max_days: 30,
            session_max_per_user: 20,
            support_access: SupportAccess::OnRequest,
            audit_retention_days: 730,
            audit_log_reads: true,
            contacts_visibility: ContactsVisibility::Organization,
            rate_limits: RateLimits::default(),
        }
    }
}

impl Effective {
    /// The values over the document's defaults. They were checked against their keys; should one not fit all the same,
    /// the defaults hold.
    pub(super) fn of(values: Map<String, Value>) -> Self {
        serde_json::from_value(Value::Object(values)).unwrap_or_default()
    }

    /// Fewest characters of a new password.
    pub(crate) fn password_min_chars(&self) -> usize {
        usize::try_from(self.password_min_length).unwrap_or(usize::MAX)
    }

    /// By key.
    pub fn to_map(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(values)) => values,
            _ => Map::new(),
        }
    }
}

/// Who may become a member without an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationMode {
    /// Nobody, and nobody is invited by links of others either.
    Closed,
    /// Only those invited.
    Invite,
    /// Those with an e-mail on a verified domain.
    Domain,
    /// Anybody.
    Open,
}

/// Who needs a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MfaRequirement {
    None,
    Admins,
    All,
}

/// A way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInMethod {
    Password,
    MagicLink,
    Passkey,
    Oidc,
}

impl SignInMethod {
    pub const ALL: [Self; 4] = [Self::Password, Self::MagicLink, Self::Passkey, Self::Oidc];
}

/// Whether the platform's staff may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SupportAccess {
    Never,
    /// After an admin's approval.
    OnRequest,
    Allowed,
}

/// Which contacts people see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactsVisibility {
    Organization,
    /// Only those with a visible conversation, ticket or booking.
    Related,
}
