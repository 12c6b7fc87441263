//! `/auth/oidc`, `/me/identities`, `/identity-providers`.

mod providers;

use super::cookie;
use super::flow::Arrival;
use super::identities::IdentityView;
use crate::handle::Identity;
use crate::routes::Whole;
use crate::routes::auth::{LoginAnswer, client, entered_response, with_cookie};
use crate::sign_in::{Transport, check_origin};
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_kit::{Caller, Json, Path, Query, Refusal, RequestInfo};
use kernel::Error;
use serde::{Deserialize, Serialize};
use url::{Url, form_urlencoded};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub fn router(identity: Identity) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(start))
        .routes(routes!(callback))
        .routes(routes!(exchange))
        .routes(routes!(list, link))
        .routes(routes!(unlink))
        .merge(providers::router())
        .with_state(identity)
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StartQuery {
    /// Page of the console that the browser comes back to: a path, or a URL of a configured origin.
    return_to: Option<String>,
    /// Slug or id of the organization that is meant, at providers of the platform.
    organization: Option<String>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "code": "Vb3oT0mC5pLd8gHsRfEjIaK7xWq1zVnY" }))]
pub struct ExchangeCodeBody {
    code: String,
    device_name: Option<String>,
    #[serde(default)]
    transport: Transport,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "provider": "01990c5e-8f6a-7000-8000-000000000001", "return_to": "/settings" }))]
pub struct LinkBody {
    /// Key of a provider of the platform, or id of one of the organization.
    provider: String,
    return_to: Option<String>,
}

/// Where the browser has to go.
#[derive(Serialize, utoipa::ToSchema)]
pub struct LinkAnswer {
    #[schema(example = "https://login.clinica.example/authorize?client_id=balcao")]
    authorization_url: String,
}

/// Send the browser to an identity provider.
///
/// Binds the way to this browser by a cookie. It comes back to `return_to` with `#oidc_code=` (one minute, once, for
/// `POST /auth/oidc/exchange`) or `#error=`.
#[utoipa::path(
    get, path = "/auth/oidc/{provider}/start", operation_id = "startOidc", tag = "identity",
    params(("provider" = String, Path, description = "Key or id of the provider"), StartQuery),
    responses((status = 303, description = "To the provider")),
    extensions(("x-permission" = json!("public"))),
    security(()),
)]
async fn start(
    State(identity): State<Identity>,
    Path(provider): Path<String>,
    headers: HeaderMap,
    Query(query): Query<StartQuery>,
) -> Result<Response, Refusal> {
    let (browser, cookie) = cookie::bind(&identity, &headers)?;
    let to = identity.set_off(&provider, query.return_to.as_deref(), query.organization, None, browser).await?;
    Ok(with_cookie(see_other(&to)?, Some(cookie)))
}

/// Where identity providers send the browser back to.
#[utoipa::path(
    get, path = "/auth/oidc/{provider}/callback", operation_id = "finishOidc", tag = "identity",
    params(
        ("provider" = String, Path, description = "Key or id of the provider"),
        ("state" = Option<String>, Query, description = "As sent"),
        ("code" = Option<String>, Query, description = "For the provider's token endpoint"),
        ("iss" = Option<String>, Query, description = "Who answers (RFC 9207)"),
        ("error" = Option<String>, Query, description = "Why there is no code"),
    ),
    responses((status = 303, description = "To the page that the way began at")),
    extensions(("x-permission" = json!("public"))),
    security(()),
)]
async fn callback(
    State(identity): State<Identity>,
    Path(provider): Path<String>,
    info: RequestInfo,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    // Providers add parameters of their own: what is not ours is passed over.
    let mut arrival = Arrival::default();
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match &*name {
            "state" => arrival.state = Some(value.into_owned()),
            "code" => arrival.code = Some(value.into_owned()),
            "error" => arrival.error = Some(value.into_owned()),
            "iss" => arrival.iss = Some(value.into_owned()),
            _ => {}
        }
    }
    let browser = cookie::presented(identity.settings(), &headers);
    let to = identity.come_back(&provider, arrival, browser, &client(&info)).await?;
    Ok(with_cookie(see_other(&to)?, None))
}

/// Fetch the session that a finished way to a provider earned, in the browser that went it.
#[utoipa::path(
    post, path = "/auth/oidc/exchange", operation_id = "exchangeOidc", tag = "identity",
    request_body = ExchangeCodeBody,
    responses((status = 200, description = "Signed in, or the question for a second factor", body = LoginAnswer)),
    extensions(("x-permission" = json!("public"))),
    security(()),
)]
async fn exchange(
    State(identity): State<Identity>,
    info: RequestInfo,
    headers: HeaderMap,
    Json(body): Json<ExchangeCodeBody>,
) -> Result<Response, Refusal> {
    if body.transport == Transport::Cookie {
        check_origin(identity.settings(), &headers)?;
    }
    let browser = cookie::presented(identity.settings(), &headers);
    let device = body.device_name.as_deref();
    let entered = identity.exchange_oidc(&body.code, device, browser, &client(&info)).await?;
    entered_response(&identity, entered, body.transport)
}

/// One's own accounts at identity providers.
#[utoipa::path(
    get, path = "/me/identities", operation_id = "listIdentities", tag = "identity",
    responses((status = 200, description = "Those that sign in here", body = Whole<IdentityView>)),
    extensions(("x-permission" = json!("own"))),
)]
async fn list(State(identity): State<Identity>, caller: Caller) -> Result<Json<Whole<IdentityView>>, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let identities = identity.identities(&caller.ctx, &mut tx).await?;
    tx.commit().await?;
    Ok(Json(Whole { data: identities }))
}

/// Begin to link an account at a provider. Asks for a recent proof of identity.
///
/// Send the browser to the URL; it comes back to `return_to` with `#linked=` or `#error=`.
#[utoipa::path(
    post, path = "/me/identities", operation_id = "linkIdentity", tag = "identity",
    request_body = LinkBody,
    responses((status = 200, description = "Where the browser has to go", body = LinkAnswer)),
    extensions(("x-permission" = json!("own"))),
)]
async fn link(
    State(identity): State<Identity>,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json<LinkBody>,
) -> Result<Response, Refusal> {
    let (browser, cookie) = cookie::bind(&identity, &headers)?;
    let to = identity.begin_link(&caller.ctx, &body.provider, body.return_to.as_deref(), browser).await?;
    let answer = LinkAnswer { authorization_url: to.into() };
    Ok(with_cookie(Json(answer).into_response(), Some(cookie)))
}

/// Take a link to an account at a provider away. Asks for a recent proof of identity.
#[utoipa::path(
    delete, path = "/me/identities/{identity_link_id}", operation_id = "unlinkIdentity", tag = "identity",
    params(("identity_link_id" = Uuid, Path, description = "Id of an own link")),
    responses((status = 204, description = "It signs in no more")),
    extensions(("x-permission" = json!("own"))),
)]
async fn unlink(State(identity): State<Identity>, caller: Caller, Path(id): Path<Uuid>) -> Result<StatusCode, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    identity.unlink_identity(&caller.ctx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn see_other(to: &Url) -> Result<Response, Error> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let location = HeaderValue::try_from(to.as_str()).map_err(|_| Error::internal("location"))?;
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}
