//! Ending sessions: one, all others, those of somebody else.

use crate::events;
use crate::handle::Identity;
use crate::sign_in::Client;
use crate::store::{members, own_sessions as rows};
use kernel::ids::{OrganizationId, SessionId, UserId};
use kernel::{Ctx, Error, NewEvent, Permission, Resource};
use std::collections::BTreeMap;
use store::TenantTx;

const REVOKED: &str = "revoked";

impl Identity {
    /// Ends one of the caller's own sessions. Tell [`Identity::sessions_ended`] after the commit.
    ///
    /// # Errors
    /// 404 for one that is over, not there, or somebody else's.
    pub async fn end_own_session(&self, ctx: &Ctx, tx: &mut TenantTx, id: SessionId) -> Result<(), Error> {
        let user_id = ctx.require_person()?;
        if !rows::revoke_of(tx, user_id, id, REVOKED, ctx.now()).await? {
            return Err(Error::not_found());
        }
        tx.append(ctx, by_caller(ctx, events::session_revoked(user_id, id, REVOKED)));
        Ok(())
    }

    /// Ends all of the caller's sessions in this organization but the one of this request. Tell
    /// [`Identity::sessions_ended`] of the answered ones after the commit.
    ///
    /// # Errors
    /// 403 for keys and for whoever acts as somebody else.
    pub async fn end_other_sessions(&self, ctx: &Ctx, tx: &mut TenantTx) -> Result<Vec<SessionId>, Error> {
        let user_id = ctx.require_person()?;
        end_all(ctx, tx, user_id, ctx.subject.session_id).await
    }

    /// Ends all sessions of a member in this organization.
    ///
    /// # Errors
    /// 403 without `users.manage`, 404 for whoever is no member here.
    pub async fn end_sessions_of(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        user_id: UserId,
    ) -> Result<Vec<SessionId>, Error> {
        ctx.require(Permission::USERS_MANAGE, &Resource::organization(ctx.organization_id()))?;
        members::find(tx, user_id).await?.ok_or_else(Error::not_found)?;
        end_all(ctx, tx, user_id, None).await
    }

    /// After the commit of a change that ended sessions in several organizations: this node refuses their tokens from
    /// here on, and each organization's log says so, which closes their sockets.
    pub(crate) async fn announce_ended(
        &self,
        user_id: UserId,
        ended: &[(OrganizationId, SessionId)],
        reason: &str,
        client: &Client,
    ) -> Result<(), Error> {
        let mut by_organization: BTreeMap<uuid::Uuid, Vec<SessionId>> = BTreeMap::new();
        for (organization, session) in ended {
            by_organization.entry(organization.0).or_default().push(*session);
        }
        for (organization, sessions) in by_organization {
            self.sessions_ended(&sessions);
            let organization = OrganizationId(organization);
            let ctx = self.acting(organization, client);
            let mut tx = self.0.db.tenant(organization).await?;
            for session in sessions {
                tx.append(&ctx, events::session_revoked(user_id, session, reason));
            }
            tx.commit().await?;
        }
        Ok(())
    }
}

async fn end_all(
    ctx: &Ctx,
    tx: &mut TenantTx,
    user_id: UserId,
    but: Option<SessionId>,
) -> Result<Vec<SessionId>, Error> {
    let ended = rows::revoke_all_but(tx, user_id, but, REVOKED, ctx.now()).await?;
    for session in &ended {
        tx.append(ctx, by_caller(ctx, events::session_revoked(user_id, *session, REVOKED)));
    }
    Ok(ended)
}

fn by_caller(ctx: &Ctx, mut event: NewEvent) -> NewEvent {
    event.actor = ctx.actor();
    event
}
