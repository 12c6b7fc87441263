//! Asking to be erased, having somebody erased, and taking it back.

use super::hold::held;
use super::jobs::{ERASE_LOGIN, ERASE_MEMBERSHIP, EraseLogin, EraseMembership};
use super::{events, routes::ErasureView};
use crate::handle::Identity;
use crate::sign_in::Client;
use crate::store::privacy::{self as rows, NewErasure};
use crate::store::{logins, members, people};
use crate::users::{Keep, Left, end_membership, last_admin, require_not_above};
use chrono::{DateTime, Duration, Utc};
use kernel::ids::{OrganizationId, UserId};
use kernel::{Ctx, Error, Permission, Resource};
use mail::{Letter, Template};
use serde_json::json;
use store::TenantTx;
use store::jobs::{Lane, NewJob};
use uuid::Uuid;

/// How long one may regret one's own wish.
const REGRET: Duration = Duration::days(7);

/// Has a member erased, at once: the membership ends here and now, a job takes the rest.
///
/// # Errors
/// 404, 403 without `users.erase`, `GRANT_EXCEEDS_OWN`, 409 `LEGAL_HOLD`, `LAST_ADMIN`.
pub(super) async fn erase_user(ctx: &Ctx, tx: &mut TenantTx, user: UserId) -> Result<(ErasureView, Left), Error> {
    ctx.require(Permission::USERS_ERASE, &Resource::organization(ctx.organization_id()))?;
    last_admin::lock(tx).await?;
    let place = rows::lock_place(tx, user).await?.filter(|place| place.erased_number.is_none());
    let place = place.ok_or_else(Error::not_found)?;
    if place.held_at.is_some() {
        return Err(held());
    }
    require_not_above(ctx, tx, place.membership_id).await?;
    let left = if place.status == "removed" {
        Left::default()
    } else {
        end_membership(ctx, tx, place.membership_id, user, Keep::Nothing).await?
    };
    let new = NewErasure {
        id: ctx.new_id(),
        membership_id: place.membership_id,
        user_id: user,
        cause: "request",
        requested_by: ctx.subject.user_id().map(|user| user.0),
        due_at: ctx.now(),
    };
    let id = rows::ask_erasure(tx, &new, ctx.now()).await?;
    asked(ctx, tx, user, new.due_at, "request");
    tx.enqueue(ctx, NewJob::new(Lane::Interactive, ERASE_MEMBERSHIP, &EraseMembership { user_id: user }));
    Ok((find(tx, id).await?, left))
}

/// One erasure with its receipt.
///
/// # Errors
/// 404.
pub(super) async fn find(tx: &mut TenantTx, id: Uuid) -> Result<ErasureView, Error> {
    rows::erasures(tx, Some(id), None, 1).await?.pop().map(ErasureView::from).ok_or_else(Error::not_found)
}

impl Identity {
    /// One's own wish to be erased, everywhere: in seven days, or at once.
    ///
    /// # Errors
    /// 403 `REAUTH_REQUIRED`, for keys and impersonators; 409 `LEGAL_HOLD`, `LAST_ADMIN` wherever that holds.
    pub(super) async fn ask_own_erasure(
        &self,
        ctx: &Ctx,
        immediate: bool,
        client: &Client,
    ) -> Result<DateTime<Utc>, Error> {
        let user = ctx.require_person()?;
        ctx.require_recent()?;
        let places = self.places(user).await?;
        if places.iter().any(|place| place.held) {
            return Err(held());
        }
        for place in &places {
            self.may_go(place.organization_id, user, client).await?;
        }
        let due = if immediate { ctx.now() } else { ctx.now() + REGRET };
        for place in &places {
            self.note_wish(place.organization_id, user, due, client).await?;
        }
        let mut tx = self.0.db.tenant(ctx.organization_id()).await?;
        rows::schedule_login(tx.conn(), user, due, ctx.now()).await?;
        if immediate {
            let job = EraseLogin { user_id: user };
            tx.enqueue(ctx, NewJob::new(Lane::Interactive, ERASE_LOGIN, &job).unique(user.to_string()));
        } else if let Some(facts) = logins::facts(&mut tx, user).await? {
            let letter = Letter {
                to: facts.email,
                language: facts.language,
                template: Template::ErasureRequested,
                data: json!({ "due": due.format("%d/%m/%Y").to_string() }),
            };
            mail::post(ctx, &mut tx, &self.0.sealer, &letter)?;
        }
        tx.commit().await?;
        if immediate {
            self.end_all_sessions(user, client).await?;
        }
        Ok(due)
    }

    /// Takes one's own wish back.
    ///
    /// # Errors
    /// 404 where there is none.
    pub(super) async fn cancel_own_erasure(&self, ctx: &Ctx, client: &Client) -> Result<(), Error> {
        let user = ctx.require_person()?;
        let mut tx = self.0.db.tenant(ctx.organization_id()).await?;
        if !rows::cancel_login(tx.conn(), user, ctx.now()).await? {
            return Err(Error::not_found());
        }
        tx.commit().await?;
        for place in self.places(user).await? {
            let ctx = self.acting(place.organization_id, client);
            let mut tx = self.0.db.tenant(place.organization_id).await?;
            rows::cancel_erasure(&mut tx, user, ctx.now()).await?;
            events::append(&ctx, &mut tx, "privacy.erasure_canceled", user, json!({}));
            tx.commit().await?;
        }
        Ok(())
    }

    pub(super) async fn places(&self, user: UserId) -> Result<Vec<rows::Place>, Error> {
        let mut tx = self.0.db.platform(store::PlatformReason::SignIn).await?;
        let places = rows::places(tx.conn(), user).await?;
        tx.commit().await?;
        Ok(places)
    }

    /// Whether the organization can do without this person.
    async fn may_go(&self, organization: OrganizationId, user: UserId, client: &Client) -> Result<(), Error> {
        let ctx = self.acting(organization, client);
        let mut tx = self.0.db.tenant(organization).await?;
        let place = rows::lock_place(&mut tx, user).await?.filter(|place| place.status == "active");
        if let Some(place) = place
            && members::is_admin(&mut tx, place.membership_id, ctx.now()).await?
        {
            last_admin::lock(&mut tx).await?;
            people::remove(&mut tx, place.membership_id, ctx.now()).await?;
            last_admin::must_remain(&mut tx, ctx.now()).await?;
            // Only tried: the transaction is dropped.
        }
        Ok(())
    }

    async fn note_wish(
        &self,
        organization: OrganizationId,
        user: UserId,
        due: DateTime<Utc>,
        client: &Client,
    ) -> Result<(), Error> {
        let ctx = self.acting(organization, client);
        let mut tx = self.0.db.tenant(organization).await?;
        let place = rows::lock_place(&mut tx, user).await?.filter(|place| place.erased_number.is_none());
        if let Some(place) = place {
            let new = NewErasure {
                id: ctx.new_id(),
                membership_id: place.membership_id,
                user_id: user,
                cause: "own",
                requested_by: Some(user.0),
                due_at: due,
            };
            rows::ask_erasure(&mut tx, &new, ctx.now()).await?;
            asked(&ctx, &mut tx, user, due, "own");
        }
        Ok(tx.commit().await?)
    }
}

fn asked(ctx: &Ctx, tx: &mut TenantTx, user: UserId, due: DateTime<Utc>, cause: &str) {
    events::append(ctx, tx, "privacy.erasure_requested", user, json!({ "due_at": due, "cause": cause }));
}
