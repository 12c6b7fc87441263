//! Support sessions: platform staff asks, an admin answers, staff comes in for a while.

use super::member::{Start, checked_minutes, checked_reason};
use super::{Acting, Impersonation, ImpersonationView, Mode, events};
use crate::handle::Identity;
use crate::settings::{self, SupportAccess};
use crate::store::assignments::member;
use crate::store::{api_keys, impersonations as rows};
use chrono::Duration;
use kernel::access::ImpersonationKind;
use kernel::{Ctx, Error, ErrorKind, Permission, Resource};
use mail::{Letter, Template};
use serde_json::json;
use store::{PlatformReason, TenantTx};
use uuid::Uuid;

/// Longest in minutes.
const LONGEST: i16 = 60;
/// How long a request waits for an answer, and an approved one for its start.
const PATIENCE: Duration = Duration::hours(24);

/// What staff asks for.
pub struct SupportRequest {
    /// Slug or id.
    pub organization: String,
    pub reason: String,
    pub mode: Mode,
    pub minutes: Option<i16>,
}

/// What came of it: waiting, or started with a token.
pub enum Asked {
    Waits(ImpersonationView),
    Started(Acting),
}

impl Identity {
    /// Asks to be let into an organization; by its setting `support_access` refused, waiting, or started.
    ///
    /// # Errors
    /// 403 without `platform.support`, 403 `SUPPORT_ACCESS_REFUSED`, 404, 422.
    pub(super) async fn ask_for_support(&self, ctx: &Ctx, request: SupportRequest) -> Result<Asked, Error> {
        ctx.require(Permission::PLATFORM_SUPPORT, &Resource::organization(ctx.organization_id()))?;
        let me = ctx.require_person()?;
        let (reason, minutes) = (checked_reason(&request.reason)?, checked_minutes(request.minutes, LONGEST)?);
        let target = self.organization(&request.organization).await?.filter(|found| found.status != "erased");
        let target = target.ok_or_else(Error::not_found)?;
        let mut own = self.0.db.tenant(ctx.organization_id()).await?;
        let by_name = member(&mut own, me).await?.ok_or_else(Error::not_found)?.name;
        own.commit().await?;
        let there = self.staff_ctx(ctx, target.id);
        let mut tx = self.0.db.tenant(target.id).await?;
        let now = ctx.now();
        let new = Impersonation {
            id: ctx.new_id(),
            kind: ImpersonationKind::Support.as_str().to_owned(),
            mode: request.mode.as_str().to_owned(),
            status: "requested".to_owned(),
            reason,
            minutes,
            by_user_id: me,
            by_name,
            membership_id: None,
            user_id: None,
            session_id: None,
            requested_at: now,
            expires_at: now + PATIENCE,
            decided_by: None,
            decided_at: None,
            started_at: None,
            ended_at: None,
            ended_by: None,
        };
        rows::insert(&mut tx, &new).await?;
        tx.append(&there, events::requested(&new));
        match settings::effective(&mut tx).await?.support_access {
            SupportAccess::Never => {
                rows::decide(&mut tx, new.id, "rejected", None, None, now, now).await?;
                tx.append(&there, events::decided(&new, false, None));
                // The refusal is a fact of its own: it is kept although the request is answered with an error.
                tx.commit().await?;
                Err(Error::new(ErrorKind::Forbidden, "SUPPORT_ACCESS_REFUSED", "This organization lets no support in."))
            }
            SupportAccess::OnRequest => {
                self.tell_admins(&there, &mut tx, &new).await?;
                tx.commit().await?;
                Ok(Asked::Waits(new.into()))
            }
            SupportAccess::Allowed => {
                let host = rows::first_admin(&mut tx, now).await?.ok_or_else(|| {
                    Error::new(ErrorKind::Conflict, "INVALID_TRANSITION", "The organization has no active admin.")
                })?;
                rows::decide(&mut tx, new.id, "approved", None, Some(host.0), new.expires_at, now).await?;
                let start = Start {
                    impersonation: &new,
                    membership_id: host.0,
                    user_id: host.1,
                    kind: ImpersonationKind::Support,
                };
                let acting = self.start_acting(&there, &mut tx, start).await?;
                tx.commit().await?;
                Ok(Asked::Started(acting))
            }
        }
    }

    /// Comes in after the approval.
    ///
    /// # Errors
    /// 403 without `platform.support`, 404 for one that is not the caller's, 409 `INVALID_TRANSITION` unless approved.
    pub(super) async fn start_support(&self, ctx: &Ctx, id: Uuid) -> Result<Acting, Error> {
        ctx.require(Permission::PLATFORM_SUPPORT, &Resource::organization(ctx.organization_id()))?;
        let me = ctx.require_person()?;
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let place = rows::place(&mut tx, id, me).await?.ok_or_else(Error::not_found)?;
        tx.commit().await?;
        let there = self.staff_ctx(ctx, place);
        let mut tx = self.0.db.tenant(place).await?;
        let one = rows::lock(&mut tx, id).await?.ok_or_else(Error::not_found)?;
        let (Some(membership_id), Some(user_id)) = (one.membership_id, one.user_id) else { return Err(not_now()) };
        if one.status != "approved" || one.expires_at <= ctx.now() {
            return Err(not_now());
        }
        let start = Start { impersonation: &one, membership_id, user_id, kind: ImpersonationKind::Support };
        let acting = self.start_acting(&there, &mut tx, start).await?;
        tx.commit().await?;
        Ok(acting)
    }

    async fn tell_admins(&self, ctx: &Ctx, tx: &mut TenantTx, one: &Impersonation) -> Result<(), Error> {
        let organization = rows::organization_name(tx).await?;
        for admin in api_keys::admins(tx, ctx.now()).await? {
            let data = json!({
                "staff": one.by_name,
                "reason": one.reason,
                "minutes": one.minutes,
                "mode": one.mode,
                "organization": organization,
            });
            let template = Template::SupportRequested;
            let letter = Letter { to: admin.email, language: admin.language, template, data };
            mail::post(ctx, tx, &self.0.sealer, &letter)?;
        }
        Ok(())
    }

    /// In the other organization the product acts for staff, who is nobody there yet; the facts name him.
    fn staff_ctx(&self, ctx: &Ctx, organization: kernel::ids::OrganizationId) -> Ctx {
        let there = Ctx::system(organization, ctx.clock.clone(), ctx.ids.clone(), ctx.request_id.clone());
        match &ctx.origin {
            Some(origin) => there.with_origin(origin.clone()),
            None => there,
        }
    }
}

/// Requests and sessions of the support here, newest first.
///
/// # Errors
/// 403 without `organization.manage`.
pub(super) async fn list(ctx: &Ctx, tx: &mut TenantTx) -> Result<Vec<ImpersonationView>, Error> {
    ctx.require(Permission::ORGANIZATION_MANAGE, &Resource::organization(ctx.organization_id()))?;
    Ok(rows::support(tx).await?.into_iter().map(ImpersonationView::from).collect())
}

/// Lets support in or not. Whoever approves is the one in whose name it acts.
///
/// # Errors
/// 403 without `organization.manage` or in somebody else's name, 404, 409 `INVALID_TRANSITION`.
pub(super) async fn decide(ctx: &Ctx, tx: &mut TenantTx, id: Uuid, approve: bool) -> Result<ImpersonationView, Error> {
    ctx.require(Permission::ORGANIZATION_MANAGE, &Resource::organization(ctx.organization_id()))?;
    let me = ctx.require_person()?;
    let one = rows::lock(tx, id).await?.filter(|one| one.kind == "support").ok_or_else(Error::not_found)?;
    let now = ctx.now();
    if one.status != "requested" || one.expires_at <= now {
        return Err(not_now());
    }
    let status = if approve { "approved" } else { "rejected" };
    let host = ctx.subject.membership_id().filter(|_| approve);
    rows::decide(tx, id, status, Some(me.0), host, if approve { now + PATIENCE } else { now }, now).await?;
    tx.append(ctx, events::decided(&one, approve, Some(ctx.actor())));
    Ok(rows::find(tx, id).await?.ok_or_else(Error::not_found)?.into())
}

pub(super) fn not_now() -> Error {
    Error::new(ErrorKind::Conflict, "INVALID_TRANSITION", "This support session cannot be changed like that now.")
}
