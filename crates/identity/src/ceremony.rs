//! Steps of a sign-in that wait for the next one: what the first step found is kept sealed under a token that works
//! once and for a short time. The client holds the token alone.

use crate::handle::Identity;
use crate::store::ceremonies as rows;
use chrono::Duration;
use kernel::token::OpaqueToken;
use kernel::{Clock, Error, Ids};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::PgConnection;
use store::{INSTALLATION, Place, PlatformReason};

/// What a step waits for. A token of one purpose is nothing for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A second factor after a right first one.
    SecondFactor,
    PasskeyRegistration,
    PasskeySignIn,
    /// The way to an identity provider and back.
    OidcFlow,
    /// A finished sign-in at an identity provider, to be fetched by the console.
    OidcCode,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::SecondFactor => "second_factor",
            Self::PasskeyRegistration => "passkey_registration",
            Self::PasskeySignIn => "passkey_sign_in",
            Self::OidcFlow => "oidc_flow",
            Self::OidcCode => "oidc_code",
        }
    }

    /// How long the next step may take.
    fn life(self) -> Duration {
        match self {
            Self::SecondFactor | Self::PasskeyRegistration | Self::PasskeySignIn => Duration::minutes(5),
            Self::OidcFlow => Duration::minutes(10),
            Self::OidcCode => Duration::seconds(60),
        }
    }
}

impl Identity {
    /// Keeps `step` for the next request, which presents the token.
    pub(crate) async fn keep_step<T: Serialize>(
        &self,
        conn: &mut PgConnection,
        purpose: Purpose,
        step: &T,
    ) -> Result<OpaqueToken, Error> {
        let (clock, ids): (&Clock, &Ids) = (&self.0.clock, &self.0.ids);
        let token = OpaqueToken::new(ids);
        let hash = token.hash();
        let text = serde_json::to_vec(step).map_err(Error::internal)?;
        let sealed = self.0.sealer.seal(ids, place(&hash), &text)?;
        rows::insert(conn, &hash, purpose.name(), &sealed, clock.now() + purpose.life()).await?;
        Ok(token)
    }

    /// What was kept under a token, once: it is gone with this answer.
    pub(crate) async fn take_step<T: DeserializeOwned>(
        &self,
        conn: &mut PgConnection,
        purpose: Purpose,
        presented: &str,
    ) -> Result<Option<T>, Error> {
        let hash = OpaqueToken::presented(presented).hash();
        let sealed = rows::take(conn, &hash, purpose.name(), self.0.clock.now()).await?;
        sealed.map(|sealed| self.open_step(&hash, &sealed)).transpose()
    }

    /// What was kept under a token, for one of `tries` tries; it stays until [`Identity::end_step`] or its time is up.
    pub(crate) async fn try_step<T: DeserializeOwned>(
        &self,
        conn: &mut PgConnection,
        purpose: Purpose,
        presented: &str,
        tries: i32,
    ) -> Result<Option<T>, Error> {
        let hash = OpaqueToken::presented(presented).hash();
        let sealed = rows::count_try(conn, &hash, purpose.name(), tries, self.0.clock.now()).await?;
        sealed.map(|sealed| self.open_step(&hash, &sealed)).transpose()
    }

    /// Ends a step that was tried; `false` when somebody else ended it meanwhile.
    pub(crate) async fn end_step(
        &self,
        conn: &mut PgConnection,
        purpose: Purpose,
        presented: &str,
    ) -> Result<bool, Error> {
        let hash = OpaqueToken::presented(presented).hash();
        Ok(rows::take(conn, &hash, purpose.name(), self.0.clock.now()).await?.is_some())
    }

    /// Forgets steps that nobody went on with.
    pub(crate) async fn forget_old_steps(&self) -> Result<u64, Error> {
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let gone = rows::forget_expired(tx.conn(), self.0.clock.now()).await?;
        tx.commit().await?;
        Ok(gone)
    }

    fn open_step<T: DeserializeOwned>(&self, hash: &[u8; 32], sealed: &[u8]) -> Result<T, Error> {
        let text = self.0.sealer.open(place(hash), sealed)?;
        serde_json::from_slice(&text).map_err(Error::internal)
    }
}

fn place(hash: &[u8; 32]) -> Place<'_> {
    Place { organization: INSTALLATION.as_bytes(), table: "ceremonies", column: "sealed", row: hash }
}
