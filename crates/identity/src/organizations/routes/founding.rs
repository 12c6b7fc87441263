//! `POST /setup` and `POST /organizations`: how organizations begin.

use crate::handle::Identity;
use crate::organizations::OrganizationDetails;
use crate::organizations::founding::{FirstAdmin, Founder, Founding};
use crate::routes::auth::client;
use axum::Extension;
use axum::extract::{FromRequestParts, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use http_kit::{Authentication, Caller, Json, Refusal, RequestInfo, etag};
use kernel::ids::UserId;
use kernel::{Error, ErrorKind, Permission, Resource};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// Who can do everything in it.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdminBody {
    name: String,
    email: String,
    /// Staff may leave it out: then the admin is invited.
    password: Option<String>,
}

/// An organization to be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Clínica Bem-Estar", "kind": "clinic", "timezone": "America/Sao_Paulo", "language": "pt-BR",
    "admin": { "name": "Ana Souza", "email": "ana@clinica.example", "password": "tres-tigres-tristes" }
}))]
pub struct FoundingBody {
    name: String,
    /// clinic, hospital, laboratory, imaging, pharmacy or company.
    kind: String,
    /// Made of the name where it is missing.
    slug: Option<String>,
    /// IANA id.
    timezone: Option<String>,
    /// BCP 47.
    language: Option<String>,
    admin: AdminBody,
}

/// The first organization, as the setup gets it.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrganizationBody {
    name: String,
    kind: String,
    slug: Option<String>,
    timezone: Option<String>,
    language: Option<String>,
}

/// What the setup needs.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "token": "pTn0m1Xb2o8yXl1mUu3l0s9k6h0T2aQv5cW4eRtYuIo",
    "organization": { "name": "Clínica Bem-Estar", "kind": "clinic" },
    "admin": { "name": "Ana Souza", "email": "ana@clinica.example", "password": "tres-tigres-tristes" }
}))]
pub struct SetupBody {
    /// Shown at the start of an installation without organizations.
    token: String,
    organization: OrganizationBody,
    admin: AdminBody,
}

/// What was founded.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FoundedBody {
    organization: OrganizationDetails,
    admin_id: UserId,
}

impl From<AdminBody> for FirstAdmin {
    fn from(body: AdminBody) -> Self {
        Self { name: body.name, email: body.email, password: body.password.map(SecretString::from) }
    }
}

/// Sets an installation up: its first organization with its admin.
///
/// The token is shown at the start of an installation without organizations. Afterwards 410.
#[utoipa::path(
    post, path = "/setup", operation_id = "setUp", tag = "identity",
    request_body = SetupBody,
    responses(
        (status = 201, description = "Ready for the first sign-in", body = FoundedBody),
        (status = 403, description = "`SETUP_TOKEN_INVALID`"),
        (status = 410, description = "`SETUP_DONE`"),
    ),
    extensions(("x-permission" = json!("public"))),
    security(()),
)]
pub async fn set_up(
    State(identity): State<Identity>,
    info: RequestInfo,
    Json(body): Json<SetupBody>,
) -> Result<Response, Refusal> {
    let SetupBody { token, organization, admin } = body;
    let OrganizationBody { name, kind, slug, timezone, language } = organization;
    let founding = Founding { name, kind, slug, timezone, language, admin: admin.into() };
    let founded = identity.set_up(&token, founding, &client(&info)).await?;
    Ok(created(FoundedBody { organization: founded.organization, admin_id: founded.admin }))
}

/// Founds an organization.
///
/// Where the installation allows sign-up by anybody, whose admin then proves the address; always by the platform's staff,
/// whose admin is invited. It begins with a trial.
#[utoipa::path(
    post, path = "/organizations", operation_id = "foundOrganization", tag = "identity",
    request_body = FoundingBody,
    responses(
        (status = 201, description = "Everything an organization has is there", body = FoundedBody),
        (status = 403, description = "`SIGN_UP_CLOSED`"),
        (status = 409, description = "`SLUG_TAKEN`, `EMAIL_TAKEN`"),
    ),
    extensions(("x-permission" = json!("public"))),
    security((), ("bearer" = [])),
)]
pub async fn found(
    State(identity): State<Identity>,
    info: RequestInfo,
    authentication: Option<Extension<Authentication>>,
    request: Request,
) -> Result<Response, Refusal> {
    let anonymous = !matches!(authentication, Some(Extension(Authentication::Known(_) | Authentication::Refused(_))));
    let (mut parts, body) = request.into_parts();
    let founder = if anonymous {
        if !identity.settings().sign_up {
            let detail = "This installation founds no organizations by itself.";
            return Err(Error::new(ErrorKind::Forbidden, "SIGN_UP_CLOSED", detail).into());
        }
        Founder::Stranger
    } else {
        let caller = Caller::from_request_parts(&mut parts, &identity).await?;
        let own = Resource::organization(caller.ctx.organization_id());
        caller.ctx.require(Permission::PLATFORM_ORGANIZATIONS, &own)?;
        Founder::Staff
    };
    let request = Request::from_parts(parts, body);
    let Json(body) = <Json<FoundingBody> as axum::extract::FromRequest<_>>::from_request(request, &identity).await?;
    let FoundingBody { name, kind, slug, timezone, language, admin } = body;
    let founding = Founding { name, kind, slug, timezone, language, admin: admin.into() };
    let founded = identity.found(founding, founder, &client(&info)).await?;
    Ok(created(FoundedBody { organization: founded.organization, admin_id: founded.admin }))
}

fn created(body: FoundedBody) -> Response {
    let tag = etag(body.organization.version);
    let headers = [(header::ETAG, tag), (header::LOCATION, HeaderValue::from_static("/api/organization"))];
    (StatusCode::CREATED, headers, Json(body)).into_response()
}
