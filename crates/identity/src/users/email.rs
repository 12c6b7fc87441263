//! Another e-mail for a login: it counts once it is proven, and whoever had the old address can take it back for a while.

use super::add::taken;
use super::{Member, events};
use crate::handle::Identity;
use crate::links::{self, Purpose};
use crate::sign_in::Client;
use crate::sign_in::enter::unproven;
use crate::store::logins::{self as rows, OtherEmails};
use crate::store::people::{self, LoginChange};
use crate::text::Email;
use chrono::Duration;
use kernel::ids::{OrganizationId, UserId};
use kernel::{Ctx, Error};
use mail::{Letter, Template};
use serde_json::{Value, json};
use store::{PlatformReason, TenantTx};

/// How long the new address may be proven.
const PROOF: Duration = Duration::hours(24);
/// How long the old address can take it back.
const UNDO: Duration = Duration::days(7);

/// Asks for another address; asking for the present one takes an earlier wish back.
///
/// # Errors
/// 422, 403 `REAUTH_REQUIRED`, 403 `EMAIL_NOT_VERIFIED` for one's own that was never proven, 409 `EMAIL_TAKEN` (unless accounts are concealed: then nothing comes of it).
pub(super) async fn ask_email_change(
    identity: &Identity,
    ctx: &Ctx,
    tx: &mut TenantTx,
    member: &Member,
    typed: &str,
) -> Result<(), Error> {
    ctx.require_recent()?;
    let wanted = Email::parse(typed)?;
    let facts = rows::facts(tx, member.id).await?.ok_or_else(Error::not_found)?;
    // Else whoever typed an address could move on with what others promise to its owner.
    if ctx.subject.user_id() == Some(member.id) {
        facts.email_verified_at.ok_or_else(unproven)?;
    }
    let same = wanted.norm == facts.email_norm;
    let taken_by_another = !same && rows::is_taken(tx, &wanted.norm).await?;
    if taken_by_another && !identity.settings().conceal_accounts {
        return Err(taken());
    }
    let key = identity.0.persons.key(tx, member.id, ctx.now()).await?.ok_or_else(Error::not_found)?;
    let pending = if same { None } else { Some(key.seal("pending_email", wanted.shown.as_bytes())?) };
    let change = LoginChange { pending_email_sealed: Some(pending), ..LoginChange::default() };
    people::change_login(tx, member.id, &change, ctx.now()).await?;
    if same || taken_by_another {
        return Ok(());
    }
    let beside = json!({ "organization_id": ctx.organization_id() });
    let token = links::issue(identity, tx.conn(), Purpose::ChangeEmail, member.id, &beside, PROOF).await?;
    let letter = Letter {
        to: wanted.shown,
        language: facts.language,
        template: Template::VerifyEmail,
        data: json!({ "link": identity.link(Purpose::ChangeEmail, &token), "hours": PROOF.num_hours(), "minutes": PROOF.num_minutes() }),
    };
    mail::post(ctx, tx, &identity.0.sealer, &letter)
}

/// The address asked for, opened.
pub(super) async fn pending_email(
    identity: &Identity,
    tx: &mut TenantTx,
    user: UserId,
) -> Result<Option<String>, Error> {
    let sealed = rows::other_emails(tx, user).await?.and_then(|others| others.pending_email_sealed);
    let Some(sealed) = sealed else { return Ok(None) };
    let keys = identity.0.persons.keys(tx, &[user.0]).await?;
    keys.get(&user).map(|key| key.open_text("pending_email", &sealed)).transpose()
}

impl Identity {
    /// The new address is proven: the login has it from now on, and the old one is told how to take it back.
    /// `false` where the token is no link of this kind.
    ///
    /// # Errors
    /// 409 `EMAIL_TAKEN` where somebody got the address meanwhile.
    pub(crate) async fn confirm_email_change(&self, token: &str, client: &Client) -> Result<bool, Error> {
        let Some(organization) = self.organization_of_link(Purpose::ChangeEmail, token).await? else {
            return Ok(false);
        };
        let ctx = self.acting(organization, client);
        let mut tx = self.0.db.tenant(organization).await?;
        let Some(redeemed) = links::redeem(self, tx.conn(), Purpose::ChangeEmail, token).await? else {
            return Ok(false);
        };
        let user = redeemed.user_id;
        let (Some(facts), Some(others)) = (rows::facts(&mut tx, user).await?, rows::other_emails(&mut tx, user).await?)
        else {
            return Ok(false);
        };
        let key = self.0.persons.key(&mut tx, user, ctx.now()).await?;
        let (Some(key), Some(pending)) = (key, others.pending_email_sealed.as_ref()) else { return Ok(false) };
        let email = Email::parse(&key.open_text("pending_email", pending)?)?;
        // Of several changes in a row the first address is the one that can be gone back to.
        let previous = match kept(&others, &ctx) {
            Some(sealed) => sealed.to_vec(),
            None => key.seal("previous_email", facts.email.as_bytes())?,
        };
        let told = key.open_text("previous_email", &previous)?;
        set_email(&mut tx, user, &email, &ctx).await?;
        rows::keep_previous_email(&mut tx, user, Some((&previous, ctx.now() + UNDO))).await?;
        links::void_all(tx.conn(), user).await?;
        let undo = links::issue(self, tx.conn(), Purpose::UndoEmailChange, user, &redeemed.data, UNDO).await?;
        let letter = Letter {
            to: told,
            language: facts.language,
            template: Template::EmailChanged,
            data: json!({ "link": self.link(Purpose::UndoEmailChange, &undo), "days": UNDO.num_days() }),
        };
        mail::post(&ctx, &mut tx, &self.0.sealer, &letter)?;
        events::append(&ctx, &mut tx, events::user("user.email_changed", user, json!({ "undone": false })));
        tx.commit().await?;
        Ok(true)
    }

    /// The old address takes the change back: the login has it again, and all its sessions end.
    ///
    /// # Errors
    /// 400 `LINK_INVALID`; 409 `EMAIL_TAKEN` where somebody else got the address meanwhile.
    pub(crate) async fn undo_email_change(&self, token: &str, client: &Client) -> Result<(), Error> {
        let organization = self.organization_of_link(Purpose::UndoEmailChange, token).await?;
        let organization = organization.ok_or_else(links::invalid)?;
        let ctx = self.acting(organization, client);
        let mut tx = self.0.db.tenant(organization).await?;
        let redeemed = links::redeem(self, tx.conn(), Purpose::UndoEmailChange, token).await?;
        let user = redeemed.ok_or_else(links::invalid)?.user_id;
        let others = rows::other_emails(&mut tx, user).await?.ok_or_else(links::invalid)?;
        let sealed = kept(&others, &ctx).ok_or_else(links::invalid)?.to_vec();
        let key = self.0.persons.key(&mut tx, user, ctx.now()).await?.ok_or_else(links::invalid)?;
        let email = Email::parse(&key.open_text("previous_email", &sealed)?)?;
        set_email(&mut tx, user, &email, &ctx).await?;
        rows::keep_previous_email(&mut tx, user, None).await?;
        links::void_all(tx.conn(), user).await?;
        events::append(&ctx, &mut tx, events::user("user.email_changed", user, json!({ "undone": true })));
        tx.commit().await?;
        self.end_all_sessions(user, client).await
    }

    async fn organization_of_link(&self, purpose: Purpose, token: &str) -> Result<Option<OrganizationId>, Error> {
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let found = links::look(self, tx.conn(), purpose, token).await?;
        tx.commit().await?;
        let id = |data: &Value| data["organization_id"].as_str().and_then(|id| id.parse().ok());
        Ok(found.and_then(|found| id(&found.data)))
    }
}

/// The address before, while it can be gone back to.
fn kept<'o>(others: &'o OtherEmails, ctx: &Ctx) -> Option<&'o [u8]> {
    let lives = others.previous_email_until.is_some_and(|until| ctx.now() < until);
    others.previous_email_sealed.as_deref().filter(|_| lives)
}

async fn set_email(tx: &mut TenantTx, user: UserId, email: &Email, ctx: &Ctx) -> Result<(), Error> {
    rows::change_email(tx, user, (&email.shown, &email.norm), ctx.now()).await.map_err(|error| {
        error.conflict_on("users_email_norm_key", "EMAIL_TAKEN", "Somebody with this e-mail is there already.")
    })
}
