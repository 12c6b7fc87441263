//! `/me/mfa`, `/auth/mfa`, `/users/{user_id}/mfa`.

use super::enrol::{OwnFactors, RecoveryCodes, TotpEnrolment};
use super::{Method, Proof};
use crate::handle::Identity;
use crate::routes::auth::{LoginAnswer, client, entered_response, with_cookie};
use crate::sign_in::{Transport, check_origin};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use http_kit::{Caller, Json, OwingSecondFactor, Path, Refusal, RequestInfo};
use kernel::Error;
use kernel::ids::UserId;
use serde::Deserialize;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router(identity: Identity) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(finish))
        .routes(routes!(own))
        .routes(routes!(begin_totp, remove_totp))
        .routes(routes!(confirm_totp))
        .routes(routes!(renew_recovery_codes))
        .routes(routes!(reset))
        .with_state(identity)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "mfa_token": "Vb3oT0mC5pLd8gHsRfEjIaK7xWq1zVnY", "method": "totp", "code": "287082" }))]
pub struct MfaBody {
    mfa_token: String,
    method: Method,
    /// Of the app, or a recovery code.
    code: Option<String>,
    /// For a passkey: from `POST /auth/passkey/options`.
    ceremony: Option<String>,
    /// For a passkey: what the authenticator answered.
    #[schema(value_type = Option<Object>)]
    credential: Option<Value>,
    #[serde(default)]
    transport: Transport,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "code": "287082" }))]
pub struct CodeBody {
    code: String,
}

/// Go on with a sign-in that asked for a second factor.
///
/// A token lives five minutes and takes five tries; each code is good once.
#[utoipa::path(
    post, path = "/auth/mfa", operation_id = "finishSecondFactor", tag = "identity",
    request_body = MfaBody,
    responses((status = 200, description = "Signed in", body = LoginAnswer)),
    extensions(("x-permission" = json!("public"))),
    security(()),
)]
async fn finish(
    State(identity): State<Identity>,
    info: RequestInfo,
    headers: HeaderMap,
    Json(body): Json<MfaBody>,
) -> Result<Response, Refusal> {
    if body.transport == Transport::Cookie {
        check_origin(identity.settings(), &headers)?;
    }
    let proof = proof_of(body.method, body.code, body.ceremony, body.credential)?;
    let entered = identity.finish_second_factor(&body.mfa_token, &proof, &client(&info)).await?;
    entered_response(&identity, entered, body.transport)
}

fn proof_of(
    method: Method,
    code: Option<String>,
    ceremony: Option<String>,
    credential: Option<Value>,
) -> Result<Proof, Error> {
    let missing = |field: &'static str| Error::invalid_field(field, "REQUIRED", "This method needs it.");
    Ok(match method {
        Method::Totp => Proof::Totp(code.ok_or_else(|| missing("code"))?),
        Method::RecoveryCode => Proof::RecoveryCode(code.ok_or_else(|| missing("code"))?),
        Method::Passkey => Proof::Passkey {
            ceremony: ceremony.ok_or_else(|| missing("ceremony"))?,
            credential: credential.ok_or_else(|| missing("credential"))?,
        },
    })
}

/// One's own second factors.
#[utoipa::path(
    get, path = "/me/mfa", operation_id = "getOwnFactors", tag = "identity",
    responses((status = 200, description = "What there is and what is asked", body = OwnFactors)),
    extensions(("x-permission" = json!("own")), ("x-owing" = json!(["second_factor"]))),
)]
async fn own(State(identity): State<Identity>, caller: OwingSecondFactor) -> Result<Json<OwnFactors>, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let factors = identity.own_factors(&caller.ctx, &mut tx).await?;
    tx.commit().await?;
    Ok(Json(factors))
}

/// Begin to add an authenticator app.
///
/// The secret is shown once and counts from its first right code on. Asks for a recent proof of identity.
#[utoipa::path(
    post, path = "/me/mfa/totp", operation_id = "beginTotp", tag = "identity",
    responses((status = 201, description = "The secret for the app", body = TotpEnrolment)),
    extensions(("x-permission" = json!("own")), ("x-owing" = json!(["second_factor"]))),
)]
async fn begin_totp(State(identity): State<Identity>, caller: OwingSecondFactor) -> Result<Response, Refusal> {
    // Secrets are not kept for repeats: no Idempotency-Key here.
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let enrolment = identity.begin_totp(&caller.ctx, &mut tx).await?;
    tx.commit().await?;
    Ok(with_cookie((StatusCode::CREATED, Json(enrolment)).into_response(), None))
}

/// Confirm the authenticator app with its first code.
///
/// From then on a second factor is asked for at every sign-in. Answers ten recovery codes, shown once.
#[utoipa::path(
    post, path = "/me/mfa/totp/confirm", operation_id = "confirmTotp", tag = "identity",
    request_body = CodeBody,
    responses((status = 200, description = "Recovery codes", body = RecoveryCodes)),
    extensions(("x-permission" = json!("own")), ("x-owing" = json!(["second_factor"]))),
)]
async fn confirm_totp(
    State(identity): State<Identity>,
    caller: OwingSecondFactor,
    Json(body): Json<CodeBody>,
) -> Result<Response, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let codes = identity.confirm_totp(&caller.ctx, &mut tx, &body.code).await?;
    tx.commit().await?;
    // The session has a second factor now.
    identity.rights_changed();
    Ok(with_cookie(Json(codes).into_response(), None))
}

/// Take the authenticator app away. Asks for a recent proof of identity.
#[utoipa::path(
    delete, path = "/me/mfa/totp", operation_id = "removeTotp", tag = "identity",
    responses((status = 204, description = "It is asked for no more")),
    extensions(("x-permission" = json!("own"))),
)]
async fn remove_totp(State(identity): State<Identity>, caller: Caller) -> Result<StatusCode, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    identity.disable_totp(&caller.ctx, &mut tx).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make ten new recovery codes; all earlier ones are void. Asks for a recent proof of identity.
#[utoipa::path(
    post, path = "/me/mfa/recovery-codes", operation_id = "renewRecoveryCodes", tag = "identity",
    responses((status = 200, description = "Recovery codes", body = RecoveryCodes)),
    extensions(("x-permission" = json!("own"))),
)]
async fn renew_recovery_codes(State(identity): State<Identity>, caller: Caller) -> Result<Response, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let codes = identity.renew_recovery_codes(&caller.ctx, &mut tx).await?;
    tx.commit().await?;
    Ok(with_cookie(Json(codes).into_response(), None))
}

/// Take app, recovery codes and passkeys of a member away, for somebody who lost them.
///
/// Only of logins that the organization manages: this is their only membership, or their e-mail is on a domain proven
/// here. The person is told by mail.
#[utoipa::path(
    delete, path = "/users/{user_id}/mfa", operation_id = "resetFactors", tag = "identity",
    params(("user_id" = UserId, Path, description = "Id of the login")),
    responses((status = 204, description = "There are none any more")),
    extensions(("x-permission" = json!("users.manage"))),
)]
async fn reset(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<UserId>,
) -> Result<StatusCode, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    identity.reset_factors(&caller.ctx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
