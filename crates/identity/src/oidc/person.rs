//! Who it is that a provider vouches for.

use super::client::Assertion;
use super::events;
use super::join::Newcomer;
use super::{OrganizationProvider, Provider, not_linked, rules};
use crate::handle::Identity;
use crate::mfa;
use crate::sign_in::Client;
use crate::sign_in::claim::{CLAIMED, Ended};
use crate::store::oidc::{self as rows, NewIdentity};
use crate::store::{logins, sign_in};
use crate::text::Email;
use kernel::ids::UserId;
use kernel::{Ctx, Error, ErrorKind};
use store::{PlatformReason, TenantTx};

impl Identity {
    /// The login of the account at the provider: the one it was linked to, or, at an organization's own provider, the
    /// one with the e-mail that the provider may vouch for.
    ///
    /// # Errors
    /// 403 `OIDC_NOT_LINKED`, 403 `MEMBERSHIP_INACTIVE`, 409 `LIMIT_REACHED` where a newcomer finds no seat.
    pub(super) async fn person_of(
        &self,
        provider: &Provider,
        assertion: &Assertion,
        client: &Client,
    ) -> Result<UserId, Error> {
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let known = rows::user_by_identity(&mut tx, &provider.key, &assertion.issuer, &assertion.subject).await?;
        tx.commit().await?;
        let Some(own) = &provider.own else {
            // A provider of the platform knows people's accounts, not whose login an e-mail here is.
            return known.ok_or_else(not_linked);
        };
        let ctx = self.acting(own.organization_id, client);
        let mut tx = self.0.db.tenant(own.organization_id).await?;
        let (user_id, ended) = match known {
            Some(user_id) => (user_id, Ended::new()),
            None => self.by_email(&ctx, &mut tx, provider, own, assertion).await?,
        };
        rows::record_use(&mut tx, user_id, &provider.key, &assertion.subject, ctx.now()).await?;
        let changed = self.follow_groups(&ctx, &mut tx, own, user_id, assertion).await?;
        tx.commit().await?;
        self.announce_ended(user_id, &ended, CLAIMED, client).await?;
        if changed {
            self.rights_changed();
        }
        Ok(user_id)
    }

    /// The first time: links by the e-mail, on domains that this organization proved its own and no others.
    async fn by_email(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        provider: &Provider,
        own: &OrganizationProvider,
        assertion: &Assertion,
    ) -> Result<(UserId, Ended), Error> {
        let (email, domain) = rules::vouched_email(assertion).ok_or_else(not_linked)?;
        if !own.domains.contains(&domain) || !rows::signs_in(tx, &domain).await? {
            return Err(not_linked());
        }
        let (user_id, ended) = self.member_of_email(ctx, tx, own, &email, assertion).await?;
        let new = NewIdentity {
            id: ctx.new_id(),
            user_id,
            provider: &provider.key,
            issuer: &assertion.issuer,
            subject: &assertion.subject,
        };
        // Another account of the same provider says it has this e-mail too: one of the two is not the person.
        if rows::count_at(tx, user_id, &provider.key).await? > 0 || !rows::link(tx, &new, ctx.now()).await? {
            return Err(not_linked());
        }
        tx.append(ctx, events::linked(user_id, &provider.key, "e_mail"));
        mfa::tell(self, ctx, tx, user_id, "identity_linked").await?;
        Ok((user_id, ended))
    }

    /// The member here with this e-mail, or a newcomer where the provider may bring some.
    async fn member_of_email(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        own: &OrganizationProvider,
        email: &Email,
        assertion: &Assertion,
    ) -> Result<(UserId, Ended), Error> {
        let newcomer = Newcomer { email, name: assertion.name.as_deref() };
        match logins::member_by_email(tx, &email.norm).await? {
            Some((_, status)) if matches!(status.as_str(), "active" | "invited") => {
                let login = sign_in::login_by_email(tx.conn(), &email.norm).await?.ok_or_else(not_linked)?;
                Ok((login.user_id, newcomer.claim(ctx, tx, login.user_id).await?))
            }
            // Whom the organization suspended or removed, it lets in again itself.
            Some(_) => {
                Err(Error::new(ErrorKind::Forbidden, "MEMBERSHIP_INACTIVE", "You are not an active member there."))
            }
            None if own.jit => self.bring_in(ctx, tx, own, &newcomer).await,
            None => Err(not_linked()),
        }
    }
}
