//! `switch`: a session in another of one's organizations, beside the one that asks.

use crate::handle::Identity;
use crate::links;
use crate::settings::SignInMethod;
use crate::sign_in::{AMR_MAIL, Client, Entered, Entry};
use crate::store::sign_in as rows;
use kernel::access::VOUCHED_BY_ORGANIZATION;
use kernel::{Ctx, Error, ErrorKind};
use store::PlatformReason;

impl Identity {
    /// Opens a sibling session: proven as this one was, with a second factor asked for where the other organization
    /// wants one that this session did not have.
    ///
    /// # Errors
    /// 403 `MEMBERSHIP_INACTIVE`, `ORGANIZATION_SUSPENDED`, `SIGN_IN_METHOD_NOT_ALLOWED`; for keys and impersonators.
    pub(crate) async fn switch(
        &self,
        ctx: &Ctx,
        organization: &str,
        device_name: Option<&str>,
        client: &Client,
    ) -> Result<Entered, Error> {
        let user = ctx.require_person()?;
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let login = rows::login_by_id(tx.conn(), user).await?;
        tx.commit().await?;
        let login = login.ok_or_else(links::invalid)?;
        if ctx.subject.amr.iter().any(|method| method == VOUCHED_BY_ORGANIZATION) {
            return Err(Error::new(
                ErrorKind::Forbidden,
                "SIGN_IN_METHOD_NOT_ALLOWED",
                "What an organization's own provider says counts in that organization alone.",
            ));
        }
        self.enter(Entry {
            login: &login,
            method: method_of(&ctx.subject.amr),
            amr: &ctx.subject.amr,
            organization: Some(organization),
            device_name,
            client,
            better: None,
            proven_at: ctx.subject.authenticated_at,
        })
        .await
    }
}

/// The way in which somebody came first.
fn method_of(amr: &[String]) -> SignInMethod {
    match amr.first().map(String::as_str) {
        Some("pop" | "hwk" | "swk") => SignInMethod::Passkey,
        Some("oidc") => SignInMethod::Oidc,
        Some(AMR_MAIL) => SignInMethod::MagicLink,
        _ => SignInMethod::Password,
    }
}
