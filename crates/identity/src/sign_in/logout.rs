//! `logout`: the session ends at once, access and refresh token with it. Never fails for what was presented.

use super::Client;
use crate::events;
use crate::handle::Identity;
use crate::store::sessions;
use crate::store::sign_in as rows;
use kernel::Error;
use kernel::ids::{OrganizationId, SessionId, UserId};
use store::PlatformReason;

/// What somebody signs out with: any of these names the session, also when it is over already.
#[derive(Default)]
pub struct LogoutRequest {
    pub access_token: Option<String>,
    pub refresh_token: Option<String>,
    /// All sessions of the person, in every organization.
    pub all: bool,
}

impl Identity {
    /// Ends the sessions that the tokens name. Unknown and dead tokens name none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn logout(&self, request: LogoutRequest, client: &Client) -> Result<(), Error> {
        let mut person = None;
        for (organization, session) in self.sessions_named(&request).await? {
            person = self.end_session(organization, session, client).await?.or(person);
        }
        match person {
            Some(user) if request.all => self.end_all_sessions(user, client).await,
            _ => Ok(()),
        }
    }

    /// The sessions that the tokens name, alive or not.
    pub(crate) async fn sessions_named(
        &self,
        request: &LogoutRequest,
    ) -> Result<Vec<(OrganizationId, SessionId)>, Error> {
        let mut named: Vec<(OrganizationId, SessionId)> = Vec::new();
        if let Some(token) = &request.access_token {
            // One whose time is over still names its session; one that is not ours names nothing.
            if let Ok(claims) = self.verify_signature(token).await {
                named.push((claims.org, claims.sid));
            }
        }
        if let Some(token) = &request.refresh_token {
            named.extend(self.session_of_refresh_token(token).await?);
        }
        named.dedup();
        Ok(named)
    }

    /// Ends one session; whose it was, if it lived.
    async fn end_session(
        &self,
        organization: OrganizationId,
        session: SessionId,
        client: &Client,
    ) -> Result<Option<UserId>, Error> {
        let ctx = self.acting(organization, client);
        let mut tx = self.0.db.tenant(organization).await?;
        let user = sessions::revoke(&mut tx, session, "logout", ctx.now()).await?;
        if let Some(user) = user {
            tx.append(&ctx, events::about_session("auth.logged_out", user, session));
            tx.append(&ctx, events::session_revoked(user, session, "logout"));
        }
        tx.commit().await?;
        self.sessions_ended(&[session]);
        Ok(user)
    }

    pub(crate) async fn end_all_sessions(&self, user: UserId, client: &Client) -> Result<(), Error> {
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let ended = rows::end_sessions(tx.conn(), user, None, "logout", self.0.clock.now()).await?;
        tx.commit().await?;
        self.announce_ended(user, &ended, "logout", client).await
    }
}
