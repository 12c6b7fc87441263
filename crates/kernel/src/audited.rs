//! Which facts the security audit keeps, and under which heading.

/// The heading of an audit entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Signing in and out, credentials.
    Auth,
    /// Who may do what.
    Access,
    /// Settings of the organization.
    Config,
    /// Personal data that was looked at.
    PiiAccess,
    DataExport,
    DataErasure,
    Impersonation,
    Billing,
    /// The audit's own upkeep, limits.
    System,
}

impl Category {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Access => "access",
            Self::Config => "config",
            Self::PiiAccess => "pii_access",
            Self::DataExport => "data_export",
            Self::DataErasure => "data_erasure",
            Self::Impersonation => "impersonation",
            Self::Billing => "billing",
            Self::System => "system",
        }
    }
}

/// The heading under which an event of this kind is audited; `None` for the daily work (messages, conversations).
pub fn category(kind: &str) -> Option<Category> {
    let (area, action) = kind.split_once('.')?;
    Some(match (area, action) {
        ("privacy", "data_read") => Category::PiiAccess,
        ("privacy", action) if action.starts_with("export") => Category::DataExport,
        ("privacy", _) | ("user", "erased") => Category::DataErasure,
        ("audit", "exported" | "export_downloaded") | ("organization", "exported" | "export_downloaded") => {
            Category::DataExport
        }
        ("audit", _) | ("organization", "limit_warning" | "limit_reached") => Category::System,
        ("organization", "plan_changed" | "subscription_changed") => Category::Billing,
        ("auth", _) => Category::Auth,
        ("organization" | "channel_account" | "unit" | "identity_provider" | "domain", _) => Category::Config,
        (
            "access" | "user" | "membership" | "invitation" | "role" | "role_assignment" | "service_account"
            | "api_key",
            _,
        ) => Category::Access,
        ("impersonation", _) => Category::Impersonation,
        _ => return None,
    })
}
