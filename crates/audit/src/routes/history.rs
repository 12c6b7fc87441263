//! `/history`.

use crate::handle::Audit;
use crate::history::HistoryEntry;
use axum::extract::State;
use axum::response::Response;
use http_kit::{Caller, Paging, Query, Refusal, page_response};
use kernel::Page;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

/// Which record.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// conversation, user, role, organization, ...
    #[param(example = "conversation")]
    resource_type: String,
    resource_id: Uuid,
    #[serde(flatten)]
    #[param(inline)]
    paging: Paging,
}

/// What changed in a record, newest first. Whoever may view the record may see its history.
#[utoipa::path(
    get, path = "/history", operation_id = "getHistory", tag = "audit",
    params(HistoryQuery),
    responses((status = 200, description = "A page of changes", body = Page<HistoryEntry>)),
    extensions(("x-permission" = json!("own"))),
)]
pub async fn list(
    State(audit): State<Audit>,
    caller: Caller,
    Query(query): Query<HistoryQuery>,
) -> Result<Response, Refusal> {
    let page = audit.history(&caller.ctx, &query.resource_type, query.resource_id, &query.paging.request()).await?;
    page_response(&caller.info, &page)
}
