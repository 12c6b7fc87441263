//! A copy of a person's data: asked for, made by a job, sealed with the person's key, fetched by one person for a day.

use super::events;
use super::jobs::{EXPORT, ExportJob};
use crate::handle::Identity;
use crate::limits;
use crate::store::logins;
use crate::store::privacy::{self as rows, ExportRow, NewExport};
use chrono::Duration;
use files::{BlobKey, Declared, NewBlob};
use kernel::ids::{FileId, UserId};
use kernel::{Ctx, Error, Permission, Principal, Resource, Subject};
use mail::{Letter, Template};
use serde_json::json;
use std::sync::Arc;
use store::TenantTx;
use store::jobs::{Lane, NewJob};
use uuid::Uuid;

/// How long a copy can be fetched.
const LIFE: Duration = Duration::hours(24);
/// Largest copy, in bytes.
const MOST: u64 = 1 << 30;

/// Asks for a copy of one's own data, or of a member's.
///
/// # Errors
/// 404; 403 without `privacy.manage` for somebody else, `REAUTH_REQUIRED`; 409 `LIMIT_REACHED`.
pub(super) async fn ask_export(ctx: &Ctx, tx: &mut TenantTx, user: UserId) -> Result<ExportRow, Error> {
    let caller = ctx.require_person()?;
    if caller != user {
        ctx.require(Permission::PRIVACY_MANAGE, &Resource::organization(ctx.organization_id()))?;
    }
    ctx.require_recent()?;
    let place = rows::lock_place(tx, user).await?.filter(|place| place.status != "removed");
    let place = place.ok_or_else(Error::not_found)?;
    limits::take_export(ctx, tx).await?;
    let new = NewExport { id: ctx.new_id(), membership_id: place.membership_id, user_id: user, requested_by: caller };
    rows::insert_export(tx, &new, ctx.now()).await?;
    events::append(ctx, tx, "privacy.export_requested", user, json!({ "export_id": new.id }));
    tx.enqueue(ctx, NewJob::new(Lane::Bulk, EXPORT, &ExportJob { export_id: new.id }));
    rows::export(tx, new.id).await?.ok_or_else(Error::not_found)
}

/// The caller's own wish for a copy: nobody else sees it.
///
/// # Errors
/// 404.
pub(super) async fn find_export(ctx: &Ctx, tx: &mut TenantTx, id: Uuid) -> Result<ExportRow, Error> {
    let me = ctx.require_person()?;
    rows::export(tx, id).await?.filter(|row| row.requested_by == me).ok_or_else(Error::not_found)
}

impl Identity {
    /// The bytes of a copy that is ready, for the person who asked for it.
    ///
    /// # Errors
    /// 404, also once its day is over.
    pub(super) async fn fetch_export(&self, ctx: &Ctx, tx: &mut TenantTx, id: Uuid) -> Result<Vec<u8>, Error> {
        let row = find_export(ctx, tx, id).await?;
        let lives = row.state == "ready" && row.expires_at.is_some_and(|end| ctx.now() < end);
        let place = row.blob_key.as_deref().filter(|_| lives).and_then(BlobKey::parse).ok_or_else(Error::not_found)?;
        let keys = self.0.persons.keys(tx, &[row.user_id.0]).await?;
        let key = keys.get(&row.user_id).ok_or_else(Error::not_found)?;
        let blob = self.0.files.open(ctx.organization_id(), &place).await.map_err(Error::internal)?;
        let sealed = blob.ok_or_else(Error::not_found)?.into_bytes().await.map_err(Error::internal)?;
        rows::export_fetched(tx, id, ctx.now()).await?;
        events::append(ctx, tx, "privacy.export_downloaded", row.user_id, json!({ "export_id": id }));
        key.open("archive", &sealed)
    }

    /// Makes a copy that was asked for. Done already, or the person gone meanwhile: nothing to do.
    ///
    /// # Errors
    /// When a store fails.
    pub(super) async fn make_export(&self, ctx: &Ctx, id: Uuid) -> Result<(), Error> {
        let mut tx = self.0.db.tenant(ctx.organization_id()).await?;
        let row = rows::export(&mut tx, id).await?.filter(|row| row.state == "waiting");
        tx.commit().await?;
        let Some(row) = row else { return Ok(()) };
        let archive = match self.archive_of(&on_behalf_of(ctx, row.requested_by), row.user_id).await {
            Err(error) if error.kind() == kernel::ErrorKind::NotFound => return Ok(()),
            made => made?,
        };
        let mut tx = self.0.db.tenant(ctx.organization_id()).await?;
        let Some(key) = self.0.persons.key(&mut tx, row.user_id, ctx.now()).await? else { return Ok(()) };
        let file: FileId = ctx.ids.random();
        let blob = NewBlob {
            organization: ctx.organization_id(),
            file,
            at: ctx.now(),
            declared: Declared::default(),
            max_bytes: MOST,
        };
        let sealed = key.seal("archive", &archive)?;
        let stored = self.0.files.put(blob, sealed.into()).await.map_err(Error::internal)?;
        let size = i64::try_from(archive.len()).unwrap_or(i64::MAX);
        rows::export_ready(&mut tx, id, &stored.key.to_string(), size, ctx.now() + LIFE, ctx.now()).await?;
        events::append(ctx, &mut tx, "privacy.export_ready", row.user_id, json!({ "export_id": id }));
        if let Some(facts) = logins::facts(&mut tx, row.requested_by).await? {
            let letter = Letter {
                to: facts.email,
                language: facts.language,
                template: Template::ExportReady,
                data: json!({
                    "link": format!("{}/privacy/exports/{id}", self.settings().issuer),
                    "hours": LIFE.num_hours(),
                }),
            };
            mail::post(ctx, &mut tx, &self.0.sealer, &letter)?;
        }
        Ok(tx.commit().await?)
    }
}

/// The job as the person who asked: whose memberships are shown depends on it.
fn on_behalf_of(ctx: &Ctx, user: UserId) -> Ctx {
    let principal = Principal::User { user_id: user, membership_id: kernel::ids::MembershipId(Uuid::nil()) };
    let subject = Subject { principal, ..Subject::system(ctx.organization_id()) };
    Ctx { subject: Arc::new(subject), ..ctx.clone() }
}
