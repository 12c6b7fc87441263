//! Adding a passkey: options for the authenticator, then what it made of them.

use super::manage::{PasskeyView, name_of};
use super::{MAX_PASSKEYS, events, unavailable};
use crate::ceremony::Purpose;
use crate::handle::Identity;
use crate::mfa;
use crate::store::passkeys::{self as rows, NewPasskey};
use crate::store::sign_in;
use kernel::ids::UserId;
use kernel::{Ctx, Error, ErrorKind};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::TenantTx;
use uuid::Uuid;
use webauthn_rs::prelude::{CredentialID, Passkey, PasskeyRegistration, RegisterPublicKeyCredential};

/// What `navigator.credentials` is called with, and the token of this attempt.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PasskeyOptions {
    /// To be sent back with the authenticator's answer, within five minutes.
    #[schema(example = "Vb3oT0mC5pLd8gHsRfEjIaK7xWq1zVnY")]
    pub ceremony: String,
    /// The argument of `navigator.credentials.create` or `.get`, binary members in base64url.
    #[schema(value_type = Object)]
    pub options: Value,
}

#[derive(Serialize, Deserialize)]
struct Started {
    user_id: UserId,
    state: PasskeyRegistration,
}

impl Identity {
    pub(super) async fn begin_passkey(&self, ctx: &Ctx, tx: &mut TenantTx) -> Result<PasskeyOptions, Error> {
        let user_id = ctx.require_person()?;
        ctx.require_recent()?;
        let webauthn = self.0.webauthn.as_ref().ok_or_else(unavailable)?;
        let known = self.known_credentials(tx, user_id).await?;
        let login = sign_in::login_by_id(tx.conn(), user_id).await?.ok_or_else(Error::not_found)?;
        let (options, state) = webauthn
            .start_passkey_registration(*user_id, &login.email, &login.name, Some(known))
            .map_err(Error::internal)?;
        let ceremony = self.keep_step(tx.conn(), Purpose::PasskeyRegistration, &Started { user_id, state }).await?;
        let mut options = serde_json::to_value(options).map_err(Error::internal)?;
        // The library leaves it to the authenticator; signing in without typing an e-mail needs a discoverable one.
        if let Some(selection) = options.pointer_mut("/publicKey/authenticatorSelection").and_then(Value::as_object_mut)
        {
            selection.insert("residentKey".to_owned(), json!("required"));
            selection.insert("requireResidentKey".to_owned(), json!(true));
        }
        Ok(PasskeyOptions { ceremony: ceremony.expose().to_owned(), options })
    }

    pub(super) async fn add_passkey(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        ceremony: &str,
        name: &str,
        credential: Value,
    ) -> Result<PasskeyView, Error> {
        let user_id = ctx.require_person()?;
        ctx.require_recent()?;
        let webauthn = self.0.webauthn.as_ref().ok_or_else(unavailable)?;
        let name = name_of(name)?;
        let started: Option<Started> = self.take_step(tx.conn(), Purpose::PasskeyRegistration, ceremony).await?;
        let started = started.filter(|started| started.user_id == user_id).ok_or_else(not_made)?;
        let answer: RegisterPublicKeyCredential = serde_json::from_value(credential).map_err(|_| not_made())?;
        let passkey = webauthn.finish_passkey_registration(&answer, &started.state).map_err(|_| not_made())?;
        // Counted again: two attempts may have begun side by side.
        self.known_credentials(tx, user_id).await?;
        let id: Uuid = ctx.new_id();
        let new = NewPasskey {
            id,
            user_id,
            credential_id: passkey.cred_id().as_ref(),
            credential: &serde_json::to_value(&passkey).map_err(Error::internal)?,
            name: &name,
        };
        if !rows::insert(tx, &new, ctx.now()).await? {
            return Err(Error::new(ErrorKind::Conflict, "PASSKEY_EXISTS", "This passkey is known already."));
        }
        self.session_has_second_factor(ctx, tx, &["pop", "user"]).await?;
        tx.append(ctx, events::added(user_id, id));
        mfa::tell(self, ctx, tx, user_id, "passkey_added").await?;
        Ok(PasskeyView { id, name, created_at: ctx.now(), last_used_at: None })
    }

    /// The credentials a person has, if there is room for one more.
    async fn known_credentials(&self, tx: &mut TenantTx, user_id: UserId) -> Result<Vec<CredentialID>, Error> {
        let known = rows::lock_credentials(tx, user_id).await?;
        if known.len() >= MAX_PASSKEYS {
            return Err(Error::new(ErrorKind::Conflict, "LIMIT_REACHED", "There are ten passkeys already.")
                .with("limit", "passkeys")
                .with("max", MAX_PASSKEYS)
                .with("current", known.len()));
        }
        let parsed = known.into_iter().map(serde_json::from_value::<Passkey>);
        parsed.map(|passkey| passkey.map(|passkey| passkey.cred_id().clone()).map_err(Error::internal)).collect()
    }
}

fn not_made() -> Error {
    Error::new(ErrorKind::Invalid, "PASSKEY_NOT_ACCEPTED", "This passkey was not accepted; start again.")
}
