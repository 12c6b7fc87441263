//! Proving again who one is, and changing the own password.

use super::auth::{client, with_cookie};
use crate::handle::Identity;
use crate::mfa::Proof;
use crate::password::PasswordChange;
use crate::sign_in::{Reauthenticated, SessionProof};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http::StatusCode;
use http_kit::{Json, OwingAnything, OwingPassword, Refusal};
use kernel::Error;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router(identity: Identity) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(reauthenticate)).routes(routes!(change_password)).with_state(identity)
}

/// At most one of these; none asks for a code by mail, where nothing better is at hand.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "password": "tres-tigres-tristes" }))]
pub struct ReauthenticateBody {
    password: Option<String>,
    /// Of the authenticator app, or the one that came by mail.
    code: Option<String>,
    passkey: Option<PasskeyBody>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyBody {
    /// From `POST /auth/passkey/options`.
    ceremony: String,
    /// What the browser answered (PublicKeyCredential as JSON).
    #[schema(value_type = Object)]
    credential: Value,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct ReauthenticateAnswer {
    /// `confirmed`, or `code_sent`: present the code that came by mail.
    #[schema(example = "confirmed")]
    status: &'static str,
    /// Until then the proof counts as recent.
    #[serde(skip_serializing_if = "Option::is_none")]
    recent_until: Option<DateTime<Utc>>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "current_password": "tres-tigres-tristes", "new_password": "quatro-gatos-gordos" }))]
pub struct ChangePasswordBody {
    /// May be left out by whoever has none yet.
    current_password: Option<String>,
    new_password: String,
}

/// Prove again who one is.
///
/// Good for ten minutes, for what asks for a recent proof (403 `REAUTH_REQUIRED`).
#[utoipa::path(
    post, path = "/auth/reauthenticate", operation_id = "reauthenticate", tag = "identity",
    request_body = ReauthenticateBody,
    responses(
        (status = 200, description = "The proof was good", body = ReauthenticateAnswer),
        (status = 202, description = "A code is on its way by mail", body = ReauthenticateAnswer),
    ),
    extensions(("x-permission" = json!("own")), ("x-owing" = json!(["password", "second_factor"]))),
)]
async fn reauthenticate(
    State(identity): State<Identity>,
    caller: OwingAnything,
    Json(body): Json<ReauthenticateBody>,
) -> Result<Response, Refusal> {
    let proof = match (body.password, body.code, body.passkey) {
        (None, None, None) => SessionProof::Nothing,
        (Some(password), None, None) => SessionProof::Password(SecretString::from(password)),
        (None, Some(code), None) => SessionProof::Code(SecretString::from(code)),
        (None, None, Some(passkey)) => {
            SessionProof::Factor(Proof::Passkey { ceremony: passkey.ceremony, credential: passkey.credential })
        }
        _ => return Err(Error::invalid_field("password", "ONE_OF", "Present one proof, not several.").into()),
    };
    let (status, answer) = match identity.reauthenticate(&caller.ctx, proof, &client(&caller.info)).await? {
        Reauthenticated::Until(until) => {
            (StatusCode::OK, ReauthenticateAnswer { status: "confirmed", recent_until: Some(until) })
        }
        Reauthenticated::CodeSent => {
            (StatusCode::ACCEPTED, ReauthenticateAnswer { status: "code_sent", recent_until: None })
        }
    };
    Ok(with_cookie((status, Json(answer)).into_response(), None))
}

/// Change the own password.
///
/// All other sessions of the person end, in every organization; this one goes on.
#[utoipa::path(
    post, path = "/me/password", operation_id = "changeOwnPassword", tag = "identity",
    request_body = ChangePasswordBody,
    responses((status = 204, description = "The password is another one now")),
    extensions(("x-permission" = json!("own")), ("x-owing" = json!(["password"]))),
)]
async fn change_password(
    State(identity): State<Identity>,
    caller: OwingPassword,
    Json(body): Json<ChangePasswordBody>,
) -> Result<StatusCode, Refusal> {
    let change = PasswordChange {
        current: body.current_password.map(SecretString::from),
        new: SecretString::from(body.new_password),
    };
    identity.change_password(&caller.ctx, change, &client(&caller.info)).await?;
    Ok(StatusCode::NO_CONTENT)
}
