//! `/platform/organizations`.

use crate::handle::Identity;
use crate::organizations::staff::StaffFilter;
use crate::organizations::{OrganizationPatch, StaffOrganization, change_by_staff, list_for_staff};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use http_kit::{Caller, IfMatch, Json, Paging, Path, Query, Refusal, etag, page_response};
use kernel::ids::OrganizationId;
use kernel::{Error, ErrorKind, Page};
use serde::Deserialize;

/// Filters of the list; what is left out does not filter.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StaffQuery {
    /// provisioning, active, suspended, closing or erased.
    status: Option<String>,
    /// Part of slug or name.
    q: Option<String>,
    #[serde(flatten)]
    #[param(inline)]
    paging: Paging,
}

/// All organizations of the installation, by slug. For the platform's staff.
#[utoipa::path(
    get, path = "/platform/organizations", operation_id = "listPlatformOrganizations", tag = "identity",
    params(StaffQuery),
    responses((status = 200, description = "A page", body = Page<StaffOrganization>)),
    extensions(("x-permission" = json!("platform.support"))),
)]
pub async fn list(
    State(identity): State<Identity>,
    caller: Caller,
    Query(query): Query<StaffQuery>,
) -> Result<Response, Refusal> {
    const STATES: [&str; 5] = ["provisioning", "active", "suspended", "closing", "erased"];
    if query.status.as_deref().is_some_and(|status| !STATES.contains(&status)) {
        return Err(
            Error::new(ErrorKind::BadRequest, "INVALID_PARAMETER", "`status` is no state of an organization.").into()
        );
    }
    if query.q.as_deref().is_some_and(|q| q.len() > 200) {
        return Err(Error::new(ErrorKind::BadRequest, "INVALID_PARAMETER", "`q` is too long.").into());
    }
    let filter = StaffFilter { status: query.status, q: query.q };
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let page = list_for_staff(&caller.ctx, &mut tx, &identity.0.cursors, filter, &query.paging.request()).await?;
    tx.commit().await?;
    page_response(&caller.info, &page)
}

/// Changes state, plan, seats, limits and features of any organization. For the platform's staff.
#[utoipa::path(
    patch, path = "/platform/organizations/{organization_id}", operation_id = "changePlatformOrganization",
    tag = "identity",
    params(("organization_id" = OrganizationId, Path)),
    request_body = OrganizationPatch,
    responses(
        (status = 200, description = "As it is now", body = StaffOrganization),
        (status = 409, description = "`INVALID_TRANSITION`, `LIMIT_REACHED`"),
        (status = 412, description = "It was changed in the meantime"),
    ),
    extensions(("x-permission" = json!("platform.organizations"))),
)]
pub async fn change(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<OrganizationId>,
    if_match: IfMatch,
    Json(body): Json<OrganizationPatch>,
) -> Result<Response, Refusal> {
    let organization = change_by_staff(&identity, &caller.ctx, id, body, if_match.0).await?;
    let tag = [(header::ETAG, etag(organization.version))];
    Ok((tag, Json(organization)).into_response())
}
