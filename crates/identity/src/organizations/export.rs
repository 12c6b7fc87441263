//! The final export: everything that an organization has, in one archive for its admins.

use super::archive;
use super::events;
use super::letters::{self, Notice};
use crate::handle::Identity;
use crate::limits;
use crate::store::exports::{self as rows, ExportRow};
use chrono::{DateTime, Duration, Utc};
use files::{BlobKey, OpenBlob};
use kernel::ids::FileId;
use kernel::{Ctx, Error, ErrorKind, Permission, Resource, masks};
use serde::{Deserialize, Serialize};
use store::TenantTx;
use store::jobs::{JobOutcome, JobRun, Lane, NewJob};
use uuid::Uuid;

/// Makes an archive.
pub const EXPORT: &str = "identity.export_organization";

/// How long an archive is kept.
const KEPT: Duration = Duration::days(30);

/// An archive that was asked for.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ExportView {
    pub id: Uuid,
    /// waiting, ready or expired.
    #[schema(example = "waiting")]
    pub state: String,
    /// Bytes.
    pub size: Option<i64>,
    pub requested_at: DateTime<Utc>,
    pub ready_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
}

impl From<ExportRow> for ExportView {
    fn from(row: ExportRow) -> Self {
        Self {
            id: row.id,
            state: row.state,
            size: row.size,
            requested_at: row.requested_at,
            ready_at: row.ready_at,
            expires_at: row.expires_at,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct MakeExport {
    export_id: Uuid,
}

/// Asks for an archive; while one is being made that one is the answer.
///
/// # Errors
/// 403 with neither `organization.close` nor `privacy.manage`, for those who see some values masked only, or without a
/// recent proof of identity; 409 `LIMIT_REACHED`.
pub async fn request_export(ctx: &Ctx, tx: &mut TenantTx) -> Result<ExportView, Error> {
    may_export(ctx, tx)?;
    sees_everything(ctx)?;
    ctx.require_recent()?;
    if let Some(waiting) = rows::waiting(tx).await? {
        return Ok(waiting.into());
    }
    limits::take_export(ctx, tx).await?;
    begin(ctx, tx).await
}

/// The archives that are there.
///
/// # Errors
/// 403 with neither `organization.close` nor `privacy.manage`.
pub async fn list_exports(ctx: &Ctx, tx: &mut TenantTx) -> Result<Vec<ExportView>, Error> {
    may_export(ctx, tx)?;
    Ok(rows::list(tx).await?.into_iter().map(ExportView::from).collect())
}

/// The bytes of an archive.
///
/// # Errors
/// 404; 403 as [`request_export`]; 409 `EXPORT_NOT_READY`; 410 `EXPORT_EXPIRED`.
pub async fn open_export(identity: &Identity, ctx: &Ctx, tx: &mut TenantTx, id: Uuid) -> Result<OpenBlob, Error> {
    may_export(ctx, tx)?;
    sees_everything(ctx)?;
    ctx.require_recent()?;
    let row = rows::find(tx, id).await?.ok_or_else(Error::not_found)?;
    let gone = || Error::new(ErrorKind::Gone, "EXPORT_EXPIRED", "This archive is no longer kept; ask for a new one.");
    let key = match row.state.as_str() {
        "ready" if row.expires_at.is_some_and(|end| ctx.now() < end) => {
            row.blob_key.as_deref().and_then(BlobKey::parse)
        }
        "waiting" => return Err(Error::new(ErrorKind::Conflict, "EXPORT_NOT_READY", "It is still being made.")),
        _ => return Err(gone()),
    };
    let key = key.ok_or_else(gone)?;
    let open =
        identity.0.files.open(tx.organization_id(), &key).await.map_err(archive::unavailable)?.ok_or_else(gone)?;
    tx.append(ctx, events::export_downloaded(ctx, id));
    Ok(open)
}

fn may_export(ctx: &Ctx, tx: &TenantTx) -> Result<(), Error> {
    let organization = Resource::organization(tx.organization_id());
    match ctx.require(Permission::ORGANIZATION_CLOSE, &organization) {
        Ok(()) => Ok(()),
        Err(refused) => ctx.require(Permission::PRIVACY_MANAGE, &organization).map_err(|_| refused),
    }
}

/// The archive holds every value as it is, so it is for those from whom none is masked.
fn sees_everything(ctx: &Ctx) -> Result<(), Error> {
    let Some(mask) = masks::hidden_somewhere(&ctx.subject, ctx.now()) else { return Ok(()) };
    let required = mask.permission().name();
    let detail = "The archive holds values that you see masked only.";
    Err(Error::new(ErrorKind::Forbidden, "PERMISSION_DENIED", detail)
        .with("required", required)
        .with_denied(required, "missing_permission"))
}

/// Notes the wish and has it done.
pub(super) async fn begin(ctx: &Ctx, tx: &mut TenantTx) -> Result<ExportView, Error> {
    if let Some(waiting) = rows::waiting(tx).await? {
        return Ok(waiting.into());
    }
    let id: Uuid = ctx.new_id();
    rows::insert(tx, id, ctx.subject.principal_id(), ctx.now()).await?;
    tx.enqueue(ctx, NewJob::new(Lane::Bulk, EXPORT, &MakeExport { export_id: id }));
    rows::find(tx, id).await?.map(ExportView::from).ok_or_else(Error::not_found)
}

/// The job [`EXPORT`].
///
/// # Errors
/// When the archive cannot be made now.
pub async fn export(identity: Identity, run: JobRun) -> Result<JobOutcome, Error> {
    let MakeExport { export_id } = run.parse()?;
    let ctx = &run.ctx;
    let mut tx = identity.0.db.tenant(ctx.organization_id()).await?;
    let waiting = rows::find(&mut tx, export_id).await?.is_some_and(|row| row.state == "waiting");
    tx.commit().await?;
    if !waiting {
        return Ok(JobOutcome::Done);
    }
    let file: FileId = ctx.new_id();
    let blob = archive::make(&identity, ctx, file).await?;
    let mut tx = identity.0.db.tenant(ctx.organization_id()).await?;
    let size = i64::try_from(blob.size).unwrap_or(i64::MAX);
    rows::ready(&mut tx, export_id, &blob.key.to_string(), size, ctx.now(), ctx.now() + KEPT).await?;
    tx.append(ctx, events::exported(ctx, export_id, blob.size));
    letters::to_admins(&identity, ctx, &mut tx, Notice::ExportReady).await?;
    tx.commit().await?;
    Ok(JobOutcome::Done)
}

/// Removes what is no longer kept, in one organization.
///
/// # Errors
/// When the store of files or a statement fails.
pub async fn forget_old(identity: &Identity, ctx: &Ctx) -> Result<(), Error> {
    let mut tx = identity.0.db.tenant(ctx.organization_id()).await?;
    let old = rows::expired(&mut tx, ctx.now()).await?;
    tx.commit().await?;
    for (id, key) in old {
        if let Some(key) = BlobKey::parse(&key) {
            identity.0.files.delete(ctx.organization_id(), &key).await.map_err(archive::unavailable)?;
        }
        let mut tx = identity.0.db.tenant(ctx.organization_id()).await?;
        rows::forget(&mut tx, id).await?;
        tx.commit().await?;
    }
    Ok(())
}
