//! Exports: made by a job, fetched for a day, checkable without the installation.

mod lines;
mod manifest;

pub use manifest::{Manifest, SignedManifest, check_export};

use crate::handle::Audit;
use crate::store::{self, Export, Filter, Made};
use crate::verify::fact;
use ::store::TenantTx;
use ::store::jobs::{JobOutcome, JobRun, Lane, NewJob};
use bytes::Bytes;
use chrono::{DateTime, Duration, Utc};
use files::{Declared, NewBlob};
use futures_util::Stream;
use kernel::ids::OrganizationId;
use kernel::{Ctx, Error, ErrorKind, Permission, Resource};
use lines::{CSV_HEAD, ExportLine, csv_line};
use manifest::Tally;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use utoipa::ToSchema;
use uuid::Uuid;

/// The job that makes one export; payload: its id.
pub const EXPORT: &str = "audit.export";
/// How long an export can be fetched.
const LIFE: Duration = Duration::hours(24);
/// Entries read at once.
const CHUNK: i64 = 5_000;
/// Largest export.
const MAX_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// What is asked for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AuditExportBody, example = json!({"format": "jsonl", "from": "2026-11-01T00:00:00Z"}))]
pub struct ExportBody {
    pub format: Format,
    #[serde(default)]
    pub category: Option<String>,
    #[serde(default)]
    pub actor_id: Option<Uuid>,
    #[serde(default)]
    pub from: Option<DateTime<Utc>>,
    #[serde(default)]
    pub to: Option<DateTime<Utc>>,
}

/// `jsonl`: ends with a signed manifest and can be verified. `csv`: for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AuditExportFormat)]
pub enum Format {
    Jsonl,
    Csv,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
        }
    }
}

/// An export as it is shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AuditExport)]
pub struct ExportView {
    pub id: Uuid,
    #[schema(example = "jsonl")]
    pub format: String,
    /// waiting, ready or expired.
    #[schema(example = "ready")]
    pub state: String,
    pub entries: Option<i64>,
    /// What the file is of, signed; also its last line (`jsonl`).
    #[schema(value_type = Option<Object>)]
    pub manifest: Option<Value>,
    pub created_at: DateTime<Utc>,
    pub ready_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
}

impl From<Export> for ExportView {
    fn from(export: Export) -> Self {
        let Export { id, format, state, entries, manifest, created_at, ready_at, expires_at, .. } = export;
        Self { id, format, state, entries, manifest, created_at, ready_at, expires_at }
    }
}

impl Audit {
    /// Asks for an export.
    ///
    /// # Errors
    /// 403 without `audit.export`; 409 `LIMIT_REACHED`.
    pub(crate) async fn request_export(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        body: &ExportBody,
    ) -> Result<ExportView, Error> {
        ctx.require(Permission::AUDIT_EXPORT, &Resource::organization(ctx.organization_id()))?;
        let requested_by = ctx.actor().id.ok_or_else(Error::not_found)?;
        identity::limits::take_export(ctx, tx).await?;
        let filter = Filter {
            category: body.category.clone(),
            actor_id: body.actor_id,
            from: body.from,
            to: body.to,
            ..Filter::default()
        };
        let (id, format) = (ctx.new_id::<Uuid>(), body.format.name());
        let filter = serde_json::to_value(&filter).map_err(Error::internal)?;
        store::insert_export(tx, id, requested_by, format, &filter, ctx.now()).await?;
        tx.append(ctx, fact(ctx, "audit.exported", json!({ "export_id": id, "format": format, "filter": filter })));
        tx.enqueue(ctx, NewJob::new(Lane::Bulk, EXPORT, &id));
        let export = store::export(tx, id).await?.ok_or_else(Error::not_found)?;
        Ok(export.into())
    }

    /// An export of the caller's own: nobody else's is there.
    ///
    /// # Errors
    /// 403 without `audit.export`, 404.
    pub(crate) async fn own_export(&self, ctx: &Ctx, tx: &mut TenantTx, id: Uuid) -> Result<Export, Error> {
        ctx.require(Permission::AUDIT_EXPORT, &Resource::organization(ctx.organization_id()))?;
        let export = store::export(tx, id).await?;
        export.filter(|export| ctx.actor().id == Some(export.requested_by)).ok_or_else(Error::not_found)
    }

    /// The file of an export.
    ///
    /// # Errors
    /// As [`Audit::own_export`]; 409 `EXPORT_NOT_READY`; 410 `EXPORT_EXPIRED`.
    pub(crate) async fn export_file(&self, ctx: &Ctx, export: &Export) -> Result<Bytes, Error> {
        let over = export.state == "expired" || export.expires_at.is_some_and(|at| at <= ctx.now());
        if over {
            return Err(Error::new(ErrorKind::Gone, "EXPORT_EXPIRED", "This export is over; ask for another."));
        }
        let Some(key) = export.blob_key.as_deref().and_then(files::BlobKey::parse) else {
            return Err(Error::new(ErrorKind::Conflict, "EXPORT_NOT_READY", "This export is still being made."));
        };
        let blob = self.0.files.open(ctx.organization_id(), &key).await.map_err(Error::internal)?;
        blob.ok_or_else(Error::not_found)?.into_bytes().await.map_err(Error::internal)
    }

    /// Makes the file. Run again it makes it again.
    pub(crate) async fn make_export(&self, run: JobRun) -> Result<JobOutcome, Error> {
        let id: Uuid = run.parse()?;
        let mut tx = self.0.db.tenant(run.organization_id).await?;
        let Some(export) = store::export(&mut tx, id).await?.filter(|export| export.state == "waiting") else {
            return Ok(JobOutcome::Done);
        };
        tx.commit().await?;
        let filter: Filter = serde_json::from_value(export.filter).map_err(Error::internal)?;
        let now = self.0.clock.now();
        let blob = NewBlob {
            organization: run.organization_id,
            file: self.0.ids.sortable(now),
            at: now,
            declared: Declared { mime: Some("text/plain".to_owned()), name: None },
            max_bytes: MAX_BYTES,
        };
        let tally = Arc::new(Mutex::new(Tally::new(run.organization_id, filter)));
        let lines = self.lines(run.organization_id, export.format == "csv", tally.clone());
        let stored = self.0.files.put_stream(blob, lines).await.map_err(Error::internal)?;
        let size = i64::try_from(stored.size).unwrap_or(i64::MAX);
        let tally = Arc::into_inner(tally).and_then(|tally| tally.into_inner().ok());
        let signed =
            tally.and_then(Tally::signed).ok_or_else(|| Error::internal("an export ended without its manifest"))?;
        let (entries, manifest) = (signed.entries(), serde_json::to_value(&signed).map_err(Error::internal)?);
        let mut tx = self.0.db.tenant(run.organization_id).await?;
        let (blob_key, expires_at) = (stored.key.to_string(), now + LIFE);
        store::make_ready(
            &mut tx,
            &Made { id, blob_key: &blob_key, size, entries, manifest: &manifest, now, expires_at },
        )
        .await?;
        tx.commit().await?;
        Ok(JobOutcome::Done)
    }

    /// The file's text, a few thousand entries at a time from the first on, and the manifest at its end.
    fn lines(
        &self,
        organization: OrganizationId,
        csv: bool,
        tally: Arc<Mutex<Tally>>,
    ) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static {
        let head = futures_util::stream::iter(csv.then(|| Ok(Bytes::from_static(CSV_HEAD.as_bytes()))));
        let rest = futures_util::stream::try_unfold((self.clone(), Some(0)), move |(audit, after)| {
            let tally = tally.clone();
            async move {
                let Some(after) = after else { return Ok(None) };
                let mut tx = audit.0.db.tenant(organization).await?;
                let links = store::links_after(&mut tx, after, CHUNK).await?;
                tx.commit().await?;
                let mut text = String::new();
                let last = links.last().map(|link| link.seq);
                if last.is_none() {
                    let keys = audit.head_keys().await?;
                    let signed = tally.lock().unwrap_or_else(PoisonError::into_inner).sign(&keys)?;
                    if !csv {
                        json_line(&mut text, &signed)?;
                    }
                }
                let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
                for link in &links {
                    match (tally.take(link), csv) {
                        (false, _) => {}
                        (true, true) => csv_line(&mut text, link),
                        (true, false) => json_line(&mut text, &ExportLine::from(link))?,
                    }
                }
                drop(tally);
                Ok(Some((Bytes::from(text), (audit, last))))
            }
        });
        futures_util::StreamExt::chain(head, rest)
    }
}

fn json_line(text: &mut String, line: &impl Serialize) -> Result<(), Error> {
    text.push_str(&serde_json::to_string(line).map_err(Error::internal)?);
    text.push('\n');
    Ok(())
}
