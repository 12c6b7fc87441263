//! The last steps of every sign-in, however the person proved who he is: which organization, whether he may come in
//! this way, whether a second factor is due, and then the session.

use super::login::{inactive, suspended};
use super::open::Opening;
use super::{Client, SignedIn};
use crate::handle::Identity;
use crate::mfa::{Challenge, FirstFactor};
use crate::password::PasswordHash;
use crate::settings::{self, Effective, SignInMethod};
use crate::store::members;
use crate::store::sign_in::{self as rows, Login, OwnMembership};
use crate::subject::standing;
use chrono::{DateTime, Utc};
use kernel::ids::OrganizationId;
use kernel::{Error, ErrorKind};
use serde::Serialize;
use store::{PlatformReason, TenantTx};

/// Somebody who has proven who he is, at the door.
pub(crate) struct Entry<'a> {
    pub login: &'a Login,
    pub method: SignInMethod,
    /// How it was proven (RFC 8176), the first factor first; with `mfa` in it no second factor is asked for.
    pub amr: &'a [String],
    /// Slug or id of the organization that is meant; without it the last used one.
    pub organization: Option<&'a str>,
    pub device_name: Option<&'a str>,
    pub client: &'a Client,
    /// A hash of the present cost, where the stored one is weaker.
    pub better: Option<PasswordHash>,
    /// When it was proven, if not now: a sibling session is not a fresh proof.
    pub proven_at: Option<DateTime<Utc>>,
}

/// What a sign-in came to.
pub enum Entered {
    SignedIn(Box<SignedIn>),
    /// One factor was right; another one is due.
    SecondFactor(Challenge),
}

/// An organization as its members see it at sign-in.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct OrganizationView {
    pub id: OrganizationId,
    #[schema(example = "clinica-bem-estar")]
    pub slug: String,
    #[schema(example = "Clínica Bem-Estar")]
    pub name: String,
    #[schema(example = "active")]
    pub status: String,
}

/// One of one's own memberships.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct OwnMembershipView {
    pub membership_id: kernel::ids::MembershipId,
    /// invited, active or suspended.
    pub status: String,
    pub organization: OrganizationView,
}

impl Identity {
    /// Lets somebody in who has proven who he is.
    ///
    /// # Errors
    /// 403 `ACCOUNT_DISABLED`, `MEMBERSHIP_INACTIVE`, `ORGANIZATION_SUSPENDED`, `SIGN_IN_METHOD_NOT_ALLOWED`,
    /// `EMAIL_NOT_VERIFIED`.
    pub(crate) async fn enter(&self, entry: Entry<'_>) -> Result<Entered, Error> {
        if entry.login.status != "active" {
            return Err(disabled());
        }
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let memberships = rows::memberships_of(tx.conn(), entry.login.user_id).await?;
        tx.commit().await?;
        let meant = self.by_todays_name(&memberships, entry.organization).await?;
        let chosen = choose(&memberships, meant.as_deref(), entry.login.last_organization_id)?;
        let keys = self.signing_keys().await?;
        let ctx = self.acting(chosen.organization_id, entry.client);
        let mut tx = self.0.db.tenant(chosen.organization_id).await?;
        let settings = settings::effective(&mut tx).await?;
        may_come_this_way(&entry, chosen, &settings)?;
        admit(&mut tx, chosen, ctx.now()).await?;
        let first = FirstFactor {
            user_id: entry.login.user_id,
            membership_id: chosen.membership_id,
            amr: entry.amr,
            device_name: entry.device_name,
            method: entry.method,
            better: entry.better.as_ref(),
        };
        if let Some(challenge) = self.second_factor_needed(&ctx, &mut tx, &first).await? {
            tx.commit().await?;
            return Ok(Entered::SecondFactor(challenge));
        }
        let opening = Opening {
            login: entry.login,
            membership: chosen,
            accepts: entry.organization.is_some(),
            amr: entry.amr,
            device_name: entry.device_name,
            client: entry.client,
            better: entry.better.as_ref(),
            proven_at: entry.proven_at,
        };
        let opened = self.open_session(&ctx, &mut tx, &keys, &opening).await?;
        tx.commit().await?;
        self.sessions_ended(&opened.ended);
        Ok(Entered::SignedIn(Box::new(SignedIn {
            pair: opened.pair,
            user: opened.user,
            organization: organization_view(chosen),
            memberships: memberships.iter().map(own_membership_view).collect(),
        })))
    }
}

fn may_come_this_way(entry: &Entry<'_>, chosen: &OwnMembership, settings: &Effective) -> Result<(), Error> {
    if !settings.sign_in_methods.contains(&entry.method) {
        return Err(Error::new(
            ErrorKind::Forbidden,
            "SIGN_IN_METHOD_NOT_ALLOWED",
            "This organization does not allow this way of signing in.",
        ));
    }
    // An invitation is meant for whoever owns the address; a password that its sender gave says the same.
    let accepts = chosen.membership_status == "invited" && !entry.login.must_change_password;
    if (settings.require_verified_email || accepts) && entry.login.email_verified_at.is_none() {
        return Err(unproven());
    }
    Ok(())
}

pub(crate) fn unproven() -> Error {
    Error::new(
        ErrorKind::Forbidden,
        "EMAIL_NOT_VERIFIED",
        "Confirm your e-mail address first; the link is in your mail.",
    )
}

/// Whether the organization's status lets this member sign in: a blocked or closing one only its admins.
pub(crate) async fn admit(tx: &mut TenantTx, chosen: &OwnMembership, now: DateTime<Utc>) -> Result<(), Error> {
    let blocked = !standing(&chosen.organization_status, chosen.suspension_mode.as_deref()).is_open();
    let for_admins = matches!(chosen.organization_status.as_str(), "suspended" | "closing");
    if blocked && !(for_admins && members::is_admin(tx, chosen.membership_id, now).await?) {
        return Err(suspended());
    }
    Ok(())
}

impl Identity {
    /// The name as given, or the id of the organization that had it and still answers to it.
    async fn by_todays_name(&self, all: &[OwnMembership], named: Option<&str>) -> Result<Option<String>, Error> {
        let Some(named) = named.map(str::trim) else { return Ok(None) };
        if all.iter().any(|one| one.slug.eq_ignore_ascii_case(named)) {
            return Ok(Some(named.to_owned()));
        }
        let found = self.organization(named).await?;
        Ok(Some(found.map_or_else(|| named.to_owned(), |found| found.id.to_string())))
    }
}

/// Which membership a sign-in means: the named one, else the last used, else the first that works.
fn choose<'m>(
    all: &'m [OwnMembership],
    named: Option<&str>,
    last: Option<OrganizationId>,
) -> Result<&'m OwnMembership, Error> {
    if let Some(named) = named.map(str::trim) {
        let id = named.parse::<OrganizationId>().ok();
        let found = all.iter().find(|one| one.slug.eq_ignore_ascii_case(named) || Some(one.organization_id) == id);
        return found.filter(|one| matches!(one.membership_status.as_str(), "active" | "invited")).ok_or_else(inactive);
    }
    let active = || all.iter().filter(|one| one.membership_status == "active");
    let open = |one: &&OwnMembership| standing(&one.organization_status, one.suspension_mode.as_deref()).is_open();
    active()
        .find(|one| Some(one.organization_id) == last && open(one))
        .or_else(|| active().find(open))
        .or_else(|| active().next())
        .ok_or_else(inactive)
}

pub(crate) fn disabled() -> Error {
    Error::new(ErrorKind::Forbidden, "ACCOUNT_DISABLED", "This account is disabled.")
}

pub(crate) fn organization_view(one: &OwnMembership) -> OrganizationView {
    OrganizationView {
        id: one.organization_id,
        slug: one.slug.clone(),
        name: one.name.clone(),
        status: one.organization_status.clone(),
    }
}

pub(crate) fn own_membership_view(one: &OwnMembership) -> OwnMembershipView {
    OwnMembershipView {
        membership_id: one.membership_id,
        status: one.membership_status.clone(),
        organization: organization_view(one),
    }
}
