//! `/audit/exports`.

use crate::export::{ExportBody, ExportView};
use crate::handle::Audit;
use crate::verify::fact;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http_kit::{Caller, Json, Path, Refusal};
use uuid::Uuid;

/// Asks for an export; a job makes it.
#[utoipa::path(
    post, path = "/audit/exports", operation_id = "exportAudit", tag = "audit",
    request_body(content = ExportBody, example = json!({"format": "jsonl", "from": "2026-11-01T00:00:00Z"})),
    responses((status = 202, description = "It is being made", body = ExportView)),
    extensions(("x-permission" = json!("audit.export"))),
)]
pub async fn create(
    State(audit): State<Audit>,
    caller: Caller,
    Json(body): Json<ExportBody>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&audit.0.db).await?;
    let export = audit.request_export(&caller.ctx, &mut tx, &body).await?;
    caller.commit(tx, StatusCode::ACCEPTED, &export).await
}

/// An export of one's own.
#[utoipa::path(
    get, path = "/audit/exports/{audit_export_id}", operation_id = "getAuditExport", tag = "audit",
    params(("audit_export_id" = Uuid, Path)),
    responses((status = 200, description = "How far it is", body = ExportView)),
    extensions(("x-permission" = json!("audit.export"))),
)]
pub async fn find(State(audit): State<Audit>, caller: Caller, Path(id): Path<Uuid>) -> Result<Response, Refusal> {
    let mut tx = audit.0.db.tenant(caller.ctx.organization_id()).await?;
    let export = audit.own_export(&caller.ctx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(ExportView::from(export)).into_response())
}

/// The file, for 24 hours and for the one who asked for it.
#[utoipa::path(
    get, path = "/audit/exports/{audit_export_id}/file", operation_id = "getAuditExportFile", tag = "audit",
    params(("audit_export_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The file, as an attachment", content_type = "application/octet-stream"),
        (status = 409, description = "It is still being made"),
        (status = 410, description = "Its time is over"),
    ),
    extensions(("x-permission" = json!("audit.export"))),
)]
pub async fn file(State(audit): State<Audit>, caller: Caller, Path(id): Path<Uuid>) -> Result<Response, Refusal> {
    let mut tx = audit.0.db.tenant(caller.ctx.organization_id()).await?;
    let export = audit.own_export(&caller.ctx, &mut tx, id).await?;
    let bytes = audit.export_file(&caller.ctx, &export).await?;
    tx.append(&caller.ctx, fact(&caller.ctx, "audit.export_downloaded", serde_json::json!({ "export_id": id })));
    tx.commit().await?;
    let (mime, name) =
        if export.format == "csv" { ("text/csv", "audit.csv") } else { ("application/x-ndjson", "audit.jsonl") };
    Ok((files::disposition::serving_headers(mime, name), bytes).into_response())
}
