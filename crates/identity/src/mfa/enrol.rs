//! One's own second factors: what there is, an app added and taken away, new recovery codes.

use super::totp::TotpSecret;
use super::{Requirement, events, recovery};
use crate::handle::Identity;
use crate::store::{second_factors as rows, sessions, sign_in};
use chrono::{DateTime, Utc};
use kernel::ids::UserId;
use kernel::{Ctx, Error, ErrorKind};
use mail::Template;
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::json;
use store::TenantTx;

/// One's own second factors.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct OwnFactors {
    /// Whether a second factor is asked for at sign-in.
    pub enabled: bool,
    /// When the authenticator app was confirmed.
    pub totp_confirmed_at: Option<DateTime<Utc>>,
    pub recovery_codes_left: i64,
    pub passkeys: i64,
    /// Whether the organization demands one of its members.
    pub required: bool,
    /// From then on signing in without one leads to enrolling alone.
    pub required_from: Option<DateTime<Utc>>,
}

/// An app to be added, shown once.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct TotpEnrolment {
    /// To be typed into the app: base 32.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    pub secret: String,
    /// To be scanned as a QR code.
    #[schema(example = "otpauth://totp/Balcao:ana%40clinica.example?secret=GEZDGNBVGY3TQOJQ&issuer=Balcao")]
    pub otpauth_uri: String,
}

/// Recovery codes, shown once.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RecoveryCodes {
    #[schema(example = json!(["k3v9q-7m2xd", "0hq4r-t8ynw"]))]
    pub recovery_codes: Vec<String>,
}

impl Identity {
    pub(super) async fn own_factors(&self, ctx: &Ctx, tx: &mut TenantTx) -> Result<OwnFactors, Error> {
        let user_id = ctx.require_person()?;
        let membership_id = ctx.subject.membership_id().ok_or_else(Error::not_found)?;
        let held = rows::held(tx, user_id).await?;
        let due = Requirement::of(tx, membership_id, ctx.now()).await?.due;
        Ok(OwnFactors {
            enabled: held.totp_confirmed_at.is_some() || (due.is_some() && held.passkeys > 0),
            totp_confirmed_at: held.totp_confirmed_at,
            recovery_codes_left: held.recovery_codes,
            passkeys: held.passkeys,
            required: due.is_some(),
            required_from: due,
        })
    }

    /// A new secret, which counts from its first right code on. One begun before is void.
    pub(super) async fn begin_totp(&self, ctx: &Ctx, tx: &mut TenantTx) -> Result<TotpEnrolment, Error> {
        let user_id = ctx.require_person()?;
        ctx.require_recent()?;
        let login = sign_in::login_by_id(tx.conn(), user_id).await?.ok_or_else(Error::not_found)?;
        let secret = TotpSecret::new(&ctx.ids);
        let sealed = self.seal_totp(user_id, &secret)?;
        if !rows::begin_totp(tx, user_id, &sealed, ctx.now()).await? {
            return Err(Error::new(
                ErrorKind::Conflict,
                "MFA_ALREADY_ENABLED",
                "There is an authenticator app already; take it away first.",
            ));
        }
        let (text, uri) = secret.to_texts(&login.email, "Balcao")?;
        Ok(TotpEnrolment { secret: text.expose_secret().to_owned(), otpauth_uri: uri.expose_secret().to_owned() })
    }

    /// The first code of the new app turns it on; the session from which it is done counts as signed in with it.
    pub(super) async fn confirm_totp(&self, ctx: &Ctx, tx: &mut TenantTx, code: &str) -> Result<RecoveryCodes, Error> {
        let user_id = ctx.require_person()?;
        ctx.require_recent()?;
        let row = rows::lock_totp(tx, user_id).await?.filter(|row| row.confirmed_at.is_none());
        let Some(row) = row else {
            return Err(Error::new(ErrorKind::Conflict, "MFA_NOT_STARTED", "Ask for a new secret first."));
        };
        let secret = self.open_totp(user_id, &row.secret_sealed)?;
        let step = secret.step_of(code, ctx.now(), row.last_step).ok_or_else(wrong_code)?;
        rows::take_totp_step(tx, user_id, step, ctx.now()).await?;
        let codes = self.renew_codes(ctx, tx, user_id).await?;
        self.session_has_second_factor(ctx, tx, &["otp"]).await?;
        tx.append(ctx, events::enabled(user_id));
        tell(self, ctx, tx, user_id, "enabled").await?;
        Ok(codes)
    }

    pub(super) async fn disable_totp(&self, ctx: &Ctx, tx: &mut TenantTx) -> Result<(), Error> {
        let user_id = ctx.require_person()?;
        ctx.require_recent()?;
        if !rows::drop_totp(tx, user_id).await? {
            return Err(Error::not_found());
        }
        if rows::held(tx, user_id).await?.passkeys == 0 {
            rows::drop_recovery_codes(tx, user_id).await?;
        }
        tx.append(ctx, events::disabled(user_id, "own"));
        tell(self, ctx, tx, user_id, "disabled").await
    }

    pub(super) async fn renew_recovery_codes(&self, ctx: &Ctx, tx: &mut TenantTx) -> Result<RecoveryCodes, Error> {
        let user_id = ctx.require_person()?;
        ctx.require_recent()?;
        let held = rows::held(tx, user_id).await?;
        if held.totp_confirmed_at.is_none() && held.passkeys == 0 {
            return Err(Error::new(
                ErrorKind::Conflict,
                "MFA_NOT_ENABLED",
                "Recovery codes stand in for another factor; there is none.",
            ));
        }
        let codes = self.renew_codes(ctx, tx, user_id).await?;
        tx.append(ctx, events::recovery_codes_renewed(user_id));
        Ok(codes)
    }

    async fn renew_codes(&self, ctx: &Ctx, tx: &mut TenantTx, user_id: UserId) -> Result<RecoveryCodes, Error> {
        let codes: Vec<String> = (0..recovery::CODES).map(|_| recovery::new_code(&ctx.ids)).collect();
        let hashes: Vec<Vec<u8>> = codes.iter().map(|code| self.recovery_hash(user_id, code).to_vec()).collect();
        rows::replace_recovery_codes(tx, user_id, &hashes, ctx.now()).await?;
        Ok(RecoveryCodes { recovery_codes: codes })
    }

    /// Whoever proves a new factor in a session has both in it.
    pub(crate) async fn session_has_second_factor(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        amr: &[&str],
    ) -> Result<(), Error> {
        let Some(session) = ctx.subject.session_id else { return Ok(()) };
        let mut all = ctx.subject.amr.clone();
        for method in amr.iter().chain(&["mfa"]) {
            if !all.iter().any(|known| known == method) {
                all.push((*method).to_owned());
            }
        }
        sessions::set_amr(tx, session, &all).await?;
        Ok(())
    }
}

/// Writes to the person what happened to the ways in.
pub async fn tell(
    identity: &Identity,
    ctx: &Ctx,
    tx: &mut TenantTx,
    user_id: UserId,
    change: &str,
) -> Result<(), Error> {
    let Some(login) = sign_in::login_by_id(tx.conn(), user_id).await? else { return Ok(()) };
    identity.notify(ctx, tx, &login, Template::SignInFactorsChanged, json!({ "change": change })).await
}

fn wrong_code() -> Error {
    Error::new(ErrorKind::Invalid, "TOTP_CODE_INVALID", "This is not the present code of the app.")
}
