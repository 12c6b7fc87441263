//! Whether a second factor is right: each code once, codes of one person one after the other.

use super::totp::TotpSecret;
use super::{Method, events, recovery, tell};
use crate::handle::Identity;
use crate::store::second_factors as rows;
use kernel::ids::UserId;
use kernel::{Ctx, Error};
use serde_json::Value;
use store::{INSTALLATION, Place, TenantTx};

/// What somebody presents.
pub enum Proof {
    Totp(String),
    RecoveryCode(String),
    /// The answer of an authenticator to the options of `/auth/passkey/options`.
    Passkey {
        ceremony: String,
        credential: Value,
    },
}

impl Proof {
    pub fn method(&self) -> Method {
        match self {
            Self::Totp(_) => Method::Totp,
            Self::RecoveryCode(_) => Method::RecoveryCode,
            Self::Passkey { .. } => Method::Passkey,
        }
    }
}

impl Identity {
    /// Whether the proof is right and this person's: what it adds to `amr` (RFC 8176), `mfa` not included. What it uses
    /// up is used up with the transaction.
    ///
    /// # Errors
    /// When a statement fails.
    pub(crate) async fn prove(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        user_id: UserId,
        proof: &Proof,
    ) -> Result<Option<&'static [&'static str]>, Error> {
        match proof {
            Proof::Totp(code) => Ok(self.check_totp(ctx, tx, user_id, code).await?.then_some(&["otp"][..])),
            Proof::RecoveryCode(code) => {
                Ok(self.check_recovery_code(ctx, tx, user_id, code).await?.then_some(&["recovery"][..]))
            }
            Proof::Passkey { ceremony, credential } => {
                let whose = self.check_passkey(ctx, tx, Some(user_id), ceremony, credential).await?;
                Ok((whose == Some(user_id)).then_some(&["pop", "user"][..]))
            }
        }
    }

    /// Whether this is the present code of the person's confirmed app, and takes it.
    pub(crate) async fn check_totp(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        user_id: UserId,
        code: &str,
    ) -> Result<bool, Error> {
        let row = rows::lock_totp(tx, user_id).await?.filter(|row| row.confirmed_at.is_some());
        let Some(row) = row else { return Ok(false) };
        let secret = self.open_totp(user_id, &row.secret_sealed)?;
        let Some(step) = secret.step_of(code, ctx.now(), row.last_step) else { return Ok(false) };
        rows::take_totp_step(tx, user_id, step, ctx.now()).await?;
        Ok(true)
    }

    async fn check_recovery_code(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        user_id: UserId,
        code: &str,
    ) -> Result<bool, Error> {
        let hash = self.recovery_hash(user_id, code);
        if !rows::use_recovery_code(tx, user_id, &hash, ctx.now()).await? {
            return Ok(false);
        }
        let left = rows::held(tx, user_id).await?.recovery_codes;
        tx.append(ctx, events::recovery_code_used(user_id, left));
        tell(self, ctx, tx, user_id, "recovery_code_used").await?;
        Ok(true)
    }

    pub(super) fn recovery_hash(&self, user_id: UserId, code: &str) -> [u8; 32] {
        recovery::code_hash(&self.0.recovery_key, user_id.as_bytes(), code)
    }

    pub(super) fn seal_totp(&self, user_id: UserId, secret: &TotpSecret) -> Result<Vec<u8>, Error> {
        self.0.sealer.seal(&self.0.ids, place(&user_id), secret.bytes())
    }

    pub(super) fn open_totp(&self, user_id: UserId, sealed: &[u8]) -> Result<TotpSecret, Error> {
        Ok(TotpSecret::of_stored(self.0.sealer.open(place(&user_id), sealed)?))
    }
}

fn place(user_id: &UserId) -> Place<'_> {
    Place {
        organization: INSTALLATION.as_bytes(),
        table: "totp_factors",
        column: "secret_sealed",
        row: user_id.as_bytes(),
    }
}
