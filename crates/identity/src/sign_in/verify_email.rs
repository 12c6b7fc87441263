//! `verify-email`: a link that came by mail proves the address.

use super::Client;
use super::facts::{Fact, Whom};
use crate::handle::Identity;
use crate::links::{self, Purpose};
use crate::store::sign_in as rows;
use kernel::Error;
use store::INSTALLATION;

impl Identity {
    /// Marks the address of the link's login as proven.
    ///
    /// # Errors
    /// 400 `LINK_INVALID` for whatever is no good link.
    pub async fn verify_email(&self, token: &str, client: &Client) -> Result<(), Error> {
        // A new address of a login that has another one is proven at the same door.
        if self.confirm_email_change(token, client).await? {
            return Ok(());
        }
        let mut tx = self.0.db.tenant(INSTALLATION).await?;
        let Some(redeemed) = links::redeem(self, tx.conn(), Purpose::VerifyEmail, token).await? else {
            return Err(links::invalid());
        };
        let login = rows::login_by_id(tx.conn(), redeemed.user_id).await?;
        let Some(login) = login.filter(|login| self.is_of_address(&redeemed.data, login)) else {
            return Err(links::invalid());
        };
        if rows::email_verified(tx.conn(), login.user_id, self.0.clock.now()).await? {
            let whom = Whom { login: Some(login.user_id), named: None };
            self.tell(&mut tx, Fact::EmailVerified, &whom, None, client)?;
        }
        tx.commit().await?;
        Ok(())
    }
}
