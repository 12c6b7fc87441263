//! Signing in with a passkey: the authenticator says who it is, nobody types anything.

use super::register::PasskeyOptions;
use super::{events, refused, unavailable};
use crate::ceremony::Purpose;
use crate::handle::Identity;
use crate::settings::SignInMethod;
use crate::sign_in::{Client, Entered, Entry};
use crate::store::{passkeys as rows, sign_in};
use kernel::ids::UserId;
use kernel::{Ctx, Error};
use serde_json::Value;
use sqlx::PgConnection;
use store::{PlatformReason, TenantTx};
use webauthn_rs::prelude::{DiscoverableAuthentication, DiscoverableKey, Passkey, PublicKeyCredential, WebauthnError};

impl Identity {
    /// Options for any passkey of this installation; also for one as a second factor or as a fresh proof.
    pub(super) async fn passkey_challenge(&self) -> Result<PasskeyOptions, Error> {
        let webauthn = self.0.webauthn.as_ref().ok_or_else(unavailable)?;
        let (options, state) = webauthn.start_discoverable_authentication().map_err(Error::internal)?;
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let ceremony = self.keep_step(tx.conn(), Purpose::PasskeySignIn, &state).await?;
        tx.commit().await?;
        let mut options = serde_json::to_value(options).map_err(Error::internal)?;
        // Whether the browser offers them in a field or in a window is the page's choice.
        if let Some(options) = options.as_object_mut() {
            options.remove("mediation");
        }
        Ok(PasskeyOptions { ceremony: ceremony.expose().to_owned(), options })
    }

    /// Signs in whoever's passkey answered.
    ///
    /// # Errors
    /// 401 `PASSKEY_INVALID` for whatever was wrong, and what a sign-in may meet.
    pub(super) async fn passkey_sign_in(
        &self,
        ceremony: &str,
        credential: Value,
        organization: Option<&str>,
        device_name: Option<&str>,
        client: &Client,
    ) -> Result<Entered, Error> {
        let answer: PublicKeyCredential = serde_json::from_value(credential).map_err(|_| refused())?;
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        // Used up whatever follows.
        let state = self.passkey_attempt(tx.conn(), ceremony).await?;
        let user_id = rows::user_by_passkey(&mut tx, answer.get_credential_id()).await?;
        let memberships = match user_id {
            Some(user_id) => sign_in::memberships_of(tx.conn(), user_id).await?,
            None => Vec::new(),
        };
        tx.commit().await?;
        let state = state.ok_or_else(refused)?;
        // Any of the person's organizations lets the row be read; which one is entered is decided afterwards.
        let place = memberships.first().ok_or_else(refused)?.organization_id;
        let ctx = self.acting(place, client);
        let mut tx = self.0.db.tenant(place).await?;
        let verified = self.verify_passkey(&ctx, &mut tx, None, state, &answer).await?;
        let login = match verified {
            Some(user_id) => sign_in::login_by_id(tx.conn(), user_id).await?,
            None => None,
        };
        // Kept also where it was refused: a counter that went back is recorded.
        tx.commit().await?;
        let login = login.ok_or_else(refused)?;
        let amr = ["pop", "user", "mfa"].map(str::to_owned);
        Box::pin(self.enter(Entry {
            login: &login,
            method: SignInMethod::Passkey,
            amr: &amr,
            organization,
            device_name,
            client,
            better: None,
            proven_at: None,
        }))
        .await
    }

    /// Whose passkey answered, if the answer is right: `None` otherwise. The attempt is used up with the transaction.
    /// `expected` lets an authenticator leave out who it belongs to (it then serves as a second factor only).
    pub(crate) async fn check_passkey(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        expected: Option<UserId>,
        ceremony: &str,
        credential: &Value,
    ) -> Result<Option<UserId>, Error> {
        let Some(state) = self.passkey_attempt(tx.conn(), ceremony).await? else { return Ok(None) };
        let Ok(answer) = serde_json::from_value::<PublicKeyCredential>(credential.clone()) else { return Ok(None) };
        self.verify_passkey(ctx, tx, expected, state, &answer).await
    }

    /// The attempt of this token, once.
    pub(super) async fn passkey_attempt(
        &self,
        conn: &mut PgConnection,
        ceremony: &str,
    ) -> Result<Option<DiscoverableAuthentication>, Error> {
        self.take_step(conn, Purpose::PasskeySignIn, ceremony).await
    }

    pub(super) async fn verify_passkey(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        expected: Option<UserId>,
        state: DiscoverableAuthentication,
        answer: &PublicKeyCredential,
    ) -> Result<Option<UserId>, Error> {
        let webauthn = self.0.webauthn.as_ref().ok_or_else(unavailable)?;
        let Some(row) = rows::lock(tx, answer.get_credential_id()).await? else { return Ok(None) };
        let named = answer.get_user_unique_id().map(|id| id == row.user_id.as_bytes());
        if named == Some(false) || (named.is_none() && expected != Some(row.user_id)) {
            return Ok(None);
        }
        let mut passkey: Passkey = serde_json::from_value(row.credential).map_err(Error::internal)?;
        match webauthn.finish_discoverable_authentication_v2(answer, state, DiscoverableKey::from(&passkey)) {
            Ok(result) => {
                passkey.update_credential(&result);
                let credential = serde_json::to_value(&passkey).map_err(Error::internal)?;
                rows::record_use(tx, row.user_id, row.id, &credential, ctx.now()).await?;
                Ok(Some(row.user_id))
            }
            Err(WebauthnError::CredentialPossibleCompromise) => {
                tx.append(ctx, events::refused(row.user_id, row.id));
                Ok(None)
            }
            Err(_) => Ok(None),
        }
    }
}
