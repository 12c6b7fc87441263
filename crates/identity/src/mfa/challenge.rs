//! Between the first factor and the session: whether a second one is asked for, and the token that stands for the first.

use super::{Method, Requirement, events};
use crate::ceremony::Purpose;
use crate::handle::Identity;
use crate::password::PasswordHash;
use crate::settings::SignInMethod;
use crate::store::second_factors::{self as rows, Held};
use kernel::ids::{MembershipId, OrganizationId, UserId};
use kernel::token::OpaqueToken;
use kernel::{Ctx, Error};
use serde::{Deserialize, Serialize};
use store::TenantTx;

/// A sign-in that is right so far.
#[derive(Clone, Copy)]
pub struct FirstFactor<'a> {
    pub user_id: UserId,
    pub membership_id: MembershipId,
    /// How the person proved who he is; with `mfa` in it no second factor is asked for.
    pub amr: &'a [String],
    /// The way in, which the organization may have closed.
    pub method: SignInMethod,
    pub device_name: Option<&'a str>,
    /// A hash of the present cost, where the stored one is weaker.
    pub better: Option<&'a PasswordHash>,
}

/// What the person is asked for instead of being let in.
pub struct Challenge {
    pub mfa_token: OpaqueToken,
    pub methods: Vec<Method>,
}

/// A first factor as it waits for the second.
#[derive(Serialize, Deserialize)]
pub(super) struct Waiting {
    pub organization_id: OrganizationId,
    pub user_id: UserId,
    pub membership_id: MembershipId,
    pub amr: Vec<String>,
    pub method: SignInMethod,
    pub device_name: Option<String>,
    pub better: Option<String>,
}

impl Identity {
    /// Asked before every session is opened: `None` lets the person in. Commit the transaction either way.
    ///
    /// # Errors
    /// 403 `SIGN_IN_METHOD_NOT_ALLOWED` where the organization's identity provider is the only way in.
    pub(crate) async fn second_factor_needed(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        first: &FirstFactor<'_>,
    ) -> Result<Option<Challenge>, Error> {
        let held = rows::held(tx, first.user_id).await?;
        let methods = methods(&held);
        crate::oidc::admit(tx, first.user_id, first.amr, !methods.is_empty()).await?;
        // Of the platform's staff a second factor is always asked.
        let required = Requirement::of(tx, first.membership_id, ctx.now()).await?.due.is_some()
            || rows::is_staff(tx, first.user_id).await?;
        if first.amr.iter().any(|method| method == "mfa") || !asks(&held, required) {
            return Ok(None);
        }
        let waiting = Waiting {
            organization_id: tx.organization_id(),
            user_id: first.user_id,
            membership_id: first.membership_id,
            amr: first.amr.to_vec(),
            method: first.method,
            device_name: first.device_name.map(str::to_owned),
            better: first.better.map(|hash| hash.as_str().to_owned()),
        };
        let mfa_token = self.keep_step(tx.conn(), Purpose::SecondFactor, &waiting).await?;
        Ok(Some(Challenge { mfa_token, methods }))
    }

    /// Tells the organization of a wrong second factor.
    pub(super) fn tell_wrong_factor(&self, ctx: &Ctx, tx: &mut TenantTx, user: UserId, method: Method) {
        tx.append(ctx, events::failed(user, method));
    }
}

/// An app is always asked for; a passkey where the organization demands a second factor.
fn asks(held: &Held, required: bool) -> bool {
    held.totp_confirmed_at.is_some() || (required && held.passkeys > 0)
}

/// What this person can answer with.
pub(super) fn methods(held: &Held) -> Vec<Method> {
    let mut methods = Vec::with_capacity(3);
    if held.totp_confirmed_at.is_some() {
        methods.push(Method::Totp);
    }
    if held.passkeys > 0 {
        methods.push(Method::Passkey);
    }
    // Recovery codes stand in for another factor; alone they are none.
    if !methods.is_empty() && held.recovery_codes > 0 {
        methods.push(Method::RecoveryCode);
    }
    methods
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    #[test]
    fn who_is_asked_for_what() {
        let none = Held::default();
        let app = Held { totp_confirmed_at: DateTime::from_timestamp(0, 0), recovery_codes: 3, passkeys: 0 };
        let passkey = Held { passkeys: 1, ..none };
        let codes = Held { recovery_codes: 2, ..none };
        assert!(!asks(&none, false) && !asks(&none, true), "nothing to ask for: the session leads to enrolment");
        assert!(asks(&app, false) && asks(&app, true));
        assert!(!asks(&passkey, false) && asks(&passkey, true));
        assert_eq!(methods(&app), [Method::Totp, Method::RecoveryCode]);
        assert_eq!(methods(&passkey), [Method::Passkey]);
        assert!(methods(&codes).is_empty() && !asks(&codes, true));
    }
}
