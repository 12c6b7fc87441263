//! `/auth`: sign in, refresh, sign out, validate.

use crate::access_token::LIFE;
use crate::authenticate::{ORGANIZATION_HEADER, Presented, bearer};
use crate::handle::Identity;
use crate::mfa::Method;
use crate::sign_in::{
    Client, Entered, LoginRequest, LogoutRequest, OrganizationView, OwnMembershipView, Pair, Transport, Validation,
    check_origin, presented_cookie, set_cookie, unset_cookie, validate as describe,
};
use crate::text::normal_email;
use crate::users::UserView;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, body::Body};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_kit::{Class, Json, OwingAnything, RawBody, Refusal, RequestInfo, parse_json};
use kernel::{Error, ErrorKind};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

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

/// A finished sign-in, or the question for a second factor.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub(crate) enum LoginAnswer {
    SignedIn(Box<SignedInAnswer>),
    SecondFactor(SecondFactorAnswer),
}

#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SignedInAnswer {
    #[serde(flatten)]
    pair: PairAnswer,
    user: UserView,
    organization: OrganizationView,
    /// All memberships of the person.
    memberships: Vec<OwnMembershipView>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SecondFactorAnswer {
    #[schema(example = "mfa_required")]
    status: &'static str,
    /// For `POST /auth/mfa`: five minutes, five tries.
    mfa_token: String,
    methods: Vec<Method>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct PairAnswer {
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
    let request = LoginRequest {
        email: body.email,
        password: SecretString::from(body.password),
        organization: meant_organization(body.organization, &headers),
        device_name: body.device_name,
    };
    let client = client(&info);
    // The throttle of the e-mail answers first: it says how long the next try has to wait.
    let admitted = identity.admit_login(&request, &client).await?;
    info.count(Class::LoginPair, pair_key(&info, &request.email))?;
    let entered = identity.login(request, admitted, &client).await?;
    entered_response(&identity, entered, body.transport)
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
    if let Some((_, session)) = identity.session_of_refresh_token(&token).await? {
        info.count(Class::Session, session.0)?;
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
    for (_, session) in identity.sessions_named(&request).await? {
        info.count(Class::Session, session.0)?;
    }
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
    extensions(("x-permission" = json!("own")), ("x-owing" = json!(["password", "second_factor"]))),
)]
pub async fn validate(
    caller: OwingAnything,
    presented: Option<Extension<Presented>>,
) -> Result<Json<Validation>, Refusal> {
    let Some(Extension(presented)) = presented else { return Err(Error::internal("a caller without a token").into()) };
    Ok(Json(describe(&presented, caller.ctx.now())))
}

pub(crate) fn client(info: &RequestInfo) -> Client {
    Client {
        ip: info.ip.to_string(),
        user_agent: info.user_agent().map(str::to_owned),
        request_id: info.request_id.clone(),
    }
}

/// The answer of everything that signs in.
pub(crate) fn entered_response(
    identity: &Identity,
    entered: Entered,
    transport: Transport,
) -> Result<Response, Refusal> {
    let signed_in = match entered {
        Entered::SignedIn(signed_in) => *signed_in,
        Entered::SecondFactor(challenge) => {
            let answer = SecondFactorAnswer {
                status: "mfa_required",
                mfa_token: challenge.mfa_token.expose().to_owned(),
                methods: challenge.methods,
            };
            return Ok(with_cookie(Json(LoginAnswer::SecondFactor(answer)).into_response(), None));
        }
    };
    let (pair, cookie) = hand_over(identity, signed_in.pair, transport)?;
    let answer = SignedInAnswer {
        pair,
        user: signed_in.user,
        organization: signed_in.organization,
        memberships: signed_in.memberships,
    };
    Ok(with_cookie(Json(LoginAnswer::SignedIn(Box::new(answer))).into_response(), cookie))
}

/// The organization that a request without a token means: what its body says, else its header.
pub(crate) fn meant_organization(said: Option<String>, headers: &HeaderMap) -> Option<String> {
    said.or_else(|| headers.get(ORGANIZATION_HEADER).and_then(|value| value.to_str().ok()).map(str::to_owned))
}

/// The key that tries of one e-mail from one address are counted under.
fn pair_key(info: &RequestInfo, email: &str) -> Uuid {
    mail_key(&format!("{} {}", info.ip, normal_email(email)))
}

/// The key that something typed is counted under. Counters live in memory only: a hash keeps them small, not secret.
pub(crate) fn mail_key(typed: &str) -> Uuid {
    let hash: [u8; 32] = Sha256::digest(typed.as_bytes()).into();
    let mut short = [0; 16];
    short.copy_from_slice(&hash[..16]);
    Uuid::from_bytes(short)
}

fn hand_over(
    identity: &Identity,
    pair: Pair,
    transport: Transport,
) -> Result<(PairAnswer, Option<HeaderValue>), Error> {
    let token = pair.refresh_token.expose();
    let (refresh_token, cookie) = match transport {
        Transport::Body => (Some(token.to_owned()), None),
        Transport::Cookie => (None, Some(set_cookie(identity.settings(), token, pair.refresh_life.num_seconds())?)),
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
pub(crate) fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(cookie) = cookie {
        headers.append(header::SET_COOKIE, cookie);
    }
    response
}
