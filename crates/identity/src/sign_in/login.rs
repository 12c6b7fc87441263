//! `login`: e-mail and password for a session and its first pair of tokens.

use super::enter::{Entered, Entry, OrganizationView, OwnMembershipView};
use super::facts::{Fact, Whom};
use super::throttle;
use super::{Client, Pair};
use crate::handle::Identity;
use crate::password::{Password, PasswordHash, Place, Verdict};
use crate::settings::SignInMethod;
use crate::store::sign_in::{self as rows, Login};
use crate::text::normal_email;
use crate::users::UserView;
use kernel::{Error, ErrorKind};
use secrecy::SecretString;
use store::PlatformReason;

/// What somebody typed.
pub struct LoginRequest {
    pub email: String,
    pub password: SecretString,
    /// Slug or id of the organization that is meant.
    pub organization: Option<String>,
    pub device_name: Option<String>,
}

/// Somebody who may try: with a place for the check, and the login of the typed e-mail if there is one.
pub struct Admitted {
    login: Option<Login>,
    place: Place,
}

/// A finished sign-in.
pub struct SignedIn {
    pub pair: Pair,
    pub user: UserView,
    pub organization: OrganizationView,
    pub memberships: Vec<OwnMembershipView>,
}

impl Identity {
    /// Signs somebody in with a password.
    ///
    /// # Errors
    /// 401 `AUTH_CREDENTIALS_INVALID` for whatever was wrong; 503 `AUTH_BUSY` after a long wait. Only after a right
    /// password: 403 `ACCOUNT_DISABLED`, `MEMBERSHIP_INACTIVE`, `ORGANIZATION_SUSPENDED`,
    /// `SIGN_IN_METHOD_NOT_ALLOWED`, `EMAIL_NOT_VERIFIED`.
    pub async fn login(&self, request: LoginRequest, admitted: Admitted, client: &Client) -> Result<Entered, Error> {
        let Admitted { login, place } = admitted;
        let email_hash = self.email_hash(&normal_email(&request.email));
        let named = request.organization.as_deref();
        let whom = Whom { login: login.as_ref().map(|login| login.user_id), named };
        let (password, stored) = (Password::parse(&request.password).ok(), stored_hash(login.as_ref()));
        let verdict = self.0.hashes.verify(place, password, stored).await?;
        let (Some(known), Verdict::Right { better }) = (&login, verdict) else {
            self.count_failure(&email_hash).await?;
            self.tell_refused(Fact::LoginFailed, &whom, "credentials_invalid", client).await?;
            return Err(wrong());
        };
        self.still_open(&email_hash).await?;
        self.mark_old_password(known).await?;
        self.enter(Entry {
            login: known,
            method: SignInMethod::Password,
            amr: &["pwd".to_owned()],
            organization: named,
            device_name: request.device_name.as_deref(),
            client,
            better,
            proven_at: None,
        })
        .await
    }

    /// Lets somebody try, unless too many do at once or the typed e-mail has to wait. The same work whether or not it has a
    /// login; with no place left, none at all.
    ///
    /// # Errors
    /// 503 `AUTH_BUSY`; 429 `AUTH_THROTTLED`.
    pub async fn admit_login(&self, request: &LoginRequest, client: &Client) -> Result<Admitted, Error> {
        let place = self.0.hashes.place()?;
        let email_norm = normal_email(&request.email);
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let failures = rows::failures(&mut tx, &self.email_hash(&email_norm)).await?;
        let login = rows::login_by_email(tx.conn(), &email_norm).await?;
        tx.commit().await?;
        let Err(throttled) = throttle::check(failures.as_ref(), self.0.clock.now()) else {
            return Ok(Admitted { login, place });
        };
        let whom = Whom { login: login.map(|login| login.user_id), named: request.organization.as_deref() };
        self.tell_refused(Fact::Throttled, &whom, "throttled", client).await?;
        Err(throttled)
    }

    /// Asked again after a right password: failures that ran in parallel may have shut the door, and then nobody learns
    /// what was right.
    async fn still_open(&self, email_hash: &[u8; 32]) -> Result<(), Error> {
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let failures = rows::failures(&mut tx, email_hash).await?;
        tx.commit().await?;
        throttle::check(failures.as_ref(), self.0.clock.now())
    }
}

pub(super) fn stored_hash(login: Option<&Login>) -> Option<PasswordHash> {
    login.and_then(|login| login.password_hash.clone()).map(PasswordHash::of_stored)
}

pub(super) fn wrong() -> Error {
    Error::new(ErrorKind::Unauthenticated, "AUTH_CREDENTIALS_INVALID", "E-mail or password is wrong.")
}

pub(super) fn inactive() -> Error {
    Error::new(ErrorKind::Forbidden, "MEMBERSHIP_INACTIVE", "You are not an active member there.")
}

pub(super) fn suspended() -> Error {
    Error::new(ErrorKind::Forbidden, "ORGANIZATION_SUSPENDED", "This organization is suspended.")
}
