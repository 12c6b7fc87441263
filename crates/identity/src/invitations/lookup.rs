//! What a token opens, before it is used: so that a page can ask the right things.

use super::InvitationRow;
use crate::handle::Identity;
use crate::links;
use crate::store::{invitations as rows, logins};
use chrono::{DateTime, Utc};
use kernel::Error;
use kernel::ids::OrganizationId;
use kernel::token::OpaqueToken;
use serde::Serialize;
use store::{PlatformReason, TenantTx};
use uuid::Uuid;

/// An invitation as its token's holder sees it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LookedUp {
    #[schema(example = "Clínica Bem-Estar")]
    pub organization: String,
    /// Who asks; the organization where it was no person.
    pub inviter: String,
    pub email: String,
    /// As the organization wrote it.
    pub name: String,
    pub message: Option<String>,
    /// Whether a password has to be chosen to accept: there is no proven login with this e-mail yet.
    pub password_required: bool,
    pub expires_at: DateTime<Utc>,
}

impl Identity {
    /// What a living token opens.
    ///
    /// # Errors
    /// 400 `LINK_INVALID` for whatever is no living one.
    pub(crate) async fn look_up_invitation(&self, token: &str) -> Result<LookedUp, Error> {
        let (organization, id, hash) = self.invitation_of(token).await?;
        let mut tx = self.0.db.tenant(organization).await?;
        let row = rows::list(&mut tx, None, Some(id), None, 1).await?.pop().ok_or_else(links::invalid)?;
        if row.token_hash != hash || row.status != "pending" || row.expires_at <= self.0.clock.now() {
            return Err(links::invalid());
        }
        let sender = rows::sender(&mut tx, row.invited_by).await?;
        let password_required = needs_password(&mut tx, &row).await?;
        tx.commit().await?;
        Ok(LookedUp {
            inviter: sender.name.unwrap_or_else(|| sender.organization.clone()),
            organization: sender.organization,
            email: row.email,
            name: row.name,
            message: row.message,
            password_required,
            expires_at: row.expires_at,
        })
    }

    /// Where a token leads, living or not.
    pub(super) async fn invitation_of(&self, token: &str) -> Result<(OrganizationId, Uuid, [u8; 32]), Error> {
        let hash = OpaqueToken::presented(token).hash();
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let found = rows::by_token(&mut tx, &hash).await?;
        tx.commit().await?;
        let (organization, id) = found.ok_or_else(links::invalid)?;
        Ok((organization, id, hash))
    }
}

/// A login whose e-mail nobody proved was made by whoever typed it: whoever proves it now chooses the password.
pub(super) async fn needs_password(tx: &mut TenantTx, row: &InvitationRow) -> Result<bool, Error> {
    let facts = logins::facts(tx, row.user_id).await?.ok_or_else(links::invalid)?;
    Ok(facts.email_verified_at.is_none())
}
