//! Exports: made by a job, fetched for a day, checkable without the installation.

use crate::chain::{Broken, Checker, Link};
use crate::handle::Audit;
use crate::store::{self, Export, Filter, Made};
use crate::verify::{Verdict, fact};
use ::store::TenantTx;
use ::store::jobs::{JobOutcome, JobRun, Lane, NewJob};
use bytes::Bytes;
use chrono::{DateTime, Duration, Utc};
use files::{Declared, NewBlob};
use futures_util::Stream;
use kernel::ids::OrganizationId;
use kernel::{Ctx, Error, ErrorKind, Permission, Resource};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
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

/// `jsonl`: everything, can be verified. `csv`: for people.
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
    pub created_at: DateTime<Utc>,
    pub ready_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
}

impl From<Export> for ExportView {
    fn from(export: Export) -> Self {
        let Export { id, format, state, entries, created_at, ready_at, expires_at, .. } = export;
        Self { id, format, state, entries, created_at, ready_at, expires_at }
    }
}

impl Audit {
    /// Asks for an export.
    ///
    /// # Errors
    /// 403 without `audit.export`.
    pub(crate) async fn request_export(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        body: &ExportBody,
    ) -> Result<ExportView, Error> {
        ctx.require(Permission::AUDIT_EXPORT, &Resource::organization(ctx.organization_id()))?;
        let requested_by = ctx.actor().id.ok_or_else(Error::not_found)?;
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
        let entries = Arc::new(AtomicI64::new(0));
        let lines = self.lines(run.organization_id, filter, export.format == "csv", entries.clone());
        let stored = self.0.files.put_stream(blob, lines).await.map_err(Error::internal)?;
        let (size, entries) = (i64::try_from(stored.size).unwrap_or(i64::MAX), entries.load(Ordering::Relaxed));
        let mut tx = self.0.db.tenant(run.organization_id).await?;
        let (blob_key, expires_at) = (stored.key.to_string(), now + LIFE);
        store::make_ready(&mut tx, &Made { id, blob_key: &blob_key, size, entries, now, expires_at }).await?;
        tx.commit().await?;
        Ok(JobOutcome::Done)
    }

    /// The file's text, a few thousand entries at a time, from the first on, so that it can be checked line by line.
    fn lines(
        &self,
        organization: OrganizationId,
        filter: Filter,
        csv: bool,
        entries: Arc<AtomicI64>,
    ) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static {
        let head = futures_util::stream::iter(csv.then(|| Ok(Bytes::from_static(CSV_HEAD.as_bytes()))));
        let audit = self.clone();
        let rest = futures_util::stream::try_unfold((audit, 0), move |(audit, after)| {
            let (filter, entries) = (filter.clone(), entries.clone());
            async move {
                let mut tx = audit.0.db.tenant(organization).await?;
                let links = store::links_after(&mut tx, after, CHUNK).await?;
                tx.commit().await?;
                let Some(last) = links.last().map(|link| link.seq) else { return Ok(None) };
                let mut text = String::new();
                for link in links.iter().filter(|link| filter.takes(link)) {
                    entries.fetch_add(1, Ordering::Relaxed);
                    if csv {
                        csv_line(&mut text, link);
                    } else {
                        text.push_str(&serde_json::to_string(&ExportLine::from(link)).map_err(Error::internal)?);
                        text.push('\n');
                    }
                }
                Ok(Some((Bytes::from(text), (audit, last))))
            }
        });
        futures_util::StreamExt::chain(head, rest)
    }
}

/// One line of a `jsonl` export: an entry with all that its hash covers, and no personal values.
#[derive(Debug, Serialize, Deserialize)]
pub struct ExportLine {
    organization_id: Uuid,
    seq: i64,
    id: Uuid,
    event_id: Uuid,
    at: DateTime<Utc>,
    action: String,
    category: String,
    actor_kind: String,
    actor_id: Option<Uuid>,
    impersonator_id: Option<Uuid>,
    resource_type: String,
    resource_id: Uuid,
    result: String,
    request_id: String,
    details: Box<RawValue>,
    commitments: Box<RawValue>,
    prev_hash: String,
    hash: String,
}

impl From<&Link> for ExportLine {
    fn from(link: &Link) -> Self {
        let raw = |text: &String| RawValue::from_string(text.clone()).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self {
            organization_id: link.organization_id,
            seq: link.seq,
            id: link.id,
            event_id: link.event_id,
            at: link.at,
            action: link.action.clone(),
            category: link.category.clone(),
            actor_kind: link.actor_kind.clone(),
            actor_id: link.actor_id,
            impersonator_id: link.impersonator_id,
            resource_type: link.resource_type.clone(),
            resource_id: link.resource_id,
            result: link.result.clone(),
            request_id: link.request_id.clone(),
            details: raw(&link.details),
            commitments: raw(&link.commitments),
            prev_hash: hex::encode(&link.prev_hash),
            hash: hex::encode(&link.hash),
        }
    }
}

impl ExportLine {
    fn into_link(self) -> Link {
        Link {
            organization_id: self.organization_id,
            seq: self.seq,
            id: self.id,
            event_id: self.event_id,
            at: self.at,
            action: self.action,
            category: self.category,
            actor_kind: self.actor_kind,
            actor_id: self.actor_id,
            impersonator_id: self.impersonator_id,
            resource_type: self.resource_type,
            resource_id: self.resource_id,
            result: self.result,
            request_id: self.request_id,
            details: self.details.get().to_owned(),
            commitments: self.commitments.get().to_owned(),
            prev_hash: hex::decode(self.prev_hash).unwrap_or_default(),
            hash: hex::decode(self.hash).unwrap_or_default(),
        }
    }
}

/// Checks a whole `jsonl` export line by line, without a database.
///
/// # Errors
/// When a line cannot be read.
pub fn check_export(lines: impl BufRead) -> std::io::Result<Verdict> {
    let mut checker: Option<Checker> = None;
    let mut first_seq = 0;
    for line in lines.lines() {
        let line: ExportLine = serde_json::from_str(&line?).map_err(std::io::Error::other)?;
        let link = line.into_link();
        let checker = checker.get_or_insert_with(|| {
            first_seq = link.seq;
            Checker::from_the_middle(link.seq - 1)
        });
        if let Err(broken) = checker.take(&link) {
            return Ok(verdict(checker, first_seq, Some(&broken)));
        }
    }
    let checker = checker.unwrap_or_else(|| Checker::from_the_middle(0));
    Ok(verdict(&checker, first_seq, None))
}

fn verdict(checker: &Checker, first_seq: i64, broken: Option<&Broken>) -> Verdict {
    Verdict::of(checker, first_seq, broken)
}

const CSV_HEAD: &str =
    "seq,at,action,category,actor_kind,actor_id,impersonator_id,resource_type,resource_id,result,request_id,details\n";

fn csv_line(text: &mut String, link: &Link) {
    let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let cells = [
        link.seq.to_string(),
        link.at.to_rfc3339(),
        link.action.clone(),
        link.category.clone(),
        link.actor_kind.clone(),
        id(link.actor_id),
        id(link.impersonator_id),
        link.resource_type.clone(),
        link.resource_id.to_string(),
        link.result.clone(),
        link.request_id.clone(),
        link.details.clone(),
    ];
    for (place, cell) in cells.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        // RFC 4180; a cell that a spreadsheet would take for a formula is made text.
        let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
        text.push('"');
        if formula {
            text.push('\'');
        }
        text.push_str(&cell.replace('"', "\"\""));
        text.push('"');
    }
    text.push('\n');
}
