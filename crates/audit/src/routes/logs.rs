//! `/audit/logs`, `/audit/head`, `/audit/verifications`.

use crate::entry::EntryView;
use crate::handle::Audit;
use crate::head::SignedHead;
use crate::store::Filter;
use crate::verify::{Span, Verdict};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http_kit::{Caller, Json, Paging, Path, Query, Refusal, page_response};
use kernel::audited::Category;
use kernel::{Page, Permission, Resource};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Filters; what is left out does not filter.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LogsQuery {
    /// Actions, separated by commas.
    action: Option<String>,
    category: Option<Category>,
    actor_id: Option<Uuid>,
    resource_type: Option<String>,
    resource_id: Option<Uuid>,
    result: Option<EntryResult>,
    /// The whole address.
    ip: Option<String>,
    request_id: Option<String>,
    /// At or after this instant.
    from: Option<DateTime<Utc>>,
    /// Before this instant.
    to: Option<DateTime<Utc>>,
    #[serde(flatten)]
    #[param(inline)]
    paging: Paging,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AuditResult)]
pub enum EntryResult {
    Success,
    Denied,
    Failed,
}

impl LogsQuery {
    fn filter(&self, audit: &Audit) -> Filter {
        Filter {
            actions: self.action.as_ref().map(|list| list.split(',').map(|one| one.trim().to_owned()).collect()),
            category: self.category.map(|category| category.as_str().to_owned()),
            actor_id: self.actor_id,
            resource_type: self.resource_type.clone(),
            resource_id: self.resource_id,
            result: self.result.map(|result| {
                match result {
                    EntryResult::Success => "success",
                    EntryResult::Denied => "denied",
                    EntryResult::Failed => "failed",
                }
                .to_owned()
            }),
            request_id: self.request_id.clone(),
            ip_lookup: self.ip.as_ref().map(|ip| audit.lookup("ip", ip.trim()).to_vec()),
            from: self.from,
            to: self.to,
        }
    }
}

/// The security audit, newest first.
#[utoipa::path(
    get, path = "/audit/logs", operation_id = "listAuditLogs", tag = "audit",
    params(LogsQuery),
    responses((status = 200, description = "A page of entries", body = Page<EntryView>)),
    extensions(("x-permission" = json!("audit.view"))),
)]
pub async fn list(
    State(audit): State<Audit>,
    caller: Caller,
    Query(query): Query<LogsQuery>,
) -> Result<Response, Refusal> {
    let mut tx = audit.0.db.tenant(caller.ctx.organization_id()).await?;
    let page = audit.entries(&caller.ctx, &mut tx, &query.filter(&audit), &query.paging.request()).await?;
    tx.commit().await?;
    page_response(&caller.info, &page)
}

/// One entry.
#[utoipa::path(
    get, path = "/audit/logs/{audit_entry_id}", operation_id = "getAuditLog", tag = "audit",
    params(("audit_entry_id" = Uuid, Path)),
    responses((status = 200, description = "The entry", body = EntryView)),
    extensions(("x-permission" = json!("audit.view"))),
)]
pub async fn find(State(audit): State<Audit>, caller: Caller, Path(id): Path<Uuid>) -> Result<Response, Refusal> {
    let mut tx = audit.0.db.tenant(caller.ctx.organization_id()).await?;
    let entry = audit.entry(&caller.ctx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(entry).into_response())
}

/// Where the chain ends now, signed. Keep it elsewhere: a tail that was cut off shows only against it.
#[utoipa::path(
    get, path = "/audit/head", operation_id = "getAuditHead", tag = "audit",
    responses((status = 200, description = "The signed head", body = SignedHead)),
    extensions(("x-permission" = json!("audit.view"))),
)]
pub async fn head(State(audit): State<Audit>, caller: Caller) -> Result<Response, Refusal> {
    caller.ctx.require(Permission::AUDIT_VIEW, &Resource::organization(caller.ctx.organization_id()))?;
    Ok(Json(audit.head(caller.ctx.organization_id()).await?).into_response())
}

/// Checks the chain and tells the first bad or missing entry.
#[utoipa::path(
    post, path = "/audit/verifications", operation_id = "verifyAudit", tag = "audit",
    request_body(content = Span, example = json!({"from": 1})),
    responses((status = 200, description = "What came of it", body = Verdict)),
    extensions(("x-permission" = json!("audit.view"))),
)]
pub async fn verify(State(audit): State<Audit>, caller: Caller, Json(span): Json<Span>) -> Result<Response, Refusal> {
    Ok(Json(audit.verification(&caller.ctx, &span).await?).into_response())
}
