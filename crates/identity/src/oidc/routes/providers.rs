//! `/identity-providers`.

use crate::handle::Identity;
use crate::oidc::providers::{ProviderChange, ProviderView};
use crate::routes::Whole;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use http_kit::{Caller, IfMatch, Json, Path, Refusal, etag};
use kernel::ids::UserId;
use kernel::{Error, ErrorKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub fn router() -> OpenApiRouter<Identity> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(change, remove)).routes(routes!(test))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Contas da clínica", "issuer": "https://login.clinica.example", "client_id": "balcao",
    "client_secret": "s3cr3t", "domains": [], "default_role": "user", "group_role_map": { "recepcao": "agent" }
}))]
pub struct NewProviderBody {
    /// 1 to 80 characters.
    name: String,
    /// As the provider's description names it; its address has to be public.
    issuer: String,
    client_id: String,
    /// Kept sealed, never shown again.
    client_secret: String,
    /// Domains whose e-mails it may vouch for; each proven by the organization for signing in.
    #[serde(default)]
    domains: Vec<String>,
    /// Whether unknown people on these domains become members by signing in.
    #[serde(default)]
    jit: bool,
    /// Of those; `user` unless said.
    default_role: Option<String>,
    /// The claim that lists a person's groups; `groups` unless said.
    group_claim: Option<String>,
    /// Role by group, within the rights of whoever writes it.
    #[serde(default)]
    group_role_map: BTreeMap<String, String>,
    /// Whether people on these domains sign in this way only.
    #[serde(default)]
    enforced: bool,
    /// An admin with a second factor, who may come in without the provider; obligatory where it is enforced.
    break_glass_user_id: Option<UserId>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Contas da clínica", "jit": true }))]
pub struct ProviderBody {
    name: Option<String>,
    /// Only together with the secret.
    issuer: Option<String>,
    /// Only together with the secret.
    client_id: Option<String>,
    client_secret: Option<String>,
    domains: Option<Vec<String>>,
    jit: Option<bool>,
    default_role: Option<String>,
    group_claim: Option<String>,
    group_role_map: Option<BTreeMap<String, String>>,
    enforced: Option<bool>,
    /// `null` takes the person back.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<UserId>)]
    break_glass_user_id: Option<Option<UserId>>,
}

/// Tells `null` from absent.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<UserId>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Whether a provider answers as one.
#[derive(Serialize, utoipa::ToSchema)]
pub struct TestAnswer {
    ok: bool,
    /// Code of what is wrong.
    #[schema(example = "OIDC_PROVIDER_UNREACHABLE")]
    problem: Option<String>,
}

/// Identity providers of the organization.
#[utoipa::path(
    get, path = "/identity-providers", operation_id = "listIdentityProviders", tag = "identity",
    responses((status = 200, description = "All of them; secrets are never shown", body = Whole<ProviderView>)),
    extensions(("x-permission" = json!("organization.manage"))),
)]
async fn list(State(identity): State<Identity>, caller: Caller) -> Result<Json<Whole<ProviderView>>, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let providers = identity.providers(&caller.ctx, &mut tx).await?;
    tx.commit().await?;
    Ok(Json(Whole { data: providers }))
}

/// Add an identity provider. Asks for a recent proof of identity.
#[utoipa::path(
    post, path = "/identity-providers", operation_id = "createIdentityProvider", tag = "identity",
    request_body = NewProviderBody,
    responses((status = 201, description = "The provider", body = ProviderView)),
    extensions(("x-permission" = json!("organization.manage"))),
)]
async fn add(
    State(identity): State<Identity>,
    caller: Caller,
    Json(body): Json<NewProviderBody>,
) -> Result<Response, Refusal> {
    let new = ProviderChange {
        name: Some(body.name),
        issuer: Some(body.issuer),
        client_id: Some(body.client_id),
        client_secret: Some(body.client_secret),
        domains: Some(body.domains),
        jit: Some(body.jit),
        default_role: body.default_role,
        group_claim: body.group_claim,
        group_role_map: Some(body.group_role_map),
        enforced: Some(body.enforced),
        break_glass_user_id: Some(body.break_glass_user_id),
    };
    let mut tx = caller.begin(&identity.0.db).await?;
    let added = identity.add_provider(&caller.ctx, &mut tx, new).await?;
    let place = HeaderValue::try_from(format!("/api/identity-providers/{}", added.id)).map_err(Error::internal)?;
    caller.commit_with(tx, StatusCode::CREATED, [tag(&added), (header::LOCATION, place)], &added).await
}

/// Change an identity provider. Asks for a recent proof of identity.
#[utoipa::path(
    patch, path = "/identity-providers/{identity_provider_id}", operation_id = "changeIdentityProvider", tag = "identity",
    params(("identity_provider_id" = Uuid, Path, description = "Id of the provider")),
    request_body = ProviderBody,
    responses((status = 200, description = "The provider", body = ProviderView)),
    extensions(("x-permission" = json!("organization.manage"))),
)]
async fn change(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<ProviderBody>,
) -> Result<Response, Refusal> {
    let change = ProviderChange {
        name: body.name,
        issuer: body.issuer,
        client_id: body.client_id,
        client_secret: body.client_secret,
        domains: body.domains,
        jit: body.jit,
        default_role: body.default_role,
        group_claim: body.group_claim,
        group_role_map: body.group_role_map,
        enforced: body.enforced,
        break_glass_user_id: body.break_glass_user_id,
    };
    let mut tx = caller.begin(&identity.0.db).await?;
    let changed = identity.change_provider(&caller.ctx, &mut tx, id, change, if_match.0).await?;
    caller.commit_with(tx, StatusCode::OK, [tag(&changed)], &changed).await
}

/// Take an identity provider away, with everybody's links to it. Asks for a recent proof of identity.
#[utoipa::path(
    delete, path = "/identity-providers/{identity_provider_id}", operation_id = "deleteIdentityProvider", tag = "identity",
    params(("identity_provider_id" = Uuid, Path, description = "Id of the provider")),
    responses((status = 204, description = "Nobody signs in through it any more")),
    extensions(("x-permission" = json!("organization.manage"))),
)]
async fn remove(State(identity): State<Identity>, caller: Caller, Path(id): Path<Uuid>) -> Result<StatusCode, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    identity.remove_provider(&caller.ctx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask a provider for its description and keys now.
#[utoipa::path(
    post, path = "/identity-providers/{identity_provider_id}/test", operation_id = "testIdentityProvider", tag = "identity",
    params(("identity_provider_id" = Uuid, Path, description = "Id of the provider")),
    responses((status = 200, description = "What came of it", body = TestAnswer)),
    extensions(("x-permission" = json!("organization.manage"))),
)]
async fn test(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<TestAnswer>, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let issuer = identity.issuer_of(&caller.ctx, &mut tx, id).await?;
    // Nothing leaves inside a transaction.
    tx.commit().await?;
    match identity.discovered(&issuer, true).await {
        Ok(_) => Ok(Json(TestAnswer { ok: true, problem: None })),
        Err(error) if error.kind() == ErrorKind::Internal => Err(error.into()),
        Err(error) => Ok(Json(TestAnswer { ok: false, problem: Some(error.code().to_owned()) })),
    }
}

fn tag(view: &ProviderView) -> (header::HeaderName, HeaderValue) {
    (header::ETAG, etag(view.version))
}
