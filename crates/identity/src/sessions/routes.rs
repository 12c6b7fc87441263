//! `/me/sessions` and `/users/{user_id}/sessions`.

use super::list::SessionItem;
use crate::handle::Identity;
use crate::routes::Whole;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http_kit::{Caller, Json, Path, Refusal};
use kernel::ids::{SessionId, UserId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router(identity: Identity) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list_own, end_others))
        .routes(routes!(end_one))
        .routes(routes!(list_of_user, end_of_user))
        .with_state(identity)
}

/// One's own living sessions in this organization.
#[utoipa::path(
    get, path = "/me/sessions", operation_id = "listOwnSessions", tag = "identity",
    responses((status = 200, description = "The sessions", body = Whole<SessionItem>)),
    extensions(("x-permission" = json!("own"))),
)]
async fn list_own(State(identity): State<Identity>, caller: Caller) -> Result<Response, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let data = identity.own_sessions(&caller.ctx, &mut tx).await?;
    tx.commit().await?;
    Ok(Json(Whole { data }).into_response())
}

/// End all of one's own sessions in this organization but this one.
#[utoipa::path(
    delete, path = "/me/sessions", operation_id = "endOtherSessions", tag = "identity",
    responses((status = 204, description = "They have ended")),
    extensions(("x-permission" = json!("own"))),
)]
async fn end_others(State(identity): State<Identity>, caller: Caller) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    let ended = identity.end_other_sessions(&caller.ctx, &mut tx).await?;
    let answer = caller.commit(tx, StatusCode::NO_CONTENT, &()).await?;
    identity.sessions_ended(&ended);
    Ok(answer)
}

/// End one of one's own sessions.
#[utoipa::path(
    delete, path = "/me/sessions/{session_id}", operation_id = "endOwnSession", tag = "identity",
    params(("session_id" = SessionId, Path, description = "Id of the session")),
    responses((status = 204, description = "It has ended")),
    extensions(("x-permission" = json!("own"))),
)]
async fn end_one(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<SessionId>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    identity.end_own_session(&caller.ctx, &mut tx, id).await?;
    let answer = caller.commit(tx, StatusCode::NO_CONTENT, &()).await?;
    identity.sessions_ended(&[id]);
    Ok(answer)
}

/// The living sessions of a member in this organization.
#[utoipa::path(
    get, path = "/users/{user_id}/sessions", operation_id = "listUserSessions", tag = "identity",
    params(("user_id" = UserId, Path, description = "Id of the login")),
    responses((status = 200, description = "The sessions", body = Whole<SessionItem>)),
    extensions(("x-permission" = json!("users.manage"))),
)]
async fn list_of_user(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<UserId>,
) -> Result<Response, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let data = identity.sessions_of(&caller.ctx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(Whole { data }).into_response())
}

/// End all sessions of a member in this organization.
#[utoipa::path(
    delete, path = "/users/{user_id}/sessions", operation_id = "endUserSessions", tag = "identity",
    params(("user_id" = UserId, Path, description = "Id of the login")),
    responses((status = 204, description = "They have ended")),
    extensions(("x-permission" = json!("users.manage"))),
)]
async fn end_of_user(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<UserId>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    let ended = identity.end_sessions_of(&caller.ctx, &mut tx, id).await?;
    let answer = caller.commit(tx, StatusCode::NO_CONTENT, &()).await?;
    identity.sessions_ended(&ended);
    Ok(answer)
}
