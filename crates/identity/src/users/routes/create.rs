//! `POST /users`: one route, two callers.

use crate::authenticate::ORGANIZATION_HEADER;
use crate::handle::Identity;
use crate::password::About;
use crate::routes::auth::{client, mail_key};
use crate::settings;
use crate::store::organizations;
use crate::users::add::{NewMember, add_member};
use crate::users::read::{UserView, show_user};
use crate::users::register::{Registered, Registration};
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_kit::{Authentication, Caller, Class, Json, Refusal, RequestInfo, etag, parse_json};
use kernel::ids::UnitId;
use kernel::{Error, Permission, Resource};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{json, value::RawValue};

/// Somebody registers himself.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Bia Lima", "email": "bia@clinica.example", "password": "sete-saias-sete-cores" }))]
pub struct RegisterBody {
    /// 1 to 150 characters.
    name: String,
    email: String,
    password: String,
    /// Slug or id; without it the one that the request means.
    organization: Option<String>,
    /// BCP 47.
    language: Option<String>,
}

/// Somebody who manages people asks somebody in.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Bia Lima", "email": "bia@clinica.example", "roles": ["agent"], "job_title": "Recepção" }))]
pub struct NewMemberBody {
    email: String,
    /// 1 to 150 characters.
    name: String,
    /// Of a new login, to be changed at the first sign-in. A login that is there keeps its own.
    password: Option<String>,
    /// Names; `agent` where none is given.
    #[serde(default)]
    roles: Vec<String>,
    /// The fallback unit where none is given.
    #[serde(default)]
    units: Vec<UnitId>,
    /// That the letter is written in, BCP 47.
    language: Option<String>,
    display_name: Option<String>,
    job_title: Option<String>,
    /// Without a letter the person comes in by signing in to this organization.
    #[serde(default = "yes")]
    send_invitation: bool,
}

fn yes() -> bool {
    true
}

/// Register oneself, or ask somebody in.
///
/// Without a token somebody registers himself (`RegisterBody`), where the organization allows it; with `users.manage`
/// somebody is made an invited member and gets a letter. Whether the e-mail has a login elsewhere does not show.
#[utoipa::path(
    post, path = "/users", operation_id = "createUser", tag = "identity",
    request_body(content = NewMemberBody, example = json!({ "name": "Bia Lima", "email": "bia@clinica.example", "roles": ["agent"] })),
    responses(
        (status = 201, description = "The person", body = UserView),
        (status = 202, description = "Where accounts are concealed: the owner of the address is written to"),
    ),
    extensions(("x-permission" = json!("public"))),
    security((), ("bearer" = [])),
)]
pub async fn create(
    State(identity): State<Identity>,
    info: RequestInfo,
    authentication: Option<Extension<Authentication>>,
    caller: Result<Caller, Refusal>,
    headers: HeaderMap,
    Json(body): Json<Box<RawValue>>,
) -> Result<Response, Refusal> {
    let anonymous = !matches!(authentication, Some(Extension(Authentication::Known(_) | Authentication::Refused(_))));
    if anonymous {
        let body: RegisterBody = parse_json(body.get().as_bytes())?;
        return register(&identity, &info, &headers, body).await;
    }
    let caller = caller?;
    // Whoever may not do this learns nothing about the body, nor about the e-mail in it.
    caller.ctx.require(Permission::USERS_MANAGE, &Resource::organization(caller.ctx.organization_id()))?;
    ask_in(&identity, &caller, parse_json(body.get().as_bytes())?).await
}

async fn register(
    identity: &Identity,
    info: &RequestInfo,
    headers: &HeaderMap,
    body: RegisterBody,
) -> Result<Response, Refusal> {
    info.count(Class::Registration, mail_key(&info.ip.to_string()))?;
    let header = headers.get(ORGANIZATION_HEADER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let typed = Registration {
        name: body.name,
        email: body.email,
        password: SecretString::from(body.password),
        organization: body.organization.or(header),
        language: body.language,
    };
    Ok(match identity.register(typed, &client(info)).await? {
        Registered::Member(user) => {
            let place = HeaderValue::try_from(format!("/api/users/{}", user.id)).map_err(Error::internal)?;
            let headers = [(header::LOCATION, place), (header::ETAG, etag(user.version))];
            (StatusCode::CREATED, headers, Json(user)).into_response()
        }
        Registered::Concealed => (StatusCode::ACCEPTED, Json(json!({ "status": "pending" }))).into_response(),
    })
}

async fn ask_in(identity: &Identity, caller: &Caller, body: NewMemberBody) -> Result<Response, Refusal> {
    let ctx = &caller.ctx;
    let password = match body.password.map(SecretString::from) {
        Some(typed) => {
            let mut tx = identity.0.db.tenant(ctx.organization_id()).await?;
            let organization = organizations::find(&mut tx).await?.ok_or_else(Error::not_found)?;
            let settings = settings::effective(&mut tx).await?;
            tx.commit().await?;
            let about = About {
                min_chars: settings.password_min_chars(),
                email: &body.email,
                name: &body.name,
                organization_name: &organization.name,
                organization_slug: &organization.slug,
            };
            Some(identity.0.hashes.accept(&typed, &about).await?)
        }
        None => None,
    };
    let new = NewMember {
        email: body.email,
        name: Some(body.name),
        password,
        roles: body.roles,
        units: body.units,
        language: body.language,
        display_name: body.display_name,
        job_title: body.job_title,
        message: None,
        send_invitation: body.send_invitation,
    };
    let mut tx = caller.begin(&identity.0.db).await?;
    let added = add_member(identity, ctx, &mut tx, new).await?;
    let user = show_user(ctx, &mut tx, &identity.0.persons, added.user_id).await?;
    let place = HeaderValue::try_from(format!("/api/users/{}", user.id)).map_err(Error::internal)?;
    let headers = [(header::LOCATION, place), (header::ETAG, etag(user.version))];
    caller.commit_with(tx, StatusCode::CREATED, headers, &user).await
}
