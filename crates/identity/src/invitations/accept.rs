//! Saying yes: the token's holder, or the invited person who is signed in already.
//!
//! The token proves the address. A login whose address nobody had proven is claimed with it: whatever name, password,
//! sessions and links it had were somebody's who only typed the address.

use super::lookup::needs_password;
use super::send::append;
use super::{InvitationRow, events};
use crate::handle::Identity;
use crate::links;
use crate::password::{About, PasswordHash};
use crate::settings::{self, SignInMethod};
use crate::sign_in::claim::{CLAIMED, claim_login};
use crate::sign_in::{AMR_MAIL, Client, Entered, Entry};
use crate::store::invitations::{self as rows, OwnInvitation};
use crate::store::{members, organizations, sign_in};
use crate::users::normal_name;
use chrono::Duration;
use kernel::ids::{OrganizationId, UserId};
use kernel::{Ctx, Error, ErrorKind};
use secrecy::SecretString;
use serde_json::json;
use store::{PlatformReason, TenantTx};
use uuid::Uuid;

/// Within this the same token accepts once more, for an answer that was lost.
const AGAIN: Duration = Duration::seconds(30);

/// What somebody sends along with the token.
pub(crate) struct Acceptance {
    pub token: String,
    pub name: Option<String>,
    pub password: Option<SecretString>,
    pub device_name: Option<String>,
}

impl Identity {
    /// Accepts by token, and signs in. Where the caller is signed in it must be the invited person.
    ///
    /// # Errors
    /// 400 `LINK_INVALID`; 422 `PASSWORD_REQUIRED` and what passwords are refused for; what signing in is refused for.
    pub(crate) async fn accept_invitation(
        &self,
        given: Acceptance,
        signed_in: Option<UserId>,
        client: &Client,
    ) -> Result<Entered, Error> {
        let (organization, id, hash) = self.invitation_of(&given.token).await?;
        let (needs, about) = self.before_accepting(organization, id, &hash, signed_in).await?;
        let password = match (&given.password, needs) {
            (Some(typed), true) => Some(self.hash_chosen(typed, &about, given.name.as_deref()).await?),
            (None, true) => {
                return Err(Error::invalid_field("password", "PASSWORD_REQUIRED", "Choose a password to accept."));
            }
            // Whoever has a login keeps its password.
            (_, false) => None,
        };
        let ctx = self.acting(organization, client);
        let mut tx = self.0.db.tenant(organization).await?;
        let row = rows::lock(&mut tx, id).await?.ok_or_else(links::invalid)?;
        if row.token_hash != hash {
            return Err(links::invalid());
        }
        let mut ended = None;
        match standing(&row, &ctx, signed_in)? {
            Standing::Again => {}
            Standing::Living => {
                let name = given.name.as_deref().map(normal_name).transpose()?;
                let name = name.unwrap_or_else(|| (row.name.clone(), row.name_norm.clone()));
                let hash = password.as_ref().map(PasswordHash::as_str);
                ended = claim_login(&mut tx, row.user_id, (&name.0, &name.1), hash, ctx.now()).await?;
                activate(&ctx, &mut tx, &row).await?;
            }
        }
        let login = sign_in::login_by_id(tx.conn(), row.user_id).await?.ok_or_else(links::invalid)?;
        tx.commit().await?;
        self.announce_ended(row.user_id, &ended.unwrap_or_default(), CLAIMED, client).await?;
        self.rights_changed();
        let chosen = password.is_some();
        self.enter(Entry {
            login: &login,
            method: if chosen { SignInMethod::Password } else { SignInMethod::MagicLink },
            amr: &[if chosen { "pwd" } else { AMR_MAIL }.to_owned()],
            organization: Some(&organization.to_string()),
            device_name: given.device_name.as_deref(),
            client,
            better: None,
            proven_at: None,
        })
        .await
    }

    /// Accepts as the signed-in invited person; twice is the same success.
    ///
    /// # Errors
    /// 404 for an invitation that is not this person's, or over, and for whoever never proved that the invited address
    /// is his.
    pub(crate) async fn accept_own(&self, ctx: &Ctx, id: Uuid, client: &Client) -> Result<OrganizationId, Error> {
        let user = ctx.require_person()?;
        let organization = self.organization_of_own(user, id).await?;
        let acting = self.acting(organization, client);
        let mut tx = self.0.db.tenant(organization).await?;
        let row = rows::lock(&mut tx, id).await?.filter(|row| row.user_id == user).ok_or_else(Error::not_found)?;
        match row.status.as_str() {
            "accepted" => {}
            "pending" if acting.now() < row.expires_at => {
                let login = sign_in::login_by_id(tx.conn(), user).await?.ok_or_else(Error::not_found)?;
                login.email_verified_at.ok_or_else(Error::not_found)?;
                activate(&acting, &mut tx, &row).await?;
            }
            _ => return Err(Error::not_found()),
        }
        tx.commit().await?;
        self.rights_changed();
        Ok(organization)
    }

    /// The living invitations to this person: none for whoever never proved that the address is his.
    pub(super) async fn own_invitations(&self, user: UserId) -> Result<Vec<OwnInvitation>, Error> {
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let login = sign_in::login_by_id(tx.conn(), user).await?;
        let own = match login.and_then(|login| login.email_verified_at) {
            Some(_) => rows::of_person(&mut tx, user, self.0.clock.now()).await?,
            None => Vec::new(),
        };
        tx.commit().await?;
        Ok(own)
    }

    /// Among one's own invitations and memberships: nobody else's invitation can be named.
    async fn organization_of_own(&self, user: UserId, id: Uuid) -> Result<OrganizationId, Error> {
        let own = self.own_invitations(user).await?;
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let memberships = sign_in::memberships_of(tx.conn(), user).await?;
        tx.commit().await?;
        if let Some(found) = own.iter().find(|one| one.invitation_id == id) {
            return Ok(found.organization_id);
        }
        for membership in memberships {
            let mut tx = self.0.db.tenant(membership.organization_id).await?;
            let found = rows::list(&mut tx, None, Some(id), None, 1).await?.pop();
            tx.commit().await?;
            if found.is_some_and(|row| row.user_id == user) {
                return Ok(membership.organization_id);
            }
        }
        Err(Error::not_found())
    }

    /// What has to be known before the password is hashed, which takes long.
    async fn before_accepting(
        &self,
        organization: OrganizationId,
        id: Uuid,
        hash: &[u8; 32],
        signed_in: Option<UserId>,
    ) -> Result<(bool, Words), Error> {
        let mut tx = self.0.db.tenant(organization).await?;
        let row = rows::list(&mut tx, None, Some(id), None, 1).await?.pop().ok_or_else(links::invalid)?;
        if row.token_hash != hash {
            return Err(links::invalid());
        }
        let ctx = Ctx::system(organization, self.0.clock.clone(), self.0.ids.clone(), "".into());
        let living = matches!(standing(&row, &ctx, signed_in)?, Standing::Living);
        let needs = living && needs_password(&mut tx, &row).await?;
        let found = organizations::find(&mut tx).await?.ok_or_else(links::invalid)?;
        let min_chars = settings::effective(&mut tx).await?.password_min_chars();
        tx.commit().await?;
        let words = Words { email: row.email, name: row.name, organization: found.name, slug: found.slug, min_chars };
        Ok((needs, words))
    }

    async fn hash_chosen(
        &self,
        typed: &SecretString,
        words: &Words,
        name: Option<&str>,
    ) -> Result<PasswordHash, Error> {
        let about = About {
            min_chars: words.min_chars,
            email: &words.email,
            name: name.unwrap_or(&words.name),
            organization_name: &words.organization,
            organization_slug: &words.slug,
        };
        self.0.hashes.accept(typed, &about).await
    }
}

/// What a chosen password must not contain.
struct Words {
    email: String,
    name: String,
    organization: String,
    slug: String,
    min_chars: usize,
}

enum Standing {
    Living,
    /// Accepted already, by the one who asks again.
    Again,
}

/// Whether an invitation can be accepted now by whoever presents its token.
fn standing(row: &InvitationRow, ctx: &Ctx, signed_in: Option<UserId>) -> Result<Standing, Error> {
    if signed_in.is_some_and(|user| user != row.user_id) {
        return Err(links::invalid());
    }
    match row.status.as_str() {
        "pending" if ctx.now() < row.expires_at && row.membership_status == "invited" => Ok(Standing::Living),
        "accepted" if row.membership_status == "active" => {
            let lately = row.accepted_at.is_some_and(|at| ctx.now() < at + AGAIN);
            if lately || signed_in.is_some() { Ok(Standing::Again) } else { Err(links::invalid()) }
        }
        _ => Err(links::invalid()),
    }
}

/// The membership lives. Its seat was taken when the person was invited.
async fn activate(ctx: &Ctx, tx: &mut TenantTx, row: &InvitationRow) -> Result<(), Error> {
    rows::set_status(tx, row.id, "accepted", ctx.now()).await?;
    if !members::activate(tx, row.membership_id, ctx.now()).await? {
        return Err(Error::new(
            ErrorKind::Conflict,
            "INVALID_TRANSITION",
            "This membership does not wait for an answer.",
        ));
    }
    append(ctx, tx, events::about("invitation.accepted", row));
    let event = crate::users::membership_event("membership.activated", row.membership_id, row.user_id, json!({}));
    append(ctx, tx, event);
    Ok(())
}
