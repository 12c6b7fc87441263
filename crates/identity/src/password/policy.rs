//! What a person's new password must keep to: the strictest of what the organizations ask where he is active.

use super::{About, MIN_CHARS, Password, PasswordHash, refused};
use crate::handle::Identity;
use crate::settings;
use crate::store::sign_in::{self as rows, Login};
use chrono::{DateTime, Duration, Utc};
use kernel::Error;
use kernel::ids::UserId;
use secrecy::SecretString;
use store::PlatformReason;

/// The strictest policy among a person's active memberships.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    min_chars: usize,
    /// How many of the newest passwords may not come back, the present one included.
    history: i32,
    max_age: Option<Duration>,
    /// Name and slug of each organization.
    organizations: Vec<(String, String)>,
}

impl Policy {
    /// Whether a password set then is too old now.
    pub fn is_over_age(&self, changed_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
        self.max_age.is_some_and(|age| changed_at.is_some_and(|changed| changed + age <= now))
    }

    fn check(&self, password: &Password, login: &Login) -> Result<(), Error> {
        let plain = About { min_chars: self.min_chars, email: &login.email, name: &login.name, ..About::default() };
        password.check_strength(&plain)?;
        for (name, slug) in &self.organizations {
            password.check_strength(&About { organization_name: name, organization_slug: slug, ..plain })?;
        }
        Ok(())
    }
}

impl Identity {
    /// The policy that holds for a person.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn password_policy(&self, user_id: UserId) -> Result<Policy, Error> {
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let memberships = rows::memberships_of(tx.conn(), user_id).await?;
        tx.commit().await?;
        let mut strictest: Option<Policy> = None;
        for one in memberships.into_iter().filter(|one| one.membership_status == "active") {
            let mut tx = self.0.db.tenant(one.organization_id).await?;
            let own = settings::effective(&mut tx).await?;
            tx.commit().await?;
            let policy = strictest.get_or_insert_with(Policy::loosest);
            policy.min_chars = policy.min_chars.max(own.password_min_chars());
            policy.history = policy.history.max(i32::try_from(own.password_history).unwrap_or(i32::MAX));
            let age = Some(own.password_max_age_days).filter(|days| *days > 0).map(Duration::days);
            policy.max_age = policy.max_age.into_iter().chain(age).min();
            policy.organizations.push((one.name, one.slug));
        }
        Ok(strictest.unwrap_or_else(Policy::of_nobody))
    }

    /// The hash of a new password of this person, if it may be used.
    ///
    /// # Errors
    /// 422 `PASSWORD_TOO_LONG`, `PASSWORD_INVALID`, `PASSWORD_TOO_SHORT`, `PASSWORD_WEAK` or `PASSWORD_REUSED`; 503
    /// `AUTH_BUSY`.
    pub(crate) async fn accept_password(
        &self,
        login: &Login,
        typed: &SecretString,
    ) -> Result<(PasswordHash, Policy), Error> {
        let password = Password::parse(typed)?;
        let policy = self.password_policy(login.user_id).await?;
        policy.check(&password, login)?;
        if policy.history > 0 {
            let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
            let earlier = rows::known_hashes(tx.conn(), login.user_id, policy.history).await?;
            tx.commit().await?;
            let earlier = earlier.into_iter().map(PasswordHash::of_stored).collect();
            if self.0.hashes.fits_any(password.clone(), earlier).await? {
                return Err(refused("PASSWORD_REUSED", "This password was used before; choose another one."));
            }
        }
        Ok((self.0.hashes.hash(password).await?, policy))
    }

    /// At a sign-in with a right password: one that is too old may only be changed.
    pub(crate) async fn mark_old_password(&self, login: &Login) -> Result<(), Error> {
        if login.must_change_password
            || !self.password_policy(login.user_id).await?.is_over_age(login.password_changed_at, self.0.clock.now())
        {
            return Ok(());
        }
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        rows::must_change_password(tx.conn(), login.user_id).await?;
        tx.commit().await?;
        self.rights_changed();
        Ok(())
    }
}

impl Policy {
    /// How many earlier hashes are worth keeping.
    pub fn kept(&self) -> i32 {
        self.history.max(1)
    }

    fn loosest() -> Self {
        Self { min_chars: 0, history: 0, max_age: None, organizations: Vec::new() }
    }

    /// Of somebody who is active nowhere: the document's defaults.
    fn of_nobody() -> Self {
        Self { min_chars: MIN_CHARS, history: 1, ..Self::loosest() }
    }
}
