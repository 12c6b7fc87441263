//! `/users/{user_id}/impersonate`, `/impersonation`, `/support-sessions`, `/platform/support-sessions`.

use super::support::{Asked, SupportRequest, decide, list};
use super::{Acting, ImpersonationView, Mode};
use crate::handle::Identity;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use http_kit::{Caller, Json, Path, Refusal};
use kernel::ids::UserId;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

/// Routes relative to `/api`.
pub fn router(identity: Identity) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(impersonate))
        .routes(routes!(leave))
        .routes(routes!(ask))
        .routes(routes!(start))
        .routes(routes!(support_sessions))
        .routes(routes!(end))
        .routes(routes!(approve))
        .routes(routes!(reject))
        .with_state(identity)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "Ver por que a fila aparece vazia", "minutes": 15 }))]
pub struct ImpersonateBody {
    /// 10 to 500 characters; the member reads it.
    reason: String,
    /// 1 to 30; 30 unless said.
    minutes: Option<i16>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "organization": "clinica-bem-estar", "reason": "Conversas paradas desde a manhã", "mode": "read" }))]
pub struct SupportBody {
    /// Slug or id.
    organization: String,
    /// 10 to 500 characters; the admins read it.
    reason: String,
    mode: Mode,
    /// 1 to 60; 30 unless said.
    minutes: Option<i16>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct SupportList {
    data: Vec<ImpersonationView>,
}

/// See the product as another member does, read only. The member is told, and may end it.
#[utoipa::path(
    post, path = "/users/{user_id}/impersonate", operation_id = "impersonateUser", tag = "identity",
    params(("user_id" = UserId, Path)),
    request_body = ImpersonateBody,
    responses((status = 201, description = "Started", body = Acting)),
    extensions(("x-permission" = json!("users.impersonate"))),
)]
pub async fn impersonate(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<UserId>,
    Json(body): Json<ImpersonateBody>,
) -> Result<Response, Refusal> {
    let acting = identity.impersonate(&caller.ctx, id, &body.reason, body.minutes).await?;
    Ok(with_token(acting))
}

/// Stop acting in somebody's name.
#[utoipa::path(
    delete, path = "/impersonation", operation_id = "endImpersonation", tag = "identity",
    responses((status = 204, description = "Ended")),
    extensions(("x-permission" = json!("own"))),
)]
pub async fn leave(State(identity): State<Identity>, caller: Caller) -> Result<StatusCode, Refusal> {
    identity.end_own(&caller.ctx).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask to be let into an organization as support.
///
/// 201 with a token where the organization lets support in by itself, 202 where an admin has to approve.
#[utoipa::path(
    post, path = "/platform/support-sessions", operation_id = "requestSupportSession", tag = "identity",
    request_body = SupportBody,
    responses(
        (status = 201, description = "Started", body = Acting),
        (status = 202, description = "An admin has to approve", body = ImpersonationView),
    ),
    extensions(("x-permission" = json!("platform.support"))),
)]
pub async fn ask(
    State(identity): State<Identity>,
    caller: Caller,
    Json(body): Json<SupportBody>,
) -> Result<Response, Refusal> {
    let request =
        SupportRequest { organization: body.organization, reason: body.reason, mode: body.mode, minutes: body.minutes };
    Ok(match identity.ask_for_support(&caller.ctx, request).await? {
        Asked::Started(acting) => with_token(acting),
        Asked::Waits(view) => (StatusCode::ACCEPTED, Json(view)).into_response(),
    })
}

/// Come in after the approval.
#[utoipa::path(
    post, path = "/platform/support-sessions/{support_session_id}/start", operation_id = "startSupportSession", tag = "identity",
    params(("support_session_id" = Uuid, Path)),
    responses((status = 201, description = "Started", body = Acting)),
    extensions(("x-permission" = json!("platform.support"))),
)]
pub async fn start(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Response, Refusal> {
    Ok(with_token(identity.start_support(&caller.ctx, id).await?))
}

/// Requests and sessions of the support in this organization, newest first.
#[utoipa::path(
    get, path = "/support-sessions", operation_id = "listSupportSessions", tag = "identity",
    responses((status = 200, description = "The latest 200", body = SupportList)),
    extensions(("x-permission" = json!("organization.manage"))),
)]
pub async fn support_sessions(State(identity): State<Identity>, caller: Caller) -> Result<Json<SupportList>, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let data = list(&caller.ctx, &mut tx).await?;
    tx.commit().await?;
    Ok(Json(SupportList { data }))
}

/// End a support session, or withdraw a request, at once.
#[utoipa::path(
    delete, path = "/support-sessions/{support_session_id}", operation_id = "endSupportSession", tag = "identity",
    params(("support_session_id" = Uuid, Path)),
    responses((status = 204, description = "Ended")),
    extensions(("x-permission" = json!("organization.manage"))),
)]
pub async fn end(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Refusal> {
    identity.end_support(&caller.ctx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Let the support in. It acts in the name of who approves.
#[utoipa::path(
    post, path = "/support-sessions/{support_session_id}/approve", operation_id = "approveSupportSession", tag = "identity",
    params(("support_session_id" = Uuid, Path)),
    responses((status = 200, description = "Approved", body = ImpersonationView)),
    extensions(("x-permission" = json!("organization.manage"))),
)]
pub async fn approve(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Response, Refusal> {
    answer(&identity, &caller, id, true).await
}

/// Do not let the support in.
#[utoipa::path(
    post, path = "/support-sessions/{support_session_id}/reject", operation_id = "rejectSupportSession", tag = "identity",
    params(("support_session_id" = Uuid, Path)),
    responses((status = 200, description = "Rejected", body = ImpersonationView)),
    extensions(("x-permission" = json!("organization.manage"))),
)]
pub async fn reject(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Response, Refusal> {
    answer(&identity, &caller, id, false).await
}

async fn answer(identity: &Identity, caller: &Caller, id: Uuid, approve: bool) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    let view = decide(&caller.ctx, &mut tx, id, approve).await?;
    caller.commit(tx, StatusCode::OK, &view).await
}

/// Answers with tokens are kept by nobody on the way.
fn with_token(acting: Acting) -> Response {
    (StatusCode::CREATED, [(CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(acting)).into_response()
}
