//! `/auth`: what goes by mail. Asking always answers 202, whoever has a login and whoever has none.

use super::auth::{LoginAnswer, client, entered_response, mail_key, meant_organization};
use crate::handle::Identity;
use crate::links::Purpose;
use crate::sign_in::{Asked, ExchangeRequest, Transport, check_origin};
use crate::text::normal_email;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use http_kit::{Class, Json, Refusal, RequestInfo};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router(identity: Identity) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(magic_link))
        .routes(routes!(exchange))
        .routes(routes!(forgot))
        .routes(routes!(reset))
        .routes(routes!(verify))
        .routes(routes!(resend))
        .with_state(identity)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "ana@clinica.example", "organization": "clinica-bem-estar" }))]
pub struct MagicLinkBody {
    email: String,
    /// Slug or id of the organization that is meant; without it the last used one.
    organization: Option<String>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "ana@clinica.example" }))]
pub struct EmailBody {
    email: String,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "token": "Vb3oT0mC5pLd8gHsRfEjIaK7xWq1zVnY" }))]
pub struct ExchangeBody {
    token: String,
    /// How the person recognises the session later.
    device_name: Option<String>,
    #[serde(default)]
    transport: Transport,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "token": "Vb3oT0mC5pLd8gHsRfEjIaK7xWq1zVnY", "password": "tres-tigres-tristes" }))]
pub struct ResetBody {
    token: String,
    password: String,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "token": "Vb3oT0mC5pLd8gHsRfEjIaK7xWq1zVnY" }))]
pub struct TokenBody {
    token: String,
}

/// Ask for a link that signs in.
///
/// It works once, for 15 minutes; a newer one replaces it.
#[utoipa::path(
    post, path = "/auth/magic-link", operation_id = "requestMagicLink", tag = "identity",
    request_body = MagicLinkBody,
    responses((status = 202, description = "If there is such a login, a link is on its way")),
    extensions(("x-permission" = json!("public"))),
    security(()),
)]
async fn magic_link(
    State(identity): State<Identity>,
    info: RequestInfo,
    headers: HeaderMap,
    Json(body): Json<MagicLinkBody>,
) -> Result<StatusCode, Refusal> {
    let organization = meant_organization(body.organization, &headers);
    ask(&identity, &info, Asked::MagicLink, &body.email, organization.as_deref()).await
}

/// Sign in with a link that came by mail.
#[utoipa::path(
    post, path = "/auth/magic-link/exchange", operation_id = "exchangeMagicLink", tag = "identity",
    request_body = ExchangeBody,
    responses((status = 200, description = "Signed in, or the question for a second factor", body = LoginAnswer)),
    extensions(("x-permission" = json!("public"))),
    security(()),
)]
async fn exchange(
    State(identity): State<Identity>,
    info: RequestInfo,
    headers: HeaderMap,
    Json(body): Json<ExchangeBody>,
) -> Result<Response, Refusal> {
    if body.transport == Transport::Cookie {
        check_origin(identity.settings(), &headers)?;
    }
    count_owner(&identity, &info, Purpose::MagicLink, &body.token).await?;
    let request = ExchangeRequest { token: body.token, device_name: body.device_name };
    let entered = identity.exchange_magic_link(&request, &client(&info)).await?;
    entered_response(&identity, entered, body.transport)
}

/// Ask for a link to choose a new password.
///
/// It works once, for 30 minutes; a newer one replaces it.
#[utoipa::path(
    post, path = "/auth/password/forgot", operation_id = "forgotPassword", tag = "identity",
    request_body = EmailBody,
    responses((status = 202, description = "If there is such a login, a link is on its way")),
    extensions(("x-permission" = json!("public"))),
    security(()),
)]
async fn forgot(
    State(identity): State<Identity>,
    info: RequestInfo,
    Json(body): Json<EmailBody>,
) -> Result<StatusCode, Refusal> {
    ask(&identity, &info, Asked::ResetPassword, &body.email, None).await
}

/// Choose a new password with a link that came by mail.
///
/// All sessions and links of the person end; nobody is signed in by it. A password that is refused leaves the link good.
#[utoipa::path(
    post, path = "/auth/password/reset", operation_id = "resetPassword", tag = "identity",
    request_body = ResetBody,
    responses((status = 204, description = "The password is another one now")),
    extensions(("x-permission" = json!("public"))),
    security(()),
)]
async fn reset(
    State(identity): State<Identity>,
    info: RequestInfo,
    Json(body): Json<ResetBody>,
) -> Result<StatusCode, Refusal> {
    count_owner(&identity, &info, Purpose::ResetPassword, &body.token).await?;
    let password = SecretString::from(body.password);
    identity.reset_password(&body.token, &password, &client(&info)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Prove the own address with a link that came by mail.
#[utoipa::path(
    post, path = "/auth/verify-email", operation_id = "verifyEmail", tag = "identity",
    request_body = TokenBody,
    responses((status = 204, description = "The address is proven")),
    extensions(("x-permission" = json!("public"))),
    security(()),
)]
async fn verify(
    State(identity): State<Identity>,
    info: RequestInfo,
    Json(body): Json<TokenBody>,
) -> Result<StatusCode, Refusal> {
    let client = client(&info);
    // The address of the login, or the one that it is to have.
    if !identity.confirm_email_change(&body.token, &client).await? {
        identity.verify_email(&body.token, &client).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Ask for a new link that proves the own address.
///
/// It works once, for 24 hours; a newer one replaces it.
#[utoipa::path(
    post, path = "/auth/verify-email/resend", operation_id = "resendVerification", tag = "identity",
    request_body = EmailBody,
    responses((status = 202, description = "If there is such a login and its address is not proven, a link is on its way")),
    extensions(("x-permission" = json!("public"))),
    security(()),
)]
async fn resend(
    State(identity): State<Identity>,
    info: RequestInfo,
    Json(body): Json<EmailBody>,
) -> Result<StatusCode, Refusal> {
    ask(&identity, &info, Asked::VerifyEmail, &body.email, None).await
}

async fn ask(
    identity: &Identity,
    info: &RequestInfo,
    what: Asked,
    email: &str,
    organization: Option<&str>,
) -> Result<StatusCode, Refusal> {
    info.count(Class::MailTo, mail_key(&normal_email(email)))?;
    identity.ask_link(what, email, organization, &client(info)).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Counts the calls of the link's owner, as the calls of somebody who is signed in are.
async fn count_owner(identity: &Identity, info: &RequestInfo, purpose: Purpose, token: &str) -> Result<(), Refusal> {
    match identity.owner_of_link(purpose, token).await? {
        Some(owner) => info.count(Class::Auth, owner.0),
        None => Ok(()),
    }
}
