//! Erasing: what is the person's goes, ids, dates, totals and what the organization keeps of the work stay.
//!
//! Each step may come again: a job that died in the middle starts over and finds done what was done.

use super::hold::held;
use super::ledger::Line;
use super::{events, shown_as};
use crate::handle::Identity;
use crate::store::logins;
use crate::store::privacy::{self as rows, NewErasure};
use crate::text::folded;
use crate::users::{Keep, end_membership, last_admin};
use kernel::ids::{OrganizationId, UserId};
use kernel::{Ctx, Error};
use serde_json::json;
use std::sync::Arc;
use store::{INSTALLATION, PlatformReason, TenantTx};

/// Events of the log looked through in one transaction.
const PAGE: i32 = 2_000;

/// Who was erased where.
#[derive(Clone, Debug)]
pub struct Erased {
    pub organization_id: OrganizationId,
    pub user_id: UserId,
    /// What takes the place of the name.
    pub shown: String,
}

impl Identity {
    /// Erases a person in one organization; the login goes too where no living membership is left.
    ///
    /// # Errors
    /// 409 `LEGAL_HOLD`, `LAST_ADMIN`; when a store fails: what was done stays, and is found done the next time.
    pub(super) async fn erase_membership(
        &self,
        organization: OrganizationId,
        user: UserId,
        cause: &'static str,
        request: &Arc<str>,
    ) -> Result<Erased, Error> {
        self.keep_line(&Line::of_membership(organization, user, self.0.clock.now())).await?;
        let erased = self.erase_place(organization, user, cause, request).await?;
        // A place that ended may still be held: then the login stays with what is its own.
        let held = self.places(user).await?.iter().any(|place| place.held);
        if !held && self.living_places(user).await? == 0 {
            self.erase_login(user, request).await?;
        }
        Ok(erased)
    }

    /// Erases a person everywhere, the login last.
    ///
    /// # Errors
    /// As [`Identity::erase_membership`].
    pub(super) async fn erase_person(
        &self,
        user: UserId,
        cause: &'static str,
        request: &Arc<str>,
    ) -> Result<Vec<Erased>, Error> {
        let places = self.places(user).await?;
        if places.iter().any(|place| place.held) {
            return Err(held());
        }
        self.keep_line(&Line::of_login(user, self.0.clock.now())).await?;
        let mut erased = Vec::with_capacity(places.len());
        for place in places {
            erased.push(self.erase_place(place.organization_id, user, cause, request).await?);
        }
        self.erase_login(user, request).await?;
        Ok(erased)
    }

    async fn erase_place(
        &self,
        organization: OrganizationId,
        user: UserId,
        cause: &'static str,
        request: &Arc<str>,
    ) -> Result<Erased, Error> {
        let ctx = Ctx::system(organization, self.0.clock.clone(), self.0.ids.clone(), request.clone());
        let mut tx = self.0.db.tenant(organization).await?;
        let (shown, blobs) = blank(&ctx, &mut tx, user, cause).await?;
        tx.commit().await?;
        self.rights_changed();
        self.forget_in_log(&ctx, user, &shown).await?;
        let mut worker = self.0.db.platform(PlatformReason::Maintenance).await?;
        rows::forget_audited(&mut worker, organization, user).await?;
        worker.commit().await?;
        for blob in blobs {
            self.forget_blob(Some(&blob)).await;
        }
        Ok(Erased { organization_id: organization, user_id: user, shown })
    }

    /// The name under which messages were written stands in the log too.
    async fn forget_in_log(&self, ctx: &Ctx, user: UserId, shown: &str) -> Result<(), Error> {
        let mut after = (0, 0);
        loop {
            let mut tx = self.0.db.tenant(ctx.organization_id()).await?;
            let page = rows::forget_author_in_events(&mut tx, user, shown, after, PAGE).await?;
            tx.commit().await?;
            match page {
                Some(last) => after = last,
                None => return Ok(()),
            }
        }
    }

    async fn living_places(&self, user: UserId) -> Result<usize, Error> {
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let memberships = crate::store::sign_in::memberships_of(tx.conn(), user).await?;
        tx.commit().await?;
        Ok(memberships.len())
    }

    async fn erase_login(&self, user: UserId, request: &Arc<str>) -> Result<(), Error> {
        // In an organization of the person: the credentials are seen only there.
        let places = self.places(user).await?;
        for place in &places {
            let mut tx = self.0.db.tenant(place.organization_id).await?;
            rows::forget_credentials(&mut tx, user).await?;
            rows::login_was_erased(&mut tx, user).await?;
            tx.commit().await?;
        }
        let ctx = Ctx::system(INSTALLATION, self.0.clock.clone(), self.0.ids.clone(), request.clone());
        let mut tx = self.0.db.tenant(INSTALLATION).await?;
        let picture = rows::erase_login(tx.conn(), user, "Usuário removido", ctx.now()).await?;
        events::append(&ctx, &mut tx, "user.erased", user, json!({}));
        tx.commit().await?;
        self.rights_changed();
        self.forget_blob(picture.as_deref()).await;
        Ok(())
    }
}

/// Empties the membership and what hangs on it; what the person is shown as, and the files that can go.
async fn blank(
    ctx: &Ctx,
    tx: &mut TenantTx,
    user: UserId,
    cause: &'static str,
) -> Result<(String, Vec<String>), Error> {
    last_admin::lock(tx).await?;
    let place = rows::lock_place(tx, user).await?.ok_or_else(Error::not_found)?;
    if let Some(number) = place.erased_number {
        return Ok((shown_as(number), Vec::new()));
    }
    if place.held_at.is_some() {
        return Err(held());
    }
    if place.status != "removed" {
        end_membership(ctx, tx, place.membership_id, user, Keep::Nothing).await?;
    }
    let number = rows::next_number(tx).await?;
    let shown = shown_as(number);
    let new = NewErasure {
        id: ctx.new_id(),
        membership_id: place.membership_id,
        user_id: user,
        cause,
        requested_by: None,
        due_at: ctx.now(),
    };
    rows::ask_erasure(tx, &new, ctx.now()).await?;
    rows::blank_membership(tx, place.membership_id, (&shown, &folded(&shown)), number, ctx.now()).await?;
    rows::forget_acting(tx, user, &shown).await?;
    let sessions = rows::forget_sessions(tx, user).await?;
    let answers = rows::forget_kept_answers(tx, user, place.membership_id).await?;
    let blobs = rows::expire_exports(tx, None, Some(user)).await?;
    let stores = json!({
        "membership": 1, "sessions": sessions, "kept_answers": answers, "archives": blobs.len(),
        "log": "names of the author replaced", "audit": "personal values destroyed",
    });
    rows::close_erasure(tx, place.membership_id, number, &stores, ctx.now()).await?;
    logins::leave(tx, user, ctx.now() + crate::users::ALONE, ctx.now()).await?;
    events::append(ctx, tx, "privacy.erased", user, json!({ "number": number, "shown": shown }));
    Ok((shown, blobs))
}
