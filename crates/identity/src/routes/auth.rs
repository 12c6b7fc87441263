//! `/auth`: sign in, refresh, sign out, validate.

use crate::access_token::LIFE;
use crate::authenticate::{ORGANIZATION_HEADER, Presented, bearer};
use crate::handle::Identity;
use crate::sign_in::{
    Client, LoginRequest, LogoutRequest, OrganizationView, OwnMembershipView, Pair, Transport, Validation,
    check_origin, presented_cookie, set_cookie, unset_cookie, validate as describe,
};
use crate::subject::{IDLE, MAX_LIFE};
use crate::users::UserView;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, body::Body};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_kit::{Caller, Json, RawBody, Refusal, RequestInfo, parse_json};
use kernel::{Error, ErrorKind};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "ana@clinica.example", "password": "tres-tigres-tristes", "organization": "clinica-bem-estar" }))]
pub struct LoginBody {
    email: String,
    password: String,
    /// Slug or id of the organization that is meant; without it the last used one.
    organization: Option<String>,
    /// How the person recognises the session later.
    device_name: Option<String>,
    #[serde(default)]
    transport: Transport,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct LoginAnswer {
    #[serde(flatten)]
    pair: PairAnswer,
    user: UserView,
    organization: OrganizationView,
    /// All memberships of the person.
    memberships: Vec<OwnMembershipView>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct PairAnswer {
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds.
    #[schema(example = 900)]
    expires_in: i64,
    /// Left out where it travels in the cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "refresh_token": "Vb3oT0mC5pLd8gHsRfEjIaK7xWq1zVnY" }))]
pub struct RefreshBody {
    /// Left out where it travels in the cookie.
    refresh_token: Option<String>,
}

#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "all": false }))]
pub struct LogoutBody {
    refresh_token: Option<String>,
    /// End all sessions of the person.
    #[serde(default)]
    all: bool,
}

/// Sign in with e-mail and password.
///
/// From the fifth failure within 15 minutes every further try has to wait, with a right password too.
#[utoipa::path(
    post, path = "/auth/login", operation_id = "login", tag = "identity",
    request_body = LoginBody,
    responses((status = 200, description = "Signed in", body = LoginAnswer)),
    extensions(("x-permission" = json!("public"))),
    security(()),
)]
pub async fn login(
    State(identity): State<Identity>,
    info: RequestInfo,
    headers: HeaderMap,
    Json(body): Json<LoginBody>,
) -> Result<Response, Refusal> {
    let settings = identity.settings();
    if body.transport == Transport::Cookie {
        check_origin(settings, &headers)?;
    }
    let named = headers.get(ORGANIZATION_HEADER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let request = LoginRequest {
        email: body.email,
        password: SecretString::from(body.password),
        organization: body.organization.or(named),
        device_name: body.device_name,
    };
    let signed_in = identity.login(request, &client(&info)).await?;
    let (pair, cookie) = hand_over(&identity, signed_in.pair, body.transport)?;
    let answer = LoginAnswer {
        pair,
        user: signed_in.user,
        organization: signed_in.organization,
        memberships: signed_in.memberships,
    };
    Ok(with_cookie(Json(answer).into_response(), cookie))
}

/// A new pair of tokens for a refresh token.
///
/// Each refresh token is good once. For 30 seconds the one just used answers with the same successor; any other
/// repeat ends the session.
#[utoipa::path(
    post, path = "/auth/refresh", operation_id = "refresh", tag = "identity",
    request_body = RefreshBody,
    responses((status = 200, description = "The new pair", body = PairAnswer)),
    extensions(("x-permission" = json!("public"))),
    security(()),
)]
pub async fn refresh(
    State(identity): State<Identity>,
    info: RequestInfo,
    headers: HeaderMap,
    Json(body): Json<RefreshBody>,
) -> Result<Response, Refusal> {
    let (token, transport) = match body.refresh_token {
        Some(token) => (Some(token), Transport::Body),
        None => (presented_cookie(identity.settings(), &headers), Transport::Cookie),
    };
    let Some(token) = token else {
        return Err(Error::new(ErrorKind::Unauthenticated, "REFRESH_INVALID", "There is no refresh token.").into());
    };
    if transport == Transport::Cookie {
        check_origin(identity.settings(), &headers)?;
    }
    let pair = identity.refresh(&token, &client(&info)).await?;
    let (pair, cookie) = hand_over(&identity, pair, transport)?;
    Ok(with_cookie(Json(pair).into_response(), cookie))
}

/// Sign out: the session ends at once.
///
/// Takes the access token, the refresh token or the cookie, whatever there is, good or not. Always 204.
#[utoipa::path(
    post, path = "/auth/logout", operation_id = "logout", tag = "identity",
    request_body = Option<LogoutBody>,
    responses((status = 204, description = "Signed out")),
    extensions(("x-permission" = json!("public"))),
    security((), ("bearer" = [])),
)]
pub async fn logout(
    State(identity): State<Identity>,
    info: RequestInfo,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Response, Refusal> {
    let body: LogoutBody = if body.is_empty() { LogoutBody::default() } else { parse_json(&body)? };
    let cookie = presented_cookie(identity.settings(), &headers);
    if cookie.is_some() {
        check_origin(identity.settings(), &headers)?;
    }
    let request = LogoutRequest {
        access_token: bearer(&headers).ok().flatten().map(str::to_owned),
        refresh_token: body.refresh_token.or_else(|| cookie.clone()),
        all: body.all,
    };
    identity.logout(request, &client(&info)).await?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let unset = if cookie.is_some() { Some(unset_cookie(identity.settings())?) } else { None };
    Ok(with_cookie(response, unset))
}

/// What the presented token stands for, with the rights of this moment. Does not keep the session alive.
#[utoipa::path(
    get, path = "/auth/validate", operation_id = "validate", tag = "identity",
    responses((status = 200, description = "The token is good", body = Validation)),
    extensions(("x-permission" = json!("own"))),
)]
pub async fn validate(caller: Caller, presented: Option<Extension<Presented>>) -> Result<Json<Validation>, Refusal> {
    let Some(Extension(presented)) = presented else { return Err(Error::internal("a caller without a token").into()) };
    Ok(Json(describe(&presented, caller.ctx.now())))
}

fn client(info: &RequestInfo) -> Client {
    Client {
        ip: info.ip.to_string(),
        user_agent: info.user_agent().map(str::to_owned),
        request_id: info.request_id.clone(),
    }
}

fn hand_over(
    identity: &Identity,
    pair: Pair,
    transport: Transport,
) -> Result<(PairAnswer, Option<HeaderValue>), Error> {
    let token = pair.refresh_token.expose();
    let (refresh_token, cookie) = match transport {
        Transport::Body => (Some(token.to_owned()), None),
        Transport::Cookie => (None, Some(set_cookie(identity.settings(), token, IDLE.min(MAX_LIFE).num_seconds())?)),
    };
    let answer = PairAnswer {
        access_token: pair.access_token,
        token_type: "Bearer",
        expires_in: LIFE.num_seconds(),
        refresh_token,
    };
    Ok((answer, cookie))
}

/// Answers with tokens are kept by nobody on the way.
fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(cookie) = cookie {
        headers.append(header::SET_COOKIE, cookie);
    }
    response
}
