//! Links and codes that prove something once: single use, kept as a hash, one living of a purpose and person.
//!
//! A newer one takes the place of the older one of the same purpose and person, also when both are made at the same
//! moment. What a wrong, used, expired, replaced or foreign one is, nobody is told: [`invalid`] is the one answer.

use crate::handle::Identity;
use crate::store::links::{self as rows, LinkRow};
use chrono::Duration;
use kernel::ids::UserId;
use kernel::token::{OpaqueToken, hmac_sha256};
use kernel::{Error, ErrorKind};
use serde_json::Value;
use sqlx::PgConnection;
use store::PlatformReason;

/// What a link is good for. A link of one purpose is nothing for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Proves the address of the login.
    VerifyEmail,
    /// Signs in.
    MagicLink,
    /// Lets a new password be chosen.
    ResetPassword,
    /// Proves the new address of a change.
    ChangeEmail,
    /// Takes a change of the address back, sent to the old one.
    UndoEmailChange,
    /// A code for somebody who has nothing else to prove who he is.
    MailCode,
}

impl Purpose {
    /// As stored, and as the path of the page that a link opens.
    pub fn name(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify-email",
            Self::MagicLink => "magic-link",
            Self::ResetPassword => "reset-password",
            Self::ChangeEmail => "change-email",
            Self::UndoEmailChange => "undo-email-change",
            Self::MailCode => "mail-code",
        }
    }
}

/// A link that was good, and is used up by this answer.
#[derive(Clone, Debug)]
pub struct Redeemed {
    pub user_id: UserId,
    /// What was laid beside it when it was made.
    pub data: Value,
}

impl From<LinkRow> for Redeemed {
    fn from(row: LinkRow) -> Self {
        Self { user_id: row.user_id, data: row.data }
    }
}

/// Makes a link; an older one of this purpose and person is dead from the commit on. `data` is not sealed: ids and
/// flags only. Works in any transaction of the application role.
///
/// # Errors
/// When the database fails.
pub async fn issue(
    identity: &Identity,
    conn: &mut PgConnection,
    purpose: Purpose,
    user_id: UserId,
    data: &Value,
    life: Duration,
) -> Result<OpaqueToken, Error> {
    let token = OpaqueToken::new(&identity.0.ids);
    let now = identity.0.clock.now();
    rows::put(conn, user_id, purpose.name(), &token.hash(), data, now, now + life).await?;
    Ok(token)
}

/// What a link would redeem, without using it up.
///
/// # Errors
/// When the database fails.
pub async fn look(
    identity: &Identity,
    conn: &mut PgConnection,
    purpose: Purpose,
    presented: &str,
) -> Result<Option<Redeemed>, Error> {
    let hash = OpaqueToken::presented(presented).hash();
    Ok(rows::find(conn, purpose.name(), &hash, identity.0.clock.now()).await?.map(Redeemed::from))
}

/// Uses a link up; of two at the same moment one gets it.
///
/// # Errors
/// When the database fails.
pub async fn redeem(
    identity: &Identity,
    conn: &mut PgConnection,
    purpose: Purpose,
    presented: &str,
) -> Result<Option<Redeemed>, Error> {
    let hash = OpaqueToken::presented(presented).hash();
    Ok(rows::take(conn, purpose.name(), &hash, identity.0.clock.now()).await?.map(Redeemed::from))
}

/// Kills all links and codes of a person (reset, change of password or e-mail, erasure).
///
/// # Errors
/// When the database fails.
pub async fn void_all(conn: &mut PgConnection, user_id: UserId) -> Result<(), Error> {
    Ok(rows::void(conn, user_id).await?)
}

/// The one answer for everything that is no good link.
pub fn invalid() -> Error {
    Error::new(ErrorKind::BadRequest, "LINK_INVALID", "This link is not valid (any more). Ask for a new one.")
}

impl Identity {
    /// The address that goes into a letter. The token stands behind the `#`: browsers do not send it, so it is in no
    /// log of any server, and the page that opens uses it only when its button is pressed.
    pub fn link(&self, purpose: Purpose, token: &OpaqueToken) -> String {
        self.link_to(purpose.name(), token)
    }

    /// The same for links that are kept elsewhere (invitations).
    pub fn link_to(&self, page: &str, token: &OpaqueToken) -> String {
        format!("{}/link/{page}#{}", self.0.settings.issuer, token.expose())
    }

    /// Forgets links whose time is over.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_old_links(&self) -> Result<u64, Error> {
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let gone = rows::forget_expired(tx.conn(), self.0.clock.now()).await?;
        tx.commit().await?;
        Ok(gone)
    }

    /// What is kept of a code that is short enough to be typed: keyed, so that a stolen table tells nothing.
    pub(crate) fn code_hash(&self, user_id: UserId, code: &str) -> [u8; 32] {
        hmac_sha256(&self.0.successor_key, &[b"mail-code", user_id.as_bytes(), code.as_bytes()])
    }
}
