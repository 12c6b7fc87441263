//! `password/reset`: a link that came by mail lets a new password be chosen.

use crate::handle::Identity;
use crate::links::{self, Purpose};
use crate::sign_in::Client;
use crate::sign_in::claim::CLAIMED;
use crate::sign_in::facts::{Fact, Whom};
use crate::store::privacy;
use crate::store::sign_in::{self as rows, Login};
use kernel::Error;
use kernel::ids::UserId;
use mail::Template;
use secrecy::SecretString;
use serde_json::json;
use store::{INSTALLATION, PlatformReason};

impl Identity {
    /// Sets a new password; all sessions and links of the person die, second factors stay (unless the
    /// address was never proven before), and nobody is signed in.
    /// A password that may not be used does not use the link up.
    ///
    /// # Errors
    /// 400 `LINK_INVALID`; 422 for a password that may not be used; 503 `AUTH_BUSY`.
    pub async fn reset_password(&self, token: &str, password: &SecretString, client: &Client) -> Result<(), Error> {
        let login = self.owner_of_reset(token).await?.ok_or_else(links::invalid)?;
        let (hash, policy) = self.accept_password(&login, password).await?;
        let ctx = self.acting(INSTALLATION, client);
        let now = ctx.now();
        let mut tx = self.0.db.tenant(INSTALLATION).await?;
        // Of two at the same moment one gets it.
        links::redeem(self, tx.conn(), Purpose::ResetPassword, token).await?.ok_or_else(links::invalid)?;
        rows::set_password(tx.conn(), login.user_id, hash.as_str(), policy.kept(), now).await?;
        let whom = Whom { login: Some(login.user_id), named: None };
        if rows::email_verified(tx.conn(), login.user_id, now).await? {
            // Who proves the address first has no factors to keep: they are whoever's who typed it.
            privacy::forget_credentials(&mut tx, login.user_id).await?;
            self.tell(&mut tx, Fact::EmailVerified, &whom, Some(CLAIMED), client)?;
        }
        links::void_all(tx.conn(), login.user_id).await?;
        rows::clear_failures(tx.conn(), &self.email_hash(&login.email_norm)).await?;
        let ended = rows::end_sessions(tx.conn(), login.user_id, None, "password_reset", now).await?;
        self.tell(&mut tx, Fact::PasswordReset, &whom, None, client)?;
        self.notify(&ctx, &mut tx, &login, Template::PasswordChanged, json!({ "ip": client.ip })).await?;
        tx.commit().await?;
        self.announce_ended(login.user_id, &ended, "password_reset", client).await
    }

    async fn owner_of_reset(&self, token: &str) -> Result<Option<Login>, Error> {
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let found = links::look(self, tx.conn(), Purpose::ResetPassword, token).await?;
        let login = match &found {
            Some(link) => rows::login_by_id(tx.conn(), link.user_id).await?,
            None => None,
        };
        tx.commit().await?;
        Ok(login
            .zip(found)
            .filter(|(login, link)| login.status == "active" && self.is_of_address(&link.data, login))
            .map(|(login, _)| login))
    }

    /// Whose link this is, for the limits.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn owner_of_link(&self, purpose: Purpose, token: &str) -> Result<Option<UserId>, Error> {
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let found = links::look(self, tx.conn(), purpose, token).await?;
        tx.commit().await?;
        Ok(found.map(|link| link.user_id))
    }
}
