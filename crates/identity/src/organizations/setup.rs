//! The first organization of an installation: whoever has the token that the first start shows makes it.

use super::founding::{Founded, Founder, Founding};
use crate::handle::Identity;
use crate::sign_in::Client;
use crate::store::setup as rows;
use kernel::ids::OrganizationId;
use kernel::token::OpaqueToken;
use kernel::{Error, ErrorKind};
use store::PlatformReason;

/// The token as it is shown.
pub struct SetupToken(pub OpaqueToken);

impl Identity {
    /// A fresh token while no organization is here, the one before no longer counts; `None` afterwards.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn setup_token(&self) -> Result<Option<SetupToken>, Error> {
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        if rows::any_organization(tx.conn()).await? {
            return Ok(None);
        }
        let token = OpaqueToken::new(&self.0.ids);
        let shown = rows::put(tx.conn(), &token.hash(), self.0.clock.now()).await?;
        tx.commit().await?;
        Ok(shown.then_some(SetupToken(token)))
    }

    /// Makes the first organization with its admin.
    ///
    /// # Errors
    /// 410 `SETUP_DONE` once an organization is here; 403 `SETUP_TOKEN_INVALID`; 422 for wrong fields.
    pub async fn set_up(&self, token: &str, founding: Founding, client: &Client) -> Result<Founded, Error> {
        let hash = OpaqueToken::presented(token).hash();
        // Before anything costly, and again with the row locked.
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        check(tx.conn(), &hash).await?;
        tx.commit().await?;
        let prepared = self.prepare_founding(founding, Founder::Operator).await?;
        let id: OrganizationId = self.0.ids.sortable(self.0.clock.now());
        let ctx = self.acting(id, client);
        let mut tx = self.0.db.tenant(id).await?;
        check(tx.conn(), &hash).await?;
        let founded = self.found_in(&ctx, &mut tx, prepared).await?;
        rows::used(tx.conn(), self.0.clock.now()).await?;
        tx.commit().await?;
        Ok(founded)
    }
}

async fn check(conn: &mut sqlx::PgConnection, hash: &[u8; 32]) -> Result<(), Error> {
    let fits = rows::lock(conn, hash).await?;
    if rows::any_organization(conn).await? {
        return Err(Error::new(ErrorKind::Gone, "SETUP_DONE", "This installation is set up already."));
    }
    if !fits {
        return Err(Error::new(
            ErrorKind::Forbidden,
            "SETUP_TOKEN_INVALID",
            "This is not the token of the last start.",
        ));
    }
    Ok(())
}
