//! `reauthenticate`: somebody who is signed in proves again who he is, for what asks for a recent proof.

use super::Client;
use super::login::stored_hash;
use super::magic_link::AMR_MAIL;
use super::throttle;
use crate::events;
use crate::handle::Identity;
use crate::links::Purpose;
use crate::mfa::Proof;
use crate::password::{Password, Verdict};
use crate::store::second_factors;
use crate::store::sign_in::{self as rows, Login};
use crate::store::{links as link_rows, sessions};
use chrono::{DateTime, Duration, Utc};
use kernel::access::RECENT;
use kernel::ids::UserId;
use kernel::{Ctx, Error, ErrorKind};
use mail::Template;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use store::{PlatformReason, TenantTx};
use subtle::ConstantTimeEq as _;

const CODE_LIFE: Duration = Duration::minutes(10);
/// Eight digits and five tries: one chance in twenty million.
const CODE_DIGITS: u32 = 8;
const CODE_TRIES: i32 = 5;

/// What somebody presents.
pub enum SessionProof {
    Password(SecretString),
    /// Of the authenticator app, or the one that came by mail.
    Code(SecretString),
    Factor(Proof),
    /// Nothing: asks for a code by mail.
    Nothing,
}

/// What came of it.
pub enum Reauthenticated {
    /// Until then the proof counts as recent.
    Until(DateTime<Utc>),
    /// A code is on its way by mail.
    CodeSent,
}

impl Identity {
    /// Takes a proof of who the caller is.
    ///
    /// # Errors
    /// 403 `PROOF_WRONG`, 429 `AUTH_THROTTLED` after some wrong ones, 422 `PROOF_REQUIRED` with `methods` where nothing
    /// was presented and mail is not enough, 503 `AUTH_BUSY`.
    pub async fn reauthenticate(
        &self,
        ctx: &Ctx,
        proof: SessionProof,
        client: &Client,
    ) -> Result<Reauthenticated, Error> {
        let user_id = ctx.require_person()?;
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let login = rows::login_by_id(tx.conn(), user_id).await?;
        tx.commit().await?;
        let login = login.ok_or_else(Error::not_found)?;
        let adds: &[&str] = match &proof {
            SessionProof::Nothing => return self.send_code(ctx, &login).await,
            SessionProof::Password(typed) => match self.check_own_password(&login, typed).await? {
                Verdict::Right { .. } => &["pwd"],
                Verdict::Wrong => return Err(wrong()),
            },
            SessionProof::Code(code) => self.check_code(ctx, &login, code).await?,
            SessionProof::Factor(factor) => self.check_factor(ctx, user_id, factor).await?,
        };
        self.prolong(ctx, user_id, adds, client).await
    }

    /// The caller's own password; wrong ones are slowed down like those at the door, by person.
    pub(crate) async fn check_own_password(&self, login: &Login, typed: &SecretString) -> Result<Verdict, Error> {
        let place = self.0.hashes.place()?;
        self.may_try(login.user_id).await?;
        let verdict = self.0.hashes.verify(place, Password::parse(typed).ok(), stored_hash(Some(login))).await?;
        self.count_try(login.user_id, matches!(verdict, Verdict::Right { .. })).await?;
        Ok(verdict)
    }

    async fn check_code(
        &self,
        ctx: &Ctx,
        login: &Login,
        code: &SecretString,
    ) -> Result<&'static [&'static str], Error> {
        let user_id = login.user_id;
        self.may_try(user_id).await?;
        let code: String = code.expose_secret().chars().filter(|c| !c.is_whitespace()).take(64).collect();
        let mut tx = self.0.db.tenant(ctx.organization_id()).await?;
        let adds: &[&str] = if self.check_totp(ctx, &mut tx, user_id, &code).await? {
            &["otp", "mfa"]
        } else if self.check_mail_code(ctx, &mut tx, user_id, &code).await? {
            &[AMR_MAIL]
        } else {
            &[]
        };
        // Also a wrong try is kept.
        tx.commit().await?;
        self.count_try(user_id, !adds.is_empty()).await?;
        if adds.is_empty() { Err(wrong()) } else { Ok(adds) }
    }

    async fn check_factor(&self, ctx: &Ctx, user_id: UserId, factor: &Proof) -> Result<&'static [&'static str], Error> {
        self.may_try(user_id).await?;
        let mut tx = self.0.db.tenant(ctx.organization_id()).await?;
        let adds = self.prove(ctx, &mut tx, user_id, factor).await?;
        tx.commit().await?;
        self.count_try(user_id, adds.is_some()).await?;
        adds.ok_or_else(wrong)
    }

    async fn check_mail_code(&self, ctx: &Ctx, tx: &mut TenantTx, user_id: UserId, code: &str) -> Result<bool, Error> {
        let purpose = Purpose::MailCode.name();
        let kept = link_rows::count_try(tx.conn(), user_id, purpose, CODE_TRIES, ctx.now()).await?;
        let hash = self.code_hash(user_id, code);
        let right = kept.is_some_and(|kept| bool::from(kept.ct_eq(&hash[..])));
        Ok(right && link_rows::take(tx.conn(), purpose, &hash, ctx.now()).await?.is_some())
    }

    /// A code by mail, for a session that began by mail or a person who has nothing else.
    async fn send_code(&self, ctx: &Ctx, login: &Login) -> Result<Reauthenticated, Error> {
        let mut tx = self.0.db.tenant(ctx.organization_id()).await?;
        let held = second_factors::held(&mut tx, login.user_id).await?;
        let mut methods = Vec::new();
        for (name, has) in [
            ("password", login.password_hash.is_some()),
            ("code", held.totp_confirmed_at.is_some()),
            ("passkey", held.passkeys > 0),
        ] {
            if has {
                methods.push(name);
            }
        }
        let by_mail_only = ctx.subject.amr.iter().all(|method| method == AMR_MAIL);
        if !by_mail_only && !methods.is_empty() {
            return Err(
                Error::new(ErrorKind::Invalid, "PROOF_REQUIRED", "Present one of `methods`.").with("methods", methods)
            );
        }
        let code = self.new_code();
        let (purpose, now) = (Purpose::MailCode.name(), ctx.now());
        let hash = self.code_hash(login.user_id, &code);
        link_rows::put(tx.conn(), login.user_id, purpose, &hash, &json!({}), now, now + CODE_LIFE).await?;
        let data = json!({ "code": code, "minutes": CODE_LIFE.num_minutes() });
        self.notify(ctx, &mut tx, login, Template::MailCode, data).await?;
        tx.commit().await?;
        Ok(Reauthenticated::CodeSent)
    }

    fn new_code(&self) -> String {
        let mut random = [0; 8];
        self.0.ids.fill(&mut random);
        let digits = u64::from_be_bytes(random) % 10u64.pow(CODE_DIGITS);
        format!("{digits:0width$}", width = CODE_DIGITS as usize)
    }

    async fn prolong(
        &self,
        ctx: &Ctx,
        user_id: UserId,
        adds: &[&str],
        client: &Client,
    ) -> Result<Reauthenticated, Error> {
        let session = ctx.subject.session_id.ok_or_else(Error::not_found)?;
        let adds: Vec<String> = adds.iter().map(ToString::to_string).collect();
        let mut tx = self.0.db.tenant(ctx.organization_id()).await?;
        sessions::authenticated_again(&mut tx, session, &adds, Some(&client.ip), ctx.now()).await?;
        tx.append(ctx, events::reauthenticated(user_id, session, &adds));
        tx.commit().await?;
        self.rights_changed();
        Ok(Reauthenticated::Until(ctx.now() + RECENT))
    }

    pub(crate) async fn may_try(&self, user_id: UserId) -> Result<(), Error> {
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let failures = rows::failures(&mut tx, &self.proof_key(user_id)).await?;
        tx.commit().await?;
        throttle::check(failures.as_ref(), self.0.clock.now())
    }

    pub(crate) async fn count_try(&self, user_id: UserId, right: bool) -> Result<(), Error> {
        if !right {
            return self.count_failure(&self.proof_key(user_id)).await;
        }
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        rows::clear_failures(tx.conn(), &self.proof_key(user_id)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Apart from the failures at the door, which a stranger may cause. No e-mail has a space in it.
    fn proof_key(&self, user_id: UserId) -> [u8; 32] {
        self.email_hash(&format!("proof of {user_id}"))
    }
}

fn wrong() -> Error {
    Error::new(ErrorKind::Forbidden, "PROOF_WRONG", "This does not prove who you are.")
}
