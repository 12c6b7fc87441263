//! The end: by an admin, by the member, by who acts, or by time. At once.

use super::member::shown;
use super::support::not_now;
use super::{Impersonation, events};
use crate::events::session_revoked;
use crate::handle::Identity;
use crate::store::{impersonations as rows, sessions};
use kernel::ids::{OrganizationId, SessionId};
use kernel::{Ctx, Error, Permission, Resource};
use mail::{Letter, Template};
use serde_json::json;
use store::jobs::{JobKind, JobOutcome};
use store::{PlatformReason, TenantTx};
use uuid::Uuid;

/// Of the installation, every few minutes.
pub const SWEEP: &str = "identity.ended_impersonations";

pub fn job_kind(identity: Identity) -> JobKind {
    JobKind::new(SWEEP, move |job| {
        let identity = identity.clone();
        async move {
            identity.close_ended_impersonations(&job.ctx).await?;
            Ok(JobOutcome::Done)
        }
    })
}

impl Identity {
    /// Ends the caller's own acting in somebody's name.
    ///
    /// # Errors
    /// 404 when he acts in nobody's name.
    pub(super) async fn end_own(&self, ctx: &Ctx) -> Result<(), Error> {
        let id = ctx.subject.impersonation.as_ref().map(|acting| acting.id).ok_or_else(Error::not_found)?;
        self.end(ctx, id).await
    }

    /// Ends (or withdraws) a support session here.
    ///
    /// # Errors
    /// 403 without `organization.manage`, 404, 409 `INVALID_TRANSITION` for one that is over.
    pub(super) async fn end_support(&self, ctx: &Ctx, id: Uuid) -> Result<(), Error> {
        ctx.require(Permission::ORGANIZATION_MANAGE, &Resource::organization(ctx.organization_id()))?;
        self.end(ctx, id).await
    }

    async fn end(&self, ctx: &Ctx, id: Uuid) -> Result<(), Error> {
        let mut tx = self.0.db.tenant(ctx.organization_id()).await?;
        let one = rows::lock(&mut tx, id).await?.ok_or_else(Error::not_found)?;
        if !matches!(one.status.as_str(), "requested" | "approved" | "started") {
            return Err(not_now());
        }
        let ended = self.close(ctx, &mut tx, &one, "ended").await?;
        tx.commit().await?;
        self.sessions_ended(ended.as_slice());
        Ok(())
    }

    async fn close(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        one: &Impersonation,
        status: &str,
    ) -> Result<Option<SessionId>, Error> {
        let by = ctx.subject.impersonator_id().map(|user| user.0).or(ctx.subject.principal_id());
        rows::end(tx, one.id, status, by, ctx.now()).await?;
        tx.append(ctx, events::ended(one, ctx.actor(), status));
        let (Some(session), Some(user)) = (one.session_id, one.user_id) else { return Ok(None) };
        if sessions::revoke(tx, session, "impersonation_ended", ctx.now()).await?.is_some() {
            tx.append(ctx, session_revoked(user, session, "impersonation_ended"));
        }
        let letter = Letter {
            to: String::new(),
            language: String::new(),
            template: Template::ImpersonationEnded,
            data: json!({ "who": one.by_name, "at": shown(ctx.now()) }),
        };
        self.tell_host(ctx, tx, user, letter).await?;
        Ok(Some(session))
    }

    /// Closes what came to its end by time, so that its end is told and recorded like any other.
    ///
    /// # Errors
    /// When the database fails; what was closed before stays closed.
    pub async fn close_ended_impersonations(&self, ctx: &Ctx) -> Result<(), Error> {
        let mut tx = self.0.db.platform(PlatformReason::Maintenance).await?;
        let organizations = rows::organizations_with_ended(&mut tx, ctx.now()).await?;
        tx.commit().await?;
        for organization in organizations {
            self.close_ended_in(organization, ctx).await?;
        }
        Ok(())
    }

    async fn close_ended_in(&self, organization: OrganizationId, ctx: &Ctx) -> Result<(), Error> {
        let ctx = Ctx::system(organization, ctx.clock.clone(), ctx.ids.clone(), ctx.request_id.clone());
        let mut tx = self.0.db.tenant(organization).await?;
        let mut over = Vec::new();
        for one in rows::ended(&mut tx, ctx.now()).await? {
            let status = if one.status == "started" { "ended" } else { "expired" };
            over.extend(self.close(&ctx, &mut tx, &one, status).await?);
        }
        tx.commit().await?;
        self.sessions_ended(&over);
        Ok(())
    }
}
