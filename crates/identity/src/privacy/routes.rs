//! Copies of one's data, erasing, holds.

use super::export::{ask_export, find_export};
use super::hold::{SetHold, set_hold};
use super::request::{erase_user, find};
use crate::handle::Identity;
use crate::routes::auth::client;
use crate::store::privacy::{self as rows, ErasureRow, ExportRow};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http::{HeaderValue, StatusCode, header};
use http_kit::{Caller, Json, Paging, Path, RawBody, Refusal, page_response, parse_json};
use kernel::ids::UserId;
use kernel::{Error, ErrorKind, Page, Permission, Resource};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

/// All routes, relative to `/api`.
pub fn router(identity: Identity) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(export_own))
        .routes(routes!(export_member))
        .routes(routes!(export))
        .routes(routes!(fetch))
        .routes(routes!(erase))
        .routes(routes!(erasures))
        .routes(routes!(receipt))
        .routes(routes!(erase_own))
        .routes(routes!(cancel_own))
        .routes(routes!(hold, lift))
        .with_state(identity)
}

/// A wish for a copy of a person's data.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ExportView {
    pub id: Uuid,
    /// Whose data it is.
    pub user_id: UserId,
    /// waiting, ready or expired.
    #[schema(example = "waiting")]
    pub state: String,
    /// Bytes of the archive.
    pub size: Option<i64>,
    pub requested_at: DateTime<Utc>,
    pub ready_at: Option<DateTime<Utc>>,
    /// Until then only the one who asked can fetch it.
    pub expires_at: Option<DateTime<Utc>>,
}

impl From<ExportRow> for ExportView {
    fn from(row: ExportRow) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id,
            state: row.state,
            size: row.size,
            requested_at: row.requested_at,
            ready_at: row.ready_at,
            expires_at: row.expires_at,
        }
    }
}

/// An erasure, with its receipt once it is done.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ErasureView {
    pub id: Uuid,
    pub user_id: UserId,
    /// request, own, alone (no membership left) or restore (applied again).
    #[schema(example = "request")]
    pub cause: String,
    pub requested_by: Option<Uuid>,
    pub requested_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub done_at: Option<DateTime<Utc>>,
    pub canceled_at: Option<DateTime<Utc>>,
    /// The n of `Usuário removido #n`.
    pub number: Option<i32>,
    /// Whether the login went too.
    pub login_erased: bool,
    /// What went from which store.
    pub stores: Value,
}

impl From<ErasureRow> for ErasureView {
    fn from(row: ErasureRow) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id,
            cause: row.cause,
            requested_by: row.requested_by,
            requested_at: row.requested_at,
            due_at: row.due_at,
            done_at: row.done_at,
            canceled_at: row.canceled_at,
            number: row.number,
            login_erased: row.login_erased,
            stores: row.stores,
        }
    }
}

/// How one wants to be erased.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "immediate": false }))]
pub struct EraseOwnBody {
    /// At once, without the seven days in which it can be taken back.
    #[serde(default)]
    immediate: bool,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ErasureDue {
    /// When the account is erased.
    erase_at: DateTime<Utc>,
}

/// Ask for a copy of one's own data. Asks for a recent proof of identity; a letter says when it is ready.
#[utoipa::path(
    post, path = "/me/export", operation_id = "exportOwnData", tag = "identity",
    responses((status = 202, description = "It is being made", body = ExportView)),
    extensions(("x-permission" = json!("own"))),
)]
async fn export_own(State(identity): State<Identity>, caller: Caller) -> Result<Response, Refusal> {
    let me = caller.ctx.require_person()?;
    asked(&identity, &caller, me).await
}

/// Ask for a copy of a member's data. Only the one who asked can fetch it.
#[utoipa::path(
    post, path = "/users/{user_id}/export", operation_id = "exportUserData", tag = "identity",
    params(("user_id" = UserId, Path, description = "Id of the login")),
    responses((status = 202, description = "It is being made", body = ExportView)),
    extensions(("x-permission" = json!("privacy.manage"))),
)]
async fn export_member(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<UserId>,
) -> Result<Response, Refusal> {
    asked(&identity, &caller, id).await
}

async fn asked(identity: &Identity, caller: &Caller, user: UserId) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    let row = ask_export(&caller.ctx, &mut tx, user).await?;
    let place = HeaderValue::try_from(format!("/api/me/exports/{}", row.id)).map_err(Error::internal)?;
    let view = ExportView::from(row);
    caller.commit_with(tx, StatusCode::ACCEPTED, [(header::LOCATION, place)], &view).await
}

/// A copy that one asked for.
#[utoipa::path(
    get, path = "/me/exports/{privacy_export_id}", operation_id = "getDataExport", tag = "identity",
    params(("privacy_export_id" = Uuid, Path, description = "Id of the export")),
    responses((status = 200, description = "How far it is", body = ExportView)),
    extensions(("x-permission" = json!("own"))),
)]
async fn export(State(identity): State<Identity>, caller: Caller, Path(id): Path<Uuid>) -> Result<Response, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let row = find_export(&caller.ctx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(ExportView::from(row)).into_response())
}

/// Fetch a copy that is ready: a zip of JSON files, for 24 hours, for the one who asked alone.
#[utoipa::path(
    get, path = "/me/exports/{privacy_export_id}/archive", operation_id = "fetchDataExport", tag = "identity",
    params(("privacy_export_id" = Uuid, Path, description = "Id of the export")),
    responses((status = 200, description = "The archive", content_type = "application/zip", body = Vec<u8>)),
    extensions(("x-permission" = json!("own"))),
)]
async fn fetch(State(identity): State<Identity>, caller: Caller, Path(id): Path<Uuid>) -> Result<Response, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let bytes = identity.fetch_export(&caller.ctx, &mut tx, id).await?;
    tx.commit().await?;
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"balcao-data.zip\""));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}

/// Have a member erased, at once.
///
/// The membership ends; name, e-mail, phone, picture, signature, addresses, devices, credentials and preferences go. Ids,
/// dates, totals and what the person wrote stay, shown as `Usuário removido #n`. The login goes with its last membership.
#[utoipa::path(
    post, path = "/users/{user_id}/erase", operation_id = "eraseUser", tag = "identity",
    params(("user_id" = UserId, Path, description = "Id of the login")),
    responses((status = 202, description = "It is being done; the receipt is at `/api/erasures/{erasure_id}`", body = ErasureView)),
    extensions(("x-permission" = json!("users.erase"))),
)]
async fn erase(State(identity): State<Identity>, caller: Caller, Path(id): Path<UserId>) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    let (view, left) = erase_user(&caller.ctx, &mut tx, id).await?;
    let place = HeaderValue::try_from(format!("/api/erasures/{}", view.id)).map_err(Error::internal)?;
    let answer = caller.commit_with(tx, StatusCode::ACCEPTED, [(header::LOCATION, place)], &view).await?;
    identity.sessions_ended(&left.sessions);
    identity.rights_changed();
    Ok(answer)
}

/// Erasures of the organization, the newest first.
#[utoipa::path(
    get, path = "/erasures", operation_id = "listErasures", tag = "identity",
    params(Paging),
    responses((status = 200, description = "A page of erasures", body = Page<ErasureView>)),
    extensions(("x-permission" = json!("privacy.view"))),
)]
async fn erasures(State(identity): State<Identity>, caller: Caller, paging: Paging) -> Result<Response, Refusal> {
    let ctx = &caller.ctx;
    ctx.require(Permission::PRIVACY_VIEW, &Resource::organization(ctx.organization_id()))?;
    let (page, cursors) = (paging.request(), &identity.0.cursors);
    let before = match &page.cursor {
        Some(cursor) => {
            let value = cursors.open(ctx.organization_id(), "erasures", cursor);
            let id = value.and_then(|value| Uuid::from_slice(&value).ok());
            Some(id.ok_or_else(|| {
                Error::new(ErrorKind::BadRequest, "CURSOR_INVALID", "This cursor was not made for this list.")
            })?)
        }
        None => None,
    };
    let mut tx = identity.0.db.tenant(ctx.organization_id()).await?;
    let found = rows::erasures(&mut tx, None, before, i64::from(page.limit) + 1).await?;
    tx.commit().await?;
    let cut = Page::cut(found, page.limit, |last| cursors.seal(ctx.organization_id(), "erasures", last.id.as_bytes()));
    page_response(&caller.info, &cut.map(ErasureView::from))
}

/// One erasure with its receipt.
#[utoipa::path(
    get, path = "/erasures/{erasure_id}", operation_id = "getErasure", tag = "identity",
    params(("erasure_id" = Uuid, Path, description = "Id of the erasure")),
    responses((status = 200, description = "The erasure", body = ErasureView)),
    extensions(("x-permission" = json!("privacy.view"))),
)]
async fn receipt(State(identity): State<Identity>, caller: Caller, Path(id): Path<Uuid>) -> Result<Response, Refusal> {
    caller.ctx.require(Permission::PRIVACY_VIEW, &Resource::organization(caller.ctx.organization_id()))?;
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let view = find(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(view).into_response())
}

/// Have oneself erased, everywhere: in seven days, in which it can be taken back, or at once.
///
/// Asks for a recent proof of identity.
#[utoipa::path(
    delete, path = "/me", operation_id = "eraseOwnAccount", tag = "identity",
    request_body = Option<EraseOwnBody>,
    responses((status = 202, description = "When it will be done", body = ErasureDue)),
    extensions(("x-permission" = json!("own"))),
)]
async fn erase_own(
    State(identity): State<Identity>,
    caller: Caller,
    RawBody(body): RawBody,
) -> Result<Response, Refusal> {
    let body: EraseOwnBody = if body.is_empty() { EraseOwnBody::default() } else { parse_json(&body)? };
    let erase_at = identity.ask_own_erasure(&caller.ctx, body.immediate, &client(&caller.info)).await?;
    Ok((StatusCode::ACCEPTED, Json(ErasureDue { erase_at })).into_response())
}

/// Take one's own wish to be erased back.
#[utoipa::path(
    delete, path = "/me/erasure", operation_id = "cancelOwnErasure", tag = "identity",
    responses((status = 204, description = "The account stays")),
    extensions(("x-permission" = json!("own"))),
)]
async fn cancel_own(State(identity): State<Identity>, caller: Caller) -> Result<StatusCode, Refusal> {
    identity.cancel_own_erasure(&caller.ctx, &client(&caller.info)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keep a person's data: until the hold is lifted erasing is refused.
#[utoipa::path(
    put, path = "/users/{user_id}/hold", operation_id = "setLegalHold", tag = "identity",
    params(("user_id" = UserId, Path, description = "Id of the login")),
    request_body = SetHold,
    responses((status = 204, description = "The hold is set")),
    extensions(("x-permission" = json!("privacy.manage"))),
)]
async fn hold(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<UserId>,
    Json(body): Json<SetHold>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    set_hold(&caller.ctx, &mut tx, id, Some(&body)).await?;
    caller.commit(tx, StatusCode::NO_CONTENT, &()).await
}

/// Lift a hold.
#[utoipa::path(
    delete, path = "/users/{user_id}/hold", operation_id = "liftLegalHold", tag = "identity",
    params(("user_id" = UserId, Path, description = "Id of the login")),
    responses((status = 204, description = "The hold is lifted")),
    extensions(("x-permission" = json!("privacy.manage"))),
)]
async fn lift(State(identity): State<Identity>, caller: Caller, Path(id): Path<UserId>) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    set_hold(&caller.ctx, &mut tx, id, None).await?;
    caller.commit(tx, StatusCode::NO_CONTENT, &()).await
}
