//! `me/password`: a person changes the own password.

use super::Verdict;
use crate::handle::Identity;
use crate::links;
use crate::sign_in::Client;
use crate::sign_in::facts::{Fact, Whom};
use crate::store::sign_in as rows;
use kernel::{Ctx, Error, ErrorKind};
use mail::Template;
use secrecy::SecretString;
use serde_json::json;
use store::{INSTALLATION, PlatformReason};

/// What the person typed.
pub struct PasswordChange {
    /// May be left out by whoever has none yet and proved of late who he is.
    pub current: Option<SecretString>,
    pub new: SecretString,
}

impl Identity {
    /// Changes the caller's password; all other sessions and all links of the person die, this session goes on.
    ///
    /// # Errors
    /// 403 `PASSWORD_WRONG` for the present one (429 `AUTH_THROTTLED` after some), 403 `REAUTH_REQUIRED` where there is
    /// none and the sign-in was long ago; 422 for a new one that may not be used; 503 `AUTH_BUSY`.
    pub async fn change_password(&self, ctx: &Ctx, change: PasswordChange, client: &Client) -> Result<(), Error> {
        let user_id = ctx.require_person()?;
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let login = rows::login_by_id(tx.conn(), user_id).await?;
        tx.commit().await?;
        let login = login.ok_or_else(Error::not_found)?;
        match (&login.password_hash, &change.current) {
            (None, _) => ctx.require_recent()?,
            (Some(_), None) => {
                return Err(Error::invalid_field("current_password", "REQUIRED", "Say the present password too."));
            }
            (Some(_), Some(current)) => {
                if !matches!(self.check_own_password(&login, current).await?, Verdict::Right { .. }) {
                    return Err(Error::new(
                        ErrorKind::Forbidden,
                        "PASSWORD_WRONG",
                        "The present password is another one.",
                    ));
                }
            }
        }
        let (hash, policy) = self.accept_password(&login, &change.new).await?;
        let now = ctx.now();
        let platform = self.acting(INSTALLATION, client);
        let mut tx = self.0.db.tenant(INSTALLATION).await?;
        rows::set_password(tx.conn(), user_id, hash.as_str(), policy.kept(), now).await?;
        links::void_all(tx.conn(), user_id).await?;
        let ended = rows::end_sessions(tx.conn(), user_id, ctx.subject.session_id, "password_changed", now).await?;
        self.tell(&mut tx, Fact::PasswordChanged, &Whom { login: Some(user_id), named: None }, None, client)?;
        self.notify(&platform, &mut tx, &login, Template::PasswordChanged, json!({ "ip": client.ip })).await?;
        tx.commit().await?;
        // Whoever had to change it may do everything again.
        self.rights_changed();
        self.announce_ended(user_id, &ended, "password_changed", client).await
    }
}
