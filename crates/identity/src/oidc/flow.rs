//! The way to a provider and back.

use super::{Provider, rules};
use crate::ceremony::Purpose;
use crate::handle::Identity;
use crate::sign_in::Client;
use kernel::ids::{OrganizationId, UserId};
use kernel::token::OpaqueToken;
use kernel::{Error, ErrorKind};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use store::PlatformReason;
use url::Url;

/// A way that a browser is on, as kept until it comes back.
#[derive(Serialize, Deserialize)]
pub(super) struct Flow {
    provider: String,
    nonce: String,
    verifier: String,
    /// Hash of the browser's cookie.
    browser: [u8; 32],
    return_to: Url,
    /// Which organization is meant, at providers of the platform.
    organization: Option<String>,
    pub link: Option<Link>,
}

/// Who wants to link what comes back.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Link {
    pub user_id: UserId,
    pub organization_id: OrganizationId,
}

/// Somebody whom a provider vouched for, until the console fetches the session.
#[derive(Serialize, Deserialize)]
pub(super) struct Vouched {
    pub user_id: UserId,
    pub amr: Vec<String>,
    pub organization: Option<String>,
    pub browser: [u8; 32],
}

/// What a browser brought back.
#[derive(Default)]
pub(super) struct Arrival {
    pub state: Option<String>,
    pub code: Option<String>,
    pub error: Option<String>,
    pub iss: Option<String>,
}

impl Identity {
    /// Where to send a browser that wants to sign in, or to link.
    ///
    /// # Errors
    /// 404 for an unknown provider, 422 `REDIRECT_NOT_ALLOWED`, 503 where the provider cannot be reached.
    pub(super) async fn set_off(
        &self,
        provider: &str,
        return_to: Option<&str>,
        organization: Option<String>,
        link: Option<Link>,
        browser: [u8; 32],
    ) -> Result<Url, Error> {
        let return_to = rules::return_target(&self.0.settings, return_to)?;
        let provider = self.provider(provider).await?;
        let secret = || OpaqueToken::new(&self.0.ids).expose().to_owned();
        let (nonce, verifier) = (secret(), secret());
        let flow = Flow {
            provider: provider.key.clone(),
            nonce: nonce.clone(),
            verifier: verifier.clone(),
            browser,
            return_to,
            organization,
            link,
        };
        // Asked first: a provider that cannot be reached leaves nothing behind.
        self.discovered(&provider.issuer, false).await?;
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let state = self.keep_step(tx.conn(), Purpose::OidcFlow, &flow).await?;
        tx.commit().await?;
        self.departure(&provider, nonce, verifier, state.expose()).await
    }

    /// Where to send the browser that came back: to the page that it set off from, with a code in the fragment, or with
    /// the reason why there is none.
    ///
    /// # Errors
    /// 400 `OIDC_STATE_INVALID` for a way that this browser is not on, 400 `OIDC_RESPONSE_INVALID` for an answer that
    /// does not belong to it.
    pub(super) async fn come_back(
        &self,
        provider: &str,
        arrival: Arrival,
        browser: Option<[u8; 32]>,
        client: &Client,
    ) -> Result<Url, Error> {
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let flow = self.flow_of(tx.conn(), &arrival).await?;
        tx.commit().await?;
        let flow = flow.filter(|flow| flow.provider == provider && Some(flow.browser) == browser);
        let flow = flow.ok_or_else(not_on_the_way)?;
        let provider = self.provider(provider).await?;
        if arrival.iss.as_deref().is_some_and(|iss| iss != provider.issuer) {
            return Err(not_on_the_way());
        }
        let mut page = flow.return_to.clone();
        let Some(code) = arrival.code.clone().filter(|_| arrival.error.is_none()) else {
            page.set_fragment(Some("error=OIDC_REFUSED"));
            return Ok(page);
        };
        let assertion = self.assertion(&provider, code, &flow.nonce, flow.verifier.clone()).await?;
        let fragment = match Box::pin(self.conclude(&provider, &flow, &assertion, client)).await {
            Ok(fragment) => fragment,
            Err(error) if matches!(error.kind(), ErrorKind::Internal | ErrorKind::Unavailable) => return Err(error),
            Err(error) => format!("error={}", error.code()),
        };
        page.set_fragment(Some(&fragment));
        Ok(page)
    }

    async fn flow_of(&self, conn: &mut PgConnection, arrival: &Arrival) -> Result<Option<Flow>, Error> {
        match &arrival.state {
            Some(state) => self.take_step(conn, Purpose::OidcFlow, state).await,
            None => Ok(None),
        }
    }

    async fn conclude(
        &self,
        provider: &Provider,
        flow: &Flow,
        assertion: &super::client::Assertion,
        client: &Client,
    ) -> Result<String, Error> {
        if let Some(link) = flow.link {
            self.link_identity(provider, link, assertion, client).await?;
            return Ok(format!("linked={}", provider.key));
        }
        let user_id = self.person_of(provider, assertion, client).await?;
        let organization = match &provider.own {
            Some(own) => Some(own.organization_id.to_string()),
            None => flow.organization.clone(),
        };
        let amr = rules::amr_of(provider.own.is_some(), assertion);
        let vouched = Vouched { user_id, amr, organization, browser: flow.browser };
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let code = self.keep_step(tx.conn(), Purpose::OidcCode, &vouched).await?;
        tx.commit().await?;
        Ok(format!("oidc_code={}", code.expose()))
    }
}

fn not_on_the_way() -> Error {
    Error::new(
        ErrorKind::BadRequest,
        "OIDC_STATE_INVALID",
        "This sign-in was not begun in this browser, was finished already, or took too long; start again.",
    )
}
