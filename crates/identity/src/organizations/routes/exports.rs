//! `/organization/export` and `/organization/exports`.

use crate::handle::Identity;
use crate::organizations::export::{ExportView, list_exports, open_export, request_export};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use files::disposition::serving_headers;
use http::header::CONTENT_LENGTH;
use http::{HeaderName, HeaderValue, StatusCode};
use http_kit::{Caller, Json, Path, Refusal};
use serde::Serialize;
use uuid::Uuid;

/// Archives of the organization.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Exports {
    data: Vec<ExportView>,
}

/// Asks for an archive of everything that the organization has.
///
/// Made by a job; its admins get a letter when it is ready. While one is being made, that one is the answer. Needs
/// `organization.close` or `privacy.manage`, and a recent proof of identity.
#[utoipa::path(
    post, path = "/organization/export", operation_id = "exportOrganization", tag = "identity",
    responses(
        (status = 202, description = "It is being made", body = ExportView),
        (status = 409, description = "`LIMIT_REACHED`"),
    ),
    extensions(("x-permission" = json!("organization.close"))),
)]
pub async fn request(State(identity): State<Identity>, caller: Caller) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    let export = request_export(&caller.ctx, &mut tx).await?;
    caller.commit(tx, StatusCode::ACCEPTED, &export).await
}

/// The archives that were asked for, the newest first.
#[utoipa::path(
    get, path = "/organization/exports", operation_id = "listOrganizationExports", tag = "identity",
    responses((status = 200, description = "Up to 100", body = Exports)),
    extensions(("x-permission" = json!("organization.close"))),
)]
pub async fn list(State(identity): State<Identity>, caller: Caller) -> Result<Response, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let data = list_exports(&caller.ctx, &mut tx).await?;
    tx.commit().await?;
    Ok(Json(Exports { data }).into_response())
}

/// The bytes of an archive: `tar.gz` with a `.jsonl` file a table, and the files.
///
/// Needs a recent proof of identity.
#[utoipa::path(
    get, path = "/organization/exports/{export_id}/content", operation_id = "getOrganizationExport",
    tag = "identity",
    params(("export_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The archive", content_type = "application/gzip"),
        (status = 409, description = "`EXPORT_NOT_READY`"),
        (status = 410, description = "`EXPORT_EXPIRED`"),
    ),
    extensions(("x-permission" = json!("organization.close"))),
)]
pub async fn content(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Response, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let open = open_export(&identity, &caller.ctx, &mut tx, id).await?;
    tx.commit().await?;
    let size = open.size;
    let mut answer = Response::new(Body::from_stream(open.into_stream()));
    let headers = answer.headers_mut();
    for (name, value) in serving_headers("application/gzip", "export.tar.gz") {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers.insert(CONTENT_LENGTH, HeaderValue::from(size));
    Ok(answer)
}
