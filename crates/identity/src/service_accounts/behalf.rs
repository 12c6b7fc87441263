//! `on_behalf_of`: a key acts in a member's name. It may do then what both may: the key with its scopes and roles, and the
//! member with his.

use super::events;
use crate::assignments::Holder;
use crate::store::assignments::{grants, member};
use crate::store::logins;
use kernel::ids::UserId;
use kernel::{Ctx, Error, ErrorKind, Permission, Principal, Resource, Subject};
use std::sync::Arc;
use store::TenantTx;
use uuid::Uuid;

/// A key and the member in whose name it acts.
#[derive(Clone, Debug)]
pub struct Behalf {
    /// The key's own circumstances.
    pub key: Ctx,
    /// The member's, within what the key may.
    pub member: Ctx,
    pub user_id: UserId,
    pub service_account_id: Uuid,
    pub api_key_id: Uuid,
}

/// The member whom a key names.
///
/// # Errors
/// 403 `ON_BEHALF_NOT_ALLOWED` for callers that are no key; 422 `MEMBER_UNKNOWN`, the same for whoever is not there, is in
/// another organization, suspended, removed, only invited, or has no living login.
pub async fn on_behalf_of(ctx: &Ctx, tx: &mut TenantTx, user_id: UserId) -> Result<Behalf, Error> {
    let (Principal::ServiceAccount { id: service_account_id }, Some(api_key_id)) =
        (&ctx.subject.principal, ctx.subject.api_key_id)
    else {
        return Err(not_allowed("Only an API key acts in somebody else's name."));
    };
    let found = member(tx, user_id).await?.filter(|member| member.status == "active").ok_or_else(unknown)?;
    logins::facts(tx, user_id).await?.filter(|login| login.status == "active").ok_or_else(unknown)?;
    let subject = Subject {
        principal: Principal::User { user_id, membership_id: found.membership_id },
        grants: grants(tx, Holder::Member(found.membership_id)).await?,
        via_service_account: Some(*service_account_id),
        // Nobody proved anything: what asks for a recent proof stays closed.
        authenticated_at: None,
        ..(*ctx.subject).clone()
    };
    let member = Ctx { subject: Arc::new(subject), ..ctx.clone() };
    Ok(Behalf { key: ctx.clone(), member, user_id, service_account_id: *service_account_id, api_key_id })
}

impl Behalf {
    /// # Errors
    /// What the key itself is refused with; 403 `ON_BEHALF_NOT_ALLOWED` where the member may not do it, or may not even see
    /// the thing.
    pub fn require(&self, action: Permission, resource: &Resource) -> Result<(), Error> {
        self.key.require(action, resource)?;
        self.member.require(action, resource).map_err(|refused| {
            let reason = refused.denied().map_or("missing_permission", |denied| denied.reason);
            not_allowed("The member named in `on_behalf_of` may not do this.").with_denied(action.name(), reason)
        })
    }

    /// Appends that the key acted in this name.
    pub fn note(&self, tx: &mut TenantTx) {
        tx.append(&self.key, events::acted_on_behalf(self));
    }
}

fn unknown() -> Error {
    Error::invalid_field("on_behalf_of", "MEMBER_UNKNOWN", "There is no active member with this id.")
}

fn not_allowed(detail: &'static str) -> Error {
    Error::new(ErrorKind::Forbidden, "ON_BEHALF_NOT_ALLOWED", detail)
}
