//! Newcomers: people of a proven domain whom the organization's provider brings in (just in time).

use super::OrganizationProvider;
use crate::handle::Identity;
use crate::sign_in::claim::{Ended, claim_login};
use crate::store::roles as role_rows;
use crate::text::{Email, folded};
use crate::users::{NewMember, add_member};
use kernel::ids::{RoleId, UserId};
use kernel::text::{clean_line, truncate_chars};
use kernel::{Ctx, Error};
use store::TenantTx;

/// Longest name of a login.
const NAME: usize = 150;

pub(super) struct Newcomer<'a> {
    pub email: &'a Email,
    pub name: Option<&'a str>,
}

impl Newcomer<'_> {
    /// The name that the provider gives, else what stands before the `@`.
    fn shown_name(&self) -> String {
        let given = self.name.map(clean_line).filter(|name| !name.is_empty());
        let local = || self.email.shown.split('@').next().unwrap_or_default().to_owned();
        truncate_chars(&given.unwrap_or_else(local), NAME).to_owned()
    }

    /// The provider proved the e-mail: a login that nobody had proven before is taken over. Answers the sessions that
    /// ended by it.
    pub(super) async fn claim(&self, ctx: &Ctx, tx: &mut TenantTx, user_id: UserId) -> Result<Ended, Error> {
        let name = self.shown_name();
        Ok(claim_login(tx, user_id, (&name, &folded(&name)), None, ctx.now()).await?.unwrap_or_default())
    }
}

impl Identity {
    /// Makes the newcomer a member, invited until the sign-in that follows. Takes a seat.
    pub(super) async fn bring_in(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        own: &OrganizationProvider,
        newcomer: &Newcomer<'_>,
    ) -> Result<(UserId, Ended), Error> {
        let role = role_rows::find(tx, RoleId(own.default_role_id)).await?;
        let new = NewMember {
            email: newcomer.email.shown.clone(),
            name: Some(newcomer.shown_name()),
            // A role that is gone leaves the one of people who register themselves.
            roles: vec![role.map_or_else(|| "user".to_owned(), |role| role.name)],
            ..NewMember::default()
        };
        let added = Box::pin(add_member(self, ctx, tx, new)).await?;
        let ended = newcomer.claim(ctx, tx, added.user_id).await?;
        Ok((added.user_id, ended))
    }
}
