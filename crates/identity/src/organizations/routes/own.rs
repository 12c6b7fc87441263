//! `/organizations` and `/organization`: those of the caller.

use crate::handle::Identity;
use crate::organizations::close::{Moved, close_organization, reopen_organization};
use crate::organizations::letters::{Notice, to_admins};
use crate::organizations::{
    OrganizationChange, OrganizationDetails, OwnOrganization, change_organization, find_organization, own_organizations,
};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use http_kit::{Caller, IfMatch, Json, OwingSecondFactor, Refusal, etag};
use serde::{Deserialize, Serialize};
use store::TenantTx;

/// Organizations of one person.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct OwnOrganizations {
    data: Vec<OwnOrganization>,
}

/// One's own organizations.
///
/// Every one that the caller is a member of, invited or suspended there included.
#[utoipa::path(
    get, path = "/organizations", operation_id = "listOwnOrganizations", tag = "identity",
    responses((status = 200, description = "Those of the caller", body = OwnOrganizations)),
    extensions(("x-permission" = json!("own")), ("x-owing" = json!(["second_factor"]))),
)]
pub async fn list(State(identity): State<Identity>, caller: OwingSecondFactor) -> Result<Response, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let data = own_organizations(&caller.ctx, &mut tx).await?;
    tx.commit().await?;
    Ok(Json(OwnOrganizations { data }).into_response())
}

/// The caller's organization.
#[utoipa::path(
    get, path = "/organization", operation_id = "getOrganization", tag = "identity",
    responses((status = 200, description = "The organization; its version is the ETag", body = OrganizationDetails)),
    extensions(("x-permission" = json!("organization.view"))),
)]
pub async fn find(State(identity): State<Identity>, caller: Caller) -> Result<Response, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let organization = find_organization(&caller.ctx, &mut tx).await?;
    tx.commit().await?;
    let tag = [(header::ETAG, etag(organization.version))];
    Ok((tag, Json(organization)).into_response())
}

/// Changes the caller's organization.
///
/// Absent fields stay, `null` clears. A new slug leaves the old one as a redirect for 90 days. Needs `If-Match`.
#[utoipa::path(
    patch, path = "/organization", operation_id = "changeOrganization", tag = "identity",
    request_body = OrganizationChange,
    params(("If-Match" = String, Header, description = "The ETag that was read", example = "\"v1\"")),
    responses(
        (status = 200, description = "As it is now", body = OrganizationDetails),
        (status = 409, description = "`SLUG_TAKEN`"),
        (status = 412, description = "It was changed in the meantime"),
        (status = 428, description = "Without If-Match"),
    ),
    extensions(("x-permission" = json!("organization.manage"))),
)]
pub async fn change(
    State(identity): State<Identity>,
    caller: Caller,
    if_match: IfMatch,
    Json(body): Json<OrganizationChange>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    let expected = Some(if_match.required()?);
    let organization = change_organization(&caller.ctx, &mut tx, body, expected).await?;
    let tag = [(header::ETAG, etag(organization.version))];
    let response = caller.commit_with(tx, StatusCode::OK, tag, &organization).await?;
    identity.rights_changed();
    Ok(response)
}

/// Why it is closed.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "A clínica encerrou as atividades." }))]
pub struct CloseBody {
    reason: Option<String>,
}

/// Closes the caller's organization.
///
/// Everybody but its admins is signed out, nothing is sent any more, what comes in is kept. After 30 days it is erased.
/// A final export is made. Needs a recent proof of identity.
#[utoipa::path(
    post, path = "/organization/close", operation_id = "closeOrganization", tag = "identity",
    request_body = CloseBody,
    responses(
        (status = 200, description = "It is closing", body = OrganizationDetails),
        (status = 409, description = "`INVALID_TRANSITION`"),
    ),
    extensions(("x-permission" = json!("organization.close"))),
)]
pub async fn close(
    State(identity): State<Identity>,
    caller: Caller,
    Json(body): Json<CloseBody>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    let moved = close_organization(&caller.ctx, &mut tx, body.reason.as_deref()).await?;
    if let Some(at) = moved.organization.closing_at {
        to_admins(&identity, &caller.ctx, &mut tx, Notice::Closing(at)).await?;
    }
    finish(&identity, &caller, tx, moved).await
}

/// Cancels the closing of the caller's organization.
///
/// Possible until it is erased. Needs a recent proof of identity.
#[utoipa::path(
    post, path = "/organization/reopen", operation_id = "reopenOrganization", tag = "identity",
    responses(
        (status = 200, description = "It is active again", body = OrganizationDetails),
        (status = 409, description = "`INVALID_TRANSITION`"),
    ),
    extensions(("x-permission" = json!("organization.close"))),
)]
pub async fn reopen(State(identity): State<Identity>, caller: Caller) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    let moved = reopen_organization(&caller.ctx, &mut tx).await?;
    to_admins(&identity, &caller.ctx, &mut tx, Notice::Reopened).await?;
    finish(&identity, &caller, tx, moved).await
}

async fn finish(identity: &Identity, caller: &Caller, tx: TenantTx, moved: Moved) -> Result<Response, Refusal> {
    let tag = [(header::ETAG, etag(moved.organization.version))];
    let response = caller.commit_with(tx, StatusCode::OK, tag, &moved.organization).await?;
    identity.sessions_ended(&moved.ended);
    identity.rights_changed();
    Ok(response)
}
