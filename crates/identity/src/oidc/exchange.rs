//! The console fetches the session that a finished way to a provider earned.

use super::flow::Vouched;
use crate::ceremony::Purpose;
use crate::handle::Identity;
use crate::settings::SignInMethod;
use crate::sign_in::{Client, Entered, Entry};
use crate::store::sign_in as rows;
use kernel::{Error, ErrorKind};
use store::PlatformReason;

impl Identity {
    /// A code of the callback, once, within a minute, from the browser that went the way.
    ///
    /// # Errors
    /// 400 `OIDC_CODE_INVALID`, and what a sign-in may meet.
    pub(super) async fn exchange_oidc(
        &self,
        code: &str,
        device_name: Option<&str>,
        browser: Option<[u8; 32]>,
        client: &Client,
    ) -> Result<Entered, Error> {
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let vouched: Option<Vouched> = self.take_step(tx.conn(), Purpose::OidcCode, code).await?;
        let vouched = vouched.filter(|vouched| Some(vouched.browser) == browser);
        let login = match &vouched {
            Some(vouched) => rows::login_by_id(tx.conn(), vouched.user_id).await?,
            None => None,
        };
        tx.commit().await?;
        let (Some(vouched), Some(login)) = (vouched, login) else {
            return Err(Error::new(
                ErrorKind::BadRequest,
                "OIDC_CODE_INVALID",
                "This code is unknown, used, expired, or another browser's.",
            ));
        };
        let organization = vouched.organization.as_deref();
        Box::pin(self.enter(Entry {
            login: &login,
            method: SignInMethod::Oidc,
            amr: &vouched.amr,
            organization,
            device_name,
            client,
            better: None,
            proven_at: None,
        }))
        .await
    }
}
