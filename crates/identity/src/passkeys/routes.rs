//! `/me/passkeys`, `/auth/passkey`.

use super::manage::PasskeyView;
use super::register::PasskeyOptions;
use crate::handle::Identity;
use crate::routes::Whole;
use crate::routes::auth::{LoginAnswer, client, entered_response, meant_organization, with_cookie};
use crate::sign_in::{Transport, check_origin};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_kit::{Caller, Json, OwingSecondFactor, Path, Refusal, RequestInfo};
use kernel::Error;
use serde::Deserialize;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub fn router(identity: Identity) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(sign_in_options))
        .routes(routes!(sign_in))
        .routes(routes!(list, add))
        .routes(routes!(registration_options))
        .routes(routes!(rename, remove))
        .with_state(identity)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "ceremony": "Vb3oT0mC5pLd8gHsRfEjIaK7xWq1zVnY", "credential": {} }))]
pub struct PasskeySignInBody {
    ceremony: String,
    /// What `navigator.credentials.get` answered, binary members in base64url.
    #[schema(value_type = Object)]
    credential: Value,
    /// Slug or id of the organization that is meant; without it the last used one.
    organization: Option<String>,
    device_name: Option<String>,
    #[serde(default)]
    transport: Transport,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "ceremony": "Vb3oT0mC5pLd8gHsRfEjIaK7xWq1zVnY", "name": "Notebook da recepção", "credential": {} }))]
pub struct NewPasskeyBody {
    ceremony: String,
    /// 1 to 60 characters.
    name: String,
    /// What `navigator.credentials.create` answered, binary members in base64url.
    #[schema(value_type = Object)]
    credential: Value,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Celular" }))]
pub struct RenamePasskeyBody {
    name: String,
}

/// Options to sign in, to answer as a second factor or to prove again who one is with a passkey.
#[utoipa::path(
    post, path = "/auth/passkey/options", operation_id = "passkeySignInOptions", tag = "identity",
    responses((status = 200, description = "For navigator.credentials.get", body = PasskeyOptions)),
    extensions(("x-permission" = json!("public"))),
    security(()),
)]
async fn sign_in_options(State(identity): State<Identity>) -> Result<Response, Refusal> {
    let options = identity.passkey_challenge().await?;
    Ok(with_cookie(Json(options).into_response(), None))
}

/// Sign in with a passkey. It is two factors in one.
#[utoipa::path(
    post, path = "/auth/passkey", operation_id = "passkeySignIn", tag = "identity",
    request_body = PasskeySignInBody,
    responses((status = 200, description = "Signed in", body = LoginAnswer)),
    extensions(("x-permission" = json!("public"))),
    security(()),
)]
async fn sign_in(
    State(identity): State<Identity>,
    info: RequestInfo,
    headers: HeaderMap,
    Json(body): Json<PasskeySignInBody>,
) -> Result<Response, Refusal> {
    if body.transport == Transport::Cookie {
        check_origin(identity.settings(), &headers)?;
    }
    let organization = meant_organization(body.organization, &headers);
    let device = body.device_name.as_deref();
    let entered = identity
        .passkey_sign_in(&body.ceremony, body.credential, organization.as_deref(), device, &client(&info))
        .await?;
    entered_response(&identity, entered, body.transport)
}

/// One's own passkeys.
#[utoipa::path(
    get, path = "/me/passkeys", operation_id = "listPasskeys", tag = "identity",
    responses((status = 200, description = "At most ten", body = Whole<PasskeyView>)),
    extensions(("x-permission" = json!("own")), ("x-owing" = json!(["second_factor"]))),
)]
async fn list(
    State(identity): State<Identity>,
    caller: OwingSecondFactor,
) -> Result<Json<Whole<PasskeyView>>, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let passkeys = identity.passkeys(&caller.ctx, &mut tx).await?;
    tx.commit().await?;
    Ok(Json(Whole { data: passkeys }))
}

/// Options for a new passkey. Asks for a recent proof of identity.
#[utoipa::path(
    post, path = "/me/passkeys/options", operation_id = "passkeyRegistrationOptions", tag = "identity",
    responses((status = 200, description = "For navigator.credentials.create", body = PasskeyOptions)),
    extensions(("x-permission" = json!("own")), ("x-owing" = json!(["second_factor"]))),
)]
async fn registration_options(
    State(identity): State<Identity>,
    caller: OwingSecondFactor,
) -> Result<Response, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let options = identity.begin_passkey(&caller.ctx, &mut tx).await?;
    tx.commit().await?;
    Ok(with_cookie(Json(options).into_response(), None))
}

/// Add the passkey that the authenticator made. Asks for a recent proof of identity.
#[utoipa::path(
    post, path = "/me/passkeys", operation_id = "addPasskey", tag = "identity",
    request_body = NewPasskeyBody,
    responses((status = 201, description = "The passkey", body = PasskeyView)),
    extensions(("x-permission" = json!("own")), ("x-owing" = json!(["second_factor"]))),
)]
async fn add(
    State(identity): State<Identity>,
    caller: OwingSecondFactor,
    Json(body): Json<NewPasskeyBody>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    let added = identity.add_passkey(&caller.ctx, &mut tx, &body.ceremony, &body.name, body.credential).await?;
    let place = HeaderValue::try_from(format!("/api/me/passkeys/{}", added.id)).map_err(Error::internal)?;
    let answer = caller.commit_with(tx, StatusCode::CREATED, [(header::LOCATION, place)], &added).await?;
    // The session has a second factor now.
    identity.rights_changed();
    Ok(answer)
}

/// Rename a passkey.
#[utoipa::path(
    patch, path = "/me/passkeys/{passkey_id}", operation_id = "renamePasskey", tag = "identity",
    params(("passkey_id" = Uuid, Path, description = "Id of an own passkey")),
    request_body = RenamePasskeyBody,
    responses((status = 200, description = "The passkey", body = PasskeyView)),
    extensions(("x-permission" = json!("own"))),
)]
async fn rename(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Json(body): Json<RenamePasskeyBody>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    let renamed = identity.rename_passkey(&caller.ctx, &mut tx, id, &body.name).await?;
    caller.commit(tx, StatusCode::OK, &renamed).await
}

/// Remove a passkey. Asks for a recent proof of identity.
#[utoipa::path(
    delete, path = "/me/passkeys/{passkey_id}", operation_id = "removePasskey", tag = "identity",
    params(("passkey_id" = Uuid, Path, description = "Id of an own passkey")),
    responses((status = 204, description = "It signs in no more")),
    extensions(("x-permission" = json!("own"))),
)]
async fn remove(State(identity): State<Identity>, caller: Caller, Path(id): Path<Uuid>) -> Result<StatusCode, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    identity.remove_passkey(&caller.ctx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
