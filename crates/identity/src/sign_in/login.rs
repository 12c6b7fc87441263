//! `login`: e-mail and password for a session and its first pair of tokens.

use super::throttle;
use super::{Client, Pair};
use crate::access_token::NewToken;
use crate::events;
use crate::handle::Identity;
use crate::keys::Keys;
use crate::password::{Password, PasswordHash, Verdict};
use crate::store::members;
use crate::store::sessions::{self, NewSession};
use crate::store::sign_in::{self as rows, Login, OwnMembership};
use crate::subject::{MAX_LIFE, standing};
use crate::text::normal_email;
use crate::users::{UserView, own_view};
use chrono::{DateTime, Utc};
use kernel::access::OrganizationStanding;
use kernel::ids::{MembershipId, OrganizationId, SessionId, UserId};
use kernel::text::{clean_line, truncate_chars};
use kernel::token::OpaqueToken;
use kernel::{Error, ErrorKind};
use secrecy::SecretString;
use serde::Serialize;
use store::{PlatformReason, TenantTx};

/// Sessions of one person in one organization; the oldest end.
const MAX_SESSIONS: i64 = 20;
const DEVICE_NAME: usize = 120;
const USER_AGENT: usize = 256;

/// What somebody typed.
pub struct LoginRequest {
    pub email: String,
    pub password: SecretString,
    /// Slug or id of the organization that is meant.
    pub organization: Option<String>,
    pub device_name: Option<String>,
}

/// A finished sign-in.
pub struct SignedIn {
    pub pair: Pair,
    pub user: UserView,
    pub organization: OrganizationView,
    pub memberships: Vec<OwnMembershipView>,
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
    pub membership_id: MembershipId,
    /// invited, active or suspended.
    pub status: String,
    pub organization: OrganizationView,
}

impl Identity {
    /// Signs somebody in with a password.
    ///
    /// # Errors
    /// 401 `AUTH_CREDENTIALS_INVALID` for whatever was wrong; 429 `AUTH_THROTTLED`; 503 `AUTH_BUSY`. Only after a
    /// right password: 403 `ACCOUNT_DISABLED`, `MEMBERSHIP_INACTIVE`, `ORGANIZATION_SUSPENDED`.
    pub async fn login(&self, request: LoginRequest, client: &Client) -> Result<SignedIn, Error> {
        let email_norm = normal_email(&request.email);
        let email_hash = self.email_hash(&email_norm);
        let (login, refused) = self.look_up(&email_norm, &email_hash).await?;
        let named = match request.organization.as_deref() {
            Some(name) => self.organization(name).await?.map(|organization| organization.id),
            None => None,
        };
        if let Some(throttled) = refused {
            self.tell_refused("auth.throttled", named, "throttled", client).await?;
            return Err(throttled);
        }
        let (password, stored) = (Password::parse(&request.password).ok(), stored_hash(login.as_ref()));
        let verdict = self.0.hashes.verify(password, stored).await?;
        let (Some(login), Verdict::Right { better }) = (login, verdict) else {
            self.count_failure(&email_hash).await?;
            self.tell_refused("auth.login_failed", named, "credentials_invalid", client).await?;
            return Err(Error::new(
                ErrorKind::Unauthenticated,
                "AUTH_CREDENTIALS_INVALID",
                "E-mail or password is wrong.",
            ));
        };
        let memberships = self.let_in(&login, &email_hash).await?;
        let chosen = choose(&memberships, request.organization.as_deref(), login.last_organization_id)?.clone();
        let keys = self.signing_keys().await?;
        let start = Start {
            login: &login,
            chosen: &chosen,
            email_hash: &email_hash,
            better,
            named: request.organization.is_some(),
        };
        let (pair, user) = self.start_session(start, request.device_name.as_deref(), client, &keys).await?;
        let organization = organization_view(&chosen);
        let memberships = memberships.iter().map(own_membership_view).collect();
        Ok(SignedIn { pair, user, organization, memberships })
    }

    /// The login of an e-mail, and the refusal if it has to wait. The same work whether or not there is one.
    async fn look_up(&self, email_norm: &str, email_hash: &[u8; 32]) -> Result<(Option<Login>, Option<Error>), Error> {
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let failures = rows::failures(&mut tx, email_hash).await?;
        let login = rows::login_by_email(&mut tx, email_norm).await?;
        tx.commit().await?;
        let refused = throttle::check(failures.as_ref(), self.0.clock.now()).err();
        Ok((login, refused))
    }

    /// After a right password: whether the account may come in at all, and where to.
    async fn let_in(&self, login: &Login, email_hash: &[u8; 32]) -> Result<Vec<OwnMembership>, Error> {
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        // Asked again: failures that ran in parallel may have shut the door, and then nobody learns what was right.
        let failures = rows::failures(&mut tx, email_hash).await?;
        let memberships = rows::memberships_of(&mut tx, login.user_id).await?;
        tx.commit().await?;
        throttle::check(failures.as_ref(), self.0.clock.now())?;
        if login.status != "active" {
            return Err(Error::new(ErrorKind::Forbidden, "ACCOUNT_DISABLED", "This account is disabled."));
        }
        Ok(memberships)
    }

    async fn start_session(
        &self,
        start: Start<'_>,
        device_name: Option<&str>,
        client: &Client,
        keys: &Keys,
    ) -> Result<(Pair, UserView), Error> {
        let Start { login, chosen, .. } = start;
        let ctx = self.acting(chosen.organization_id, client);
        let now = ctx.now();
        let mut tx = self.0.db.tenant(chosen.organization_id).await?;
        if start.named
            && chosen.membership_status == "invited"
            && members::activate(&mut tx, chosen.membership_id, now).await?
        {
            tx.append(&ctx, events::membership("membership.activated", chosen.membership_id, login.user_id));
        }
        self.admit(&mut tx, chosen, now).await?;
        let over = end_surplus(&mut tx, &ctx, login.user_id, now).await?;
        let amr = vec!["pwd".to_owned()];
        let session_id: SessionId = ctx.new_id();
        let device_name = device_name.map(clean_line);
        let new = NewSession {
            id: session_id,
            membership_id: chosen.membership_id,
            user_id: login.user_id,
            device_name: device_name.as_deref().map(|name| truncate_chars(name, DEVICE_NAME)),
            user_agent: client.user_agent.as_deref().map(|agent| truncate_chars(agent, USER_AGENT)),
            ip: Some(&client.ip),
            amr: &amr,
            now,
            expires_at: now + MAX_LIFE,
        };
        sessions::insert(&mut tx, &new).await?;
        let refresh_token = OpaqueToken::new(&self.0.ids);
        sessions::insert_refresh_token(&mut tx, session_id, &refresh_token.hash(), 1, now).await?;
        rows::record_login(&mut tx, login.user_id, start.better.as_ref().map(PasswordHash::as_str), now).await?;
        rows::clear_failures(&mut tx, start.email_hash).await?;
        tx.append(&ctx, events::login_succeeded(login.user_id, session_id, &amr));
        let user = own_view(&mut tx, login.user_id).await?;
        let token = NewToken {
            user_id: login.user_id,
            organization_id: chosen.organization_id,
            membership_id: chosen.membership_id,
            session_id,
            authenticated_at: now,
            amr,
            roles: user.roles.clone(),
        };
        let pair = self.pair(keys, token, refresh_token)?;
        tx.commit().await?;
        self.sessions_ended(&over);
        Ok((pair, user))
    }

    /// Whether the organization's status lets this member sign in: a blocked one only its admins.
    async fn admit(&self, tx: &mut TenantTx, chosen: &OwnMembership, now: DateTime<Utc>) -> Result<(), Error> {
        let blocked =
            standing(&chosen.organization_status, chosen.suspension_mode.as_deref()) == OrganizationStanding::Blocked;
        let for_admins = matches!(chosen.organization_status.as_str(), "suspended" | "closing");
        if blocked && !(for_admins && members::is_admin(tx, chosen.membership_id, now).await?) {
            return Err(suspended());
        }
        Ok(())
    }
}

struct Start<'a> {
    login: &'a Login,
    chosen: &'a OwnMembership,
    email_hash: &'a [u8; 32],
    better: Option<PasswordHash>,
    /// Whether the sign-in was meant for this organization, which accepts an invitation.
    named: bool,
}

fn stored_hash(login: Option<&Login>) -> Option<PasswordHash> {
    login.and_then(|login| login.password_hash.clone()).map(PasswordHash::of_stored)
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
    let open = |one: &&OwnMembership| {
        standing(&one.organization_status, one.suspension_mode.as_deref()) != OrganizationStanding::Blocked
    };
    active()
        .find(|one| Some(one.organization_id) == last && open(one))
        .or_else(|| active().find(open))
        .or_else(|| active().next())
        .ok_or_else(inactive)
}

/// Makes room for one more session of this person here, and forgets those long over.
async fn end_surplus(
    tx: &mut TenantTx,
    ctx: &kernel::Ctx,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<Vec<SessionId>, Error> {
    sessions::forget_ended_before(tx, user, now - MAX_LIFE).await?;
    let over = sessions::revoke_all_but_newest(tx, user, MAX_SESSIONS - 1, "too_many", now).await?;
    for session in &over {
        tx.append(ctx, events::session_revoked(user, *session, "too_many"));
    }
    Ok(over)
}

pub(super) fn inactive() -> Error {
    Error::new(ErrorKind::Forbidden, "MEMBERSHIP_INACTIVE", "You are not an active member there.")
}

pub(super) fn suspended() -> Error {
    Error::new(ErrorKind::Forbidden, "ORGANIZATION_SUSPENDED", "This organization is suspended.")
}

fn organization_view(one: &OwnMembership) -> OrganizationView {
    OrganizationView {
        id: one.organization_id,
        slug: one.slug.clone(),
        name: one.name.clone(),
        status: one.organization_status.clone(),
    }
}

fn own_membership_view(one: &OwnMembership) -> OwnMembershipView {
    OwnMembershipView {
        membership_id: one.membership_id,
        status: one.membership_status.clone(),
        organization: organization_view(one),
    }
}
