//! `validate`: what a token stands for now.

use super::OrganizationView;
use crate::authenticate::Presented;
use chrono::{DateTime, Utc};
use kernel::ids::{ChannelAccountId, MembershipId, SessionId, UnitId, UserId};
use kernel::{Permission, Scope};
use serde::Serialize;

/// A good token and the rights of its principal at this moment.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Validation {
    /// Always true: anything else is a 401.
    pub valid: bool,
    pub principal: PrincipalView,
    pub user: UserName,
    pub organization: OrganizationView,
    /// Names of the roles that count now.
    #[schema(example = json!(["agent"]))]
    pub roles: Vec<String>,
    /// Permissions held in any scope.
    #[schema(example = json!(["messaging.reply", "messaging.view"]))]
    pub permissions: Vec<&'static str>,
    pub scopes: Vec<ScopeView>,
    pub session: SessionView,
    /// When the access token is over.
    pub expires_at: DateTime<Utc>,
}

#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PrincipalView {
    #[schema(example = "user")]
    pub kind: &'static str,
    pub user_id: UserId,
    pub membership_id: MembershipId,
}

#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct UserName {
    pub id: UserId,
    pub name: String,
}

/// Where a role counts.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ScopeView {
    pub role: String,
    /// organization, units, channel_account, own or unassigned.
    #[schema(example = "units")]
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unit_ids: Vec<UnitId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_account_id: Option<ChannelAccountId>,
}

#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SessionView {
    pub id: SessionId,
    /// How the person signed in (RFC 8176).
    #[schema(example = json!(["pwd"]))]
    pub amr: Vec<String>,
    pub authenticated_at: DateTime<Utc>,
}

/// The answer for a presented token.
pub fn validate(presented: &Presented, now: DateTime<Utc>) -> Validation {
    let Presented { claims, known } = presented;
    let subject = &known.subject;
    let counts = |from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>| {
        from.is_none_or(|from| from <= now) && to.is_none_or(|to| now < to)
    };
    let grants: Vec<_> =
        subject.grants.iter().filter(|grant| counts(grant.effective_from, grant.effective_to)).collect();
    let mut roles: Vec<String> = grants.iter().map(|grant| grant.role.to_string()).collect();
    roles.sort_unstable();
    roles.dedup();
    Validation {
        valid: true,
        principal: PrincipalView { kind: "user", user_id: claims.sub, membership_id: claims.mid },
        user: UserName { id: claims.sub, name: known.user_name.clone() },
        organization: OrganizationView {
            id: subject.organization_id,
            slug: known.slug.clone(),
            name: known.organization_name.clone(),
            status: known.organization_status.clone(),
        },
        roles,
        permissions: subject.permissions(now).iter().map(Permission::name).collect(),
        scopes: grants.iter().map(|grant| scope_view(&grant.role, &grant.scope)).collect(),
        session: SessionView {
            id: claims.sid,
            amr: claims.amr.clone(),
            authenticated_at: DateTime::from_timestamp(claims.auth_time, 0).unwrap_or_default(),
        },
        expires_at: claims.expires_at(),
    }
}

fn scope_view(role: &str, scope: &Scope) -> ScopeView {
    let (kind, unit_ids, channel_account_id) = match scope {
        Scope::Organization => ("organization", Vec::new(), None),
        Scope::Units(units) => ("units", units.clone(), None),
        Scope::ChannelAccount(account) => ("channel_account", Vec::new(), Some(*account)),
        Scope::Own => ("own", Vec::new(), None),
        Scope::Unassigned(units) => ("unassigned", units.clone(), None),
    };
    ScopeView { role: role.to_owned(), kind, unit_ids, channel_account_id }
}
