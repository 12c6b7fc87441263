//! `magic-link/exchange`: a link that came by mail for a session.

use super::Client;
use super::claim::{CLAIMED, claim_login};
use super::enter::{Entered, Entry};
use super::facts::{Fact, Whom};
use crate::handle::Identity;
use crate::links::{self, Purpose};
use crate::settings::SignInMethod;
use crate::store::sign_in as rows;
use crate::text::folded;
use kernel::Error;
use store::INSTALLATION;

/// How a sign-in by mail stands in `amr`; RFC 8176 has no word for it.
pub(crate) const AMR_MAIL: &str = "mail";

/// What the page that the link opens sends.
pub struct ExchangeRequest {
    pub token: String,
    pub device_name: Option<String>,
}

impl Identity {
    /// Signs in with a link, which is used up by it and proves the address: the first proof takes the login over.
    ///
    /// # Errors
    /// 400 `LINK_INVALID` for whatever is no good link; the refusals of [`Identity::enter`].
    pub async fn exchange_magic_link(&self, request: &ExchangeRequest, client: &Client) -> Result<Entered, Error> {
        let mut tx = self.0.db.tenant(INSTALLATION).await?;
        let redeemed = links::redeem(self, tx.conn(), Purpose::MagicLink, &request.token).await?;
        let Some(redeemed) = redeemed else { return Err(links::invalid()) };
        let login = rows::login_by_id(tx.conn(), redeemed.user_id).await?;
        let Some(mut login) = login.filter(|login| self.is_of_address(&redeemed.data, login)) else {
            return Err(links::invalid());
        };
        let whom = Whom { login: Some(login.user_id), named: None };
        let name = (login.name.as_str(), folded(&login.name));
        let claimed = claim_login(&mut tx, login.user_id, (name.0, &name.1), None, self.0.clock.now()).await?;
        if claimed.is_some() {
            self.tell(&mut tx, Fact::EmailVerified, &whom, Some(CLAIMED), client)?;
            login = rows::login_by_id(tx.conn(), login.user_id).await?.ok_or_else(links::invalid)?;
        }
        self.tell(&mut tx, Fact::MagicLinkExchanged, &whom, None, client)?;
        tx.commit().await?;
        self.announce_ended(login.user_id, &claimed.unwrap_or_default(), CLAIMED, client).await?;
        self.enter(Entry {
            login: &login,
            method: SignInMethod::MagicLink,
            amr: &[AMR_MAIL.to_owned()],
            organization: redeemed.data["organization"].as_str(),
            device_name: request.device_name.as_deref(),
            client,
            better: None,
            proven_at: None,
        })
        .await
    }
}
