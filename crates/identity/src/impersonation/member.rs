//! One member as another: to see what he sees. Always read only.

use super::{Acting, Impersonation, events};
use crate::access_token::{Act, NewToken};
use crate::assignments::Holder;
use crate::handle::Identity;
use crate::store::assignments::{grants, member};
use crate::store::impersonations as rows;
use crate::store::sessions::{self, NewSession};
use chrono::{DateTime, Duration, Utc};
use kernel::access::ImpersonationKind;
use kernel::access::granting::{Reach, may_grant};
use kernel::ids::{MembershipId, SessionId, UserId};
use kernel::text::clean_line;
use kernel::{Ctx, Error, Permission, Resource, Scope};
use mail::{Letter, Template};
use serde_json::json;
use store::TenantTx;

/// Longest in minutes.
const LONGEST: i16 = 30;

/// Who is about to act, in whose name, and for how long.
pub(super) struct Start<'a> {
    pub impersonation: &'a Impersonation,
    pub membership_id: MembershipId,
    pub user_id: UserId,
    pub kind: ImpersonationKind,
}

impl Identity {
    /// Starts to act as another member.
    ///
    /// # Errors
    /// 403 without `users.impersonate`, 403 `REAUTH_REQUIRED`, 403 `GRANT_EXCEEDS_OWN` for somebody who may do more,
    /// 404, 422 for a missing reason or a wrong time.
    pub(super) async fn impersonate(
        &self,
        ctx: &Ctx,
        target: UserId,
        reason: &str,
        minutes: Option<i16>,
    ) -> Result<Acting, Error> {
        ctx.require(Permission::USERS_IMPERSONATE, &Resource::organization(ctx.organization_id()))?;
        let me = ctx.require_person()?;
        let mut tx = self.0.db.tenant(ctx.organization_id()).await?;
        let host =
            member(&mut tx, target).await?.filter(|host| host.status == "active").ok_or_else(Error::not_found)?;
        let (reason, minutes) = (checked_reason(reason)?, checked_minutes(minutes, LONGEST)?);
        if me == target {
            return Err(Error::invalid_field("user_id", "OWN_ACCOUNT", "This is you."));
        }
        let membership_id = host.membership_id;
        never_up(ctx, &mut tx, membership_id).await?;
        let now = ctx.now();
        let new = Impersonation {
            id: ctx.new_id(),
            kind: ImpersonationKind::Member.as_str().to_owned(),
            mode: "read".to_owned(),
            status: "requested".to_owned(),
            reason,
            minutes,
            by_user_id: me,
            by_name: member(&mut tx, me).await?.ok_or_else(Error::not_found)?.name,
            membership_id: Some(membership_id),
            user_id: Some(target),
            session_id: None,
            requested_at: now,
            expires_at: now + Duration::minutes(i64::from(minutes)),
            decided_by: None,
            decided_at: None,
            started_at: None,
            ended_at: None,
            ended_by: None,
        };
        rows::insert(&mut tx, &new).await?;
        let start = Start { impersonation: &new, membership_id, user_id: target, kind: ImpersonationKind::Member };
        let acting = self.start_acting(ctx, &mut tx, start).await?;
        tx.commit().await?;
        Ok(acting)
    }

    /// Opens the session of somebody who acts in another's name, and tells that other person.
    pub(super) async fn start_acting(&self, ctx: &Ctx, tx: &mut TenantTx, start: Start<'_>) -> Result<Acting, Error> {
        let (now, one) = (ctx.now(), start.impersonation);
        let end = now + Duration::minutes(i64::from(one.minutes));
        let session_id: SessionId = ctx.new_id();
        let amr = [start.kind.as_str().to_owned()];
        let new = NewSession {
            id: session_id,
            membership_id: start.membership_id,
            user_id: start.user_id,
            device_name: Some(&one.by_name),
            user_agent: None,
            ip: None,
            amr: &amr,
            now,
            authenticated_at: now,
            expires_at: end,
            idle_minutes: i32::from(one.minutes),
        };
        sessions::insert(tx, &new).await?;
        rows::start(tx, one.id, start.membership_id, session_id, end, now).await?;
        let started = rows::find(tx, one.id).await?.ok_or_else(Error::not_found)?;
        tx.append(ctx, events::started(&started));
        let who = Letter {
            to: String::new(),
            language: String::new(),
            template: Template::ImpersonationStarted,
            data: json!({ "who": one.by_name, "reason": one.reason, "until": shown(end) }),
        };
        self.tell_host(ctx, tx, start.user_id, who).await?;
        let keys = self.0.keys.current().await?;
        let token = NewToken {
            user_id: start.user_id,
            organization_id: ctx.organization_id(),
            membership_id: start.membership_id,
            session_id,
            authenticated_at: now,
            amr: amr.to_vec(),
            roles: Vec::new(),
        };
        let act = Act { sub: one.by_user_id, kind: start.kind };
        let access_token = self.sign_until(&keys, token, end, Some(act))?;
        Ok(Acting {
            impersonation: started.into(),
            access_token,
            token_type: "Bearer",
            expires_in: (end - now).num_seconds(),
        })
    }

    /// A letter to a member about who acts in his name.
    pub(super) async fn tell_host(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        user: UserId,
        mut letter: Letter,
    ) -> Result<(), Error> {
        let Some((reader, organization)) = rows::reader(tx, user).await? else { return Ok(()) };
        letter.data["organization"] = json!(organization);
        (letter.to, letter.language) = (reader.email, reader.language);
        mail::post(ctx, tx, &self.0.sealer, &letter)
    }
}

/// Nobody acts as somebody who may do more than he.
async fn never_up(ctx: &Ctx, tx: &mut TenantTx, target: MembershipId) -> Result<(), Error> {
    for grant in grants(tx, Holder::Member(target)).await?.iter().filter(|grant| grant.counts(ctx.now())) {
        let reach = match &grant.scope {
            Scope::Units(units) => Reach::Units(units.clone()),
            _ => Reach::Organization,
        };
        may_grant(&ctx.subject, &grant.permissions, &reach, None, ctx.now())?;
    }
    Ok(())
}

pub(super) fn checked_reason(reason: &str) -> Result<String, Error> {
    let reason = clean_line(reason);
    if (10..=500).contains(&reason.chars().count()) {
        return Ok(reason);
    }
    Err(Error::invalid_field("reason", "LENGTH", "10 to 500 characters: others will read it."))
}

pub(super) fn checked_minutes(minutes: Option<i16>, longest: i16) -> Result<i16, Error> {
    let minutes = minutes.unwrap_or(30);
    if (1..=longest).contains(&minutes) {
        return Ok(minutes);
    }
    Err(Error::invalid_field("minutes", "OUT_OF_RANGE", format!("1 to {longest}.")))
}

pub(super) fn shown(at: DateTime<Utc>) -> String {
    at.format("%d/%m/%Y %H:%M UTC").to_string()
}
