//! `explain`: why somebody may or may not do something. The same decision as everywhere, taken for another principal.

mod about;
mod routes;

pub use about::{About, resources};
pub use routes::router;

use crate::assignments::{Holder, PrincipalRef, ScopeType};
use crate::handle::Identity;
use crate::store::assignments::{grants, member};
use crate::store::{roles, service_accounts};
use kernel::{Ctx, Deny, Error, Grant, Permission, Principal, Resource, Scope, Subject, authorize, masks};
use serde::Serialize;
use store::TenantTx;
use uuid::Uuid;

/// The decision.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Explanation {
    pub allowed: bool,
    /// Why not; left out where it is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "out_of_scope")]
    pub reason: Option<&'static str>,
    /// The assignment that allows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantView>,
    /// Groups of fields that stay masked there.
    #[schema(example = json!(["contact_pii"]))]
    pub masks: Vec<&'static str>,
    /// Whether a proof of identity within ten minutes is asked for besides.
    pub needs_recent_authentication: bool,
    /// What would allow it with the least: a role, and where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<Nearest>,
}

#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct GrantView {
    #[schema(example = "agent")]
    pub role: String,
    /// organization, units, channel_account, own or unassigned.
    #[schema(example = "units")]
    pub scope: &'static str,
}

#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Nearest {
    #[schema(example = "agent")]
    pub role: String,
    pub scope_type: ScopeType,
    pub scope_id: Option<Uuid>,
}

/// Decides for another principal of the organization, as if he had just proved who he is.
///
/// # Errors
/// 403 without `roles.view`, 404 for a principal or a thing that is not here, 422 as [`About::resource`] says.
pub async fn explain(
    identity: &Identity,
    ctx: &Ctx,
    tx: &mut TenantTx,
    principal: PrincipalRef,
    action: Permission,
    about: &About,
) -> Result<Explanation, Error> {
    ctx.require(Permission::ROLES_VIEW, &Resource::organization(ctx.organization_id()))?;
    let subject = subject_of(ctx, tx, principal).await?;
    let resource = about.resource(identity, tx).await?;
    let decision = authorize(&subject, action, &resource, ctx.now());
    let masked = masks::of(&subject, &resource, ctx.now());
    Ok(Explanation {
        allowed: decision.is_ok(),
        reason: decision.as_ref().err().map(|deny| deny.reason()),
        grant: decision.as_ref().ok().and_then(|decision| decision.grant).map(grant_view),
        masks: masked.iter().map(masks::Mask::as_str).collect(),
        needs_recent_authentication: action.definition().recent,
        nearest: match decision {
            Err(Deny::MissingPermission | Deny::OutOfScope) => nearest(tx, &subject, action, &resource).await?,
            _ => None,
        },
    })
}

async fn subject_of(ctx: &Ctx, tx: &mut TenantTx, principal: PrincipalRef) -> Result<Subject, Error> {
    // Standing, features and the fallback unit are those of the organization, the same for everybody in it.
    let shared = Subject {
        organization: ctx.subject.organization,
        disabled: ctx.subject.disabled,
        fallback_unit: ctx.subject.fallback_unit,
        authenticated_at: Some(ctx.now()),
        ..Subject::system(ctx.organization_id())
    };
    match principal {
        PrincipalRef::User(user_id) => {
            let member = member(tx, user_id).await?.ok_or_else(Error::not_found)?;
            let membership_id = member.membership_id;
            Ok(Subject {
                principal: Principal::User { user_id, membership_id },
                membership_active: member.status == "active",
                grants: grants(tx, Holder::Member(membership_id)).await?,
                ..shared
            })
        }
        PrincipalRef::ServiceAccount(id) => {
            let account = service_accounts::find(tx, id).await?.ok_or_else(Error::not_found)?;
            Ok(Subject {
                principal: Principal::ServiceAccount { id },
                membership_active: account.status == "active",
                grants: grants(tx, Holder::ServiceAccount(id)).await?,
                ..shared
            })
        }
    }
}

/// The role that holds the action and little else, in the narrowest scope that covers the resource. A role that the
/// principal has elsewhere comes before others.
async fn nearest(
    tx: &mut TenantTx,
    subject: &Subject,
    action: Permission,
    resource: &Resource,
) -> Result<Option<Nearest>, Error> {
    let roles = roles::list(tx).await?;
    let held = |name: &str| subject.grants.iter().any(|grant| &*grant.role == name);
    let chosen = roles
        .iter()
        .filter(|role| role.permissions().contains(action))
        .min_by_key(|role| (!held(&role.name), role.permissions().iter().count()));
    let unit = resource.unit_id.or(subject.fallback_unit).filter(|_| resource.scoped);
    let (scope_type, scope_id) = match unit {
        Some(unit) if !action.definition().organization_only => (ScopeType::Unit, Some(unit.0)),
        _ => (ScopeType::Organization, None),
    };
    Ok(chosen.map(|role| Nearest { role: role.name.clone(), scope_type, scope_id }))
}

fn grant_view(grant: &Grant) -> GrantView {
    let scope = match grant.scope {
        Scope::Organization => "organization",
        Scope::Units(_) => "units",
        Scope::ChannelAccount(_) => "channel_account",
        Scope::Own => "own",
        Scope::Unassigned(_) => "unassigned",
    };
    GrantView { role: grant.role.to_string(), scope }
}
