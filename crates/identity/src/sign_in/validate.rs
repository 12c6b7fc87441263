//! `validate`: what a token stands for now.

use super::OrganizationView;
use crate::authenticate::Presented;
use crate::subject::Known;
use chrono::{DateTime, Utc};
use kernel::access::ImpersonationKind;
use kernel::ids::{ChannelAccountId, MembershipId, SessionId, UnitId, UserId};
use kernel::{Permission, Principal, Scope};
use serde::Serialize;
use uuid::Uuid;

/// A good token and the rights of its principal at this moment.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Validation {
    /// Always true: anything else is a 401.
    pub valid: bool,
    pub principal: PrincipalView,
    /// The person whose name counts; left out for API keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserName>,
    pub organization: OrganizationView,
    /// Names of the roles that count now.
    #[schema(example = json!(["agent"]))]
    pub roles: Vec<String>,
    /// Permissions held in any scope.
    #[schema(example = json!(["messaging.reply", "messaging.view"]))]
    pub permissions: Vec<&'static str>,
    pub scopes: Vec<ScopeView>,
    /// Left out for API keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionView>,
    /// Who really acts, where somebody acts in the user's name: show it as long as it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impersonator: Option<ImpersonatorView>,
    /// When the access token is over.
    pub expires_at: DateTime<Utc>,
}

#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PrincipalView {
    /// user or service_account.
    #[schema(example = "user")]
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub membership_id: Option<MembershipId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_id: Option<Uuid>,
    /// Of the service account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What a banner says.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ImpersonatorView {
    pub id: UserId,
    pub name: String,
    /// support (platform staff) or member.
    pub kind: ImpersonationKind,
    pub impersonation_id: Uuid,
    /// Whether more than looking is allowed.
    pub writes: bool,
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

/// The answer for a presented token or key.
pub fn validate(presented: &Presented, now: DateTime<Utc>) -> Validation {
    let known = &presented.known;
    let subject = &known.subject;
    let grants: Vec<_> = subject.grants.iter().filter(|grant| grant.counts(now)).collect();
    let mut roles: Vec<String> = grants.iter().map(|grant| grant.role.to_string()).collect();
    roles.sort_unstable();
    roles.dedup();
    Validation {
        valid: true,
        principal: principal(known),
        user: subject.user_id().map(|id| UserName { id, name: known.user_name.clone() }),
        organization: OrganizationView {
            id: subject.organization_id,
            slug: known.slug.clone(),
            name: known.organization_name.clone(),
            status: known.organization_status.clone(),
        },
        roles,
        permissions: subject.permissions(now).iter().map(Permission::name).collect(),
        scopes: grants.iter().map(|grant| scope_view(&grant.role, &grant.scope)).collect(),
        session: presented.claims.as_ref().map(|claims| SessionView {
            id: claims.sid,
            amr: subject.amr.clone(),
            authenticated_at: subject
                .authenticated_at
                .or(DateTime::from_timestamp(claims.auth_time, 0))
                .unwrap_or_default(),
        }),
        impersonator: impersonator(known),
        expires_at: subject.expires_at.unwrap_or_default(),
    }
}

fn principal(known: &Known) -> PrincipalView {
    let subject = &known.subject;
    let service_account_id = match subject.principal {
        Principal::ServiceAccount { id } => Some(id),
        _ => None,
    };
    PrincipalView {
        kind: if service_account_id.is_some() { "service_account" } else { "user" },
        user_id: subject.user_id(),
        membership_id: subject.membership_id(),
        service_account_id,
        api_key_id: subject.api_key_id,
        name: service_account_id.map(|_| known.user_name.clone()),
    }
}

fn impersonator(known: &Known) -> Option<ImpersonatorView> {
    let acting = known.subject.impersonation.as_ref()?;
    Some(ImpersonatorView {
        id: acting.by,
        name: known.impersonator_name.clone().unwrap_or_default(),
        kind: acting.kind,
        impersonation_id: acting.id,
        writes: acting.writes,
    })
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
