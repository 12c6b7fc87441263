//! Oneself.

use super::{changed, one, removed};
use crate::handle::Identity;
use crate::routes::auth::{LoginAnswer, client, entered_response};
use crate::sign_in::{Transport, check_origin};
use crate::users::change::UserChange;
use crate::users::own::{OwnView, Preferences, own_preferences, set_preferences as set, show_own};
use crate::users::read::UserView;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use http_kit::{Caller, IfMatch, Json, OwingAnything, OwingSecondFactor, Refusal, RequestInfo};
use kernel::Error;
use kernel::ids::UserId;
use serde::Deserialize;

fn me_of(caller: &Caller) -> Result<UserId, Error> {
    caller.ctx.subject.user_id().ok_or_else(Error::not_found)
}

/// Oneself, as others in the organization are.
#[utoipa::path(
    get, path = "/users/me", operation_id = "getMe", tag = "identity",
    responses((status = 200, description = "The caller as a member of the organization", body = UserView)),
    extensions(("x-permission" = json!("own")), ("x-owing" = json!(["password", "second_factor"]))),
)]
pub async fn find(State(identity): State<Identity>, caller: OwingAnything) -> Result<Response, Refusal> {
    one(&identity, &caller, me_of(&caller)?).await
}

/// Change oneself; the same as PATCH.
#[utoipa::path(
    put, path = "/users/me", operation_id = "putMe", tag = "identity",
    request_body = UserChange,
    responses((status = 200, description = "Oneself", body = UserView)),
    extensions(("x-permission" = json!("own"))),
)]
pub async fn put(
    State(identity): State<Identity>,
    caller: Caller,
    if_match: IfMatch,
    Json(change): Json<UserChange>,
) -> Result<Response, Refusal> {
    changed(&identity, &caller, me_of(&caller)?, &change, if_match).await
}

/// Change oneself: absent fields stay, `null` clears.
#[utoipa::path(
    patch, path = "/users/me", operation_id = "patchMe", tag = "identity",
    request_body = UserChange,
    responses((status = 200, description = "Oneself", body = UserView)),
    extensions(("x-permission" = json!("own"))),
)]
pub async fn patch(
    State(identity): State<Identity>,
    caller: Caller,
    if_match: IfMatch,
    Json(change): Json<UserChange>,
) -> Result<Response, Refusal> {
    changed(&identity, &caller, me_of(&caller)?, &change, if_match).await
}

/// Leave the organization. Asks for a recent proof of identity.
#[utoipa::path(
    delete, path = "/users/me", operation_id = "leaveOrganization", tag = "identity",
    responses((status = 204, description = "The membership is over")),
    extensions(("x-permission" = json!("own"))),
)]
pub async fn leave(State(identity): State<Identity>, caller: Caller) -> Result<Response, Refusal> {
    removed(&identity, &caller, me_of(&caller)?).await
}

/// Oneself, with what nobody else sees: the address asked for, preferences, all memberships.
#[utoipa::path(
    get, path = "/me", operation_id = "getOwnAccount", tag = "identity",
    responses((status = 200, description = "Oneself", body = OwnView)),
    extensions(("x-permission" = json!("own")), ("x-owing" = json!(["password", "second_factor"]))),
)]
pub async fn me(State(identity): State<Identity>, caller: OwingAnything) -> Result<Response, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let own = show_own(&identity, &caller.ctx, &mut tx).await?;
    tx.commit().await?;
    Ok(Json(own).into_response())
}

/// One's preferences in this organization.
#[utoipa::path(
    get, path = "/me/preferences", operation_id = "getPreferences", tag = "identity",
    responses((status = 200, description = "The preferences", body = Preferences)),
    extensions(("x-permission" = json!("own"))),
)]
pub async fn preferences(State(identity): State<Identity>, caller: Caller) -> Result<Response, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let own = own_preferences(&caller.ctx, &mut tx).await?;
    tx.commit().await?;
    Ok(Json(own).into_response())
}

/// Put other preferences in their place, whole.
#[utoipa::path(
    put, path = "/me/preferences", operation_id = "putPreferences", tag = "identity",
    request_body = Preferences,
    responses((status = 200, description = "The preferences", body = Preferences)),
    extensions(("x-permission" = json!("own"))),
)]
pub async fn set_preferences(
    State(identity): State<Identity>,
    caller: Caller,
    Json(wanted): Json<Preferences>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    let own = set(&caller.ctx, &mut tx, &wanted).await?;
    caller.commit(tx, StatusCode::OK, &own).await
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "organization": "laboratorio-central" }))]
pub struct SwitchBody {
    /// Slug or id of one of one's organizations.
    organization: String,
    device_name: Option<String>,
    #[serde(default)]
    transport: Transport,
}

/// A session in another of one's organizations, beside this one.
#[utoipa::path(
    post, path = "/auth/switch", operation_id = "switchOrganization", tag = "identity",
    request_body = SwitchBody,
    responses((status = 200, description = "Signed in there", body = LoginAnswer)),
    extensions(("x-permission" = json!("own")), ("x-owing" = json!(["second_factor"]))),
)]
pub async fn switch(
    State(identity): State<Identity>,
    caller: OwingSecondFactor,
    headers: HeaderMap,
    Json(body): Json<SwitchBody>,
) -> Result<Response, Refusal> {
    if body.transport == Transport::Cookie {
        check_origin(identity.settings(), &headers)?;
    }
    let client = client(&caller.info);
    let entered = identity.switch(&caller.ctx, &body.organization, body.device_name.as_deref(), &client).await?;
    entered_response(&identity, entered, body.transport)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "token": "Vb3oT0mC5pLd8gHsRfEjIaK7xWq1zVnY" }))]
pub struct UndoBody {
    token: String,
}

/// Take a change of the e-mail back, with the link that the old address got. All sessions of the person end.
#[utoipa::path(
    post, path = "/auth/email-change/undo", operation_id = "undoEmailChange", tag = "identity",
    request_body = UndoBody,
    responses((status = 204, description = "The login has its old address again")),
    extensions(("x-permission" = json!("public"))),
    security(()),
)]
pub async fn undo_email_change(
    State(identity): State<Identity>,
    info: RequestInfo,
    Json(body): Json<UndoBody>,
) -> Result<StatusCode, Refusal> {
    identity.undo_email_change(&body.token, &client(&info)).await?;
    Ok(StatusCode::NO_CONTENT)
}
