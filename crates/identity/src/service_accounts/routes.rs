//! `/service-accounts` and their keys.

use super::{
    AccountChanges, AccountView, KeyView, MadeKey, NewAccount, NewKey, change_account, create_account, delete_account,
    find_account, list_accounts, list_keys, make_key, revoke_key, rotate_key,
};
use crate::handle::Identity;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http::header::{CACHE_CONTROL, ETAG, LOCATION};
use http::{HeaderValue, StatusCode};
use http_kit::{Caller, IfMatch, Json, Path, Refusal, etag};
use kernel::masks::Mask;
use kernel::{Error, ErrorKind};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

const OVERLAP_HOURS: i64 = 24;

/// Routes relative to `/api`.
pub fn router(identity: Identity) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(find, change, remove))
        .routes(routes!(keys, make))
        .routes(routes!(rotate))
        .routes(routes!(revoke))
        .with_state(identity)
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct AccountList {
    data: Vec<AccountView>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct KeyList {
    data: Vec<KeyView>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Integração do prontuário", "description": "Lê conversas à noite" }))]
pub struct AccountBody {
    /// 2 to 80 characters, unique without case.
    name: String,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "status": "disabled" }))]
pub struct AccountChangesBody {
    name: Option<String>,
    description: Option<String>,
    status: Option<AccountStatus>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    Active,
    Disabled,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "produção", "scopes": ["messaging.view"], "masks": ["contact_pii"], "ip_allowlist": ["203.0.113.0/24"] }))]
pub struct KeyBody {
    name: Option<String>,
    /// Permissions, each held by the account and by the caller.
    scopes: Vec<String>,
    #[serde(default)]
    masks: Vec<Mask>,
    #[serde(default)]
    ip_allowlist: Vec<String>,
    /// 90 days from now unless said, at most 365.
    expires_at: Option<DateTime<Utc>>,
}

#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "overlap_hours": 24 }))]
pub struct RotateBody {
    /// How long the old key stays good, 0 to 168; 24 unless said.
    overlap_hours: Option<i64>,
}

/// A key with its secret, which is shown this once.
#[derive(Serialize, utoipa::ToSchema)]
pub struct MadeKeyAnswer {
    #[serde(flatten)]
    key: KeyView,
    #[schema(example = "blc_live_7Qm2Xw9a_0000000000000000000000000000000000000000000_000000")]
    secret: String,
}

/// Service accounts, by name.
#[utoipa::path(
    get, path = "/service-accounts", operation_id = "listServiceAccounts", tag = "identity",
    responses((status = 200, description = "All service accounts", body = AccountList)),
    extensions(("x-permission" = json!("service_accounts.view"))),
)]
pub async fn list(State(identity): State<Identity>, caller: Caller) -> Result<Json<AccountList>, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let data = list_accounts(&caller.ctx, &mut tx).await?;
    tx.commit().await?;
    Ok(Json(AccountList { data }))
}

/// Makes a service account without roles: assign some, then make a key.
#[utoipa::path(
    post, path = "/service-accounts", operation_id = "createServiceAccount", tag = "identity",
    request_body = AccountBody,
    responses((status = 201, description = "The new account", body = AccountView)),
    extensions(("x-permission" = json!("service_accounts.manage"))),
)]
pub async fn create(
    State(identity): State<Identity>,
    caller: Caller,
    Json(body): Json<AccountBody>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    let new = NewAccount { name: body.name, description: body.description };
    let account = create_account(&caller.ctx, &mut tx, new).await?;
    let location = HeaderValue::try_from(format!("/api/service-accounts/{}", account.id)).map_err(Error::internal)?;
    let headers = [(LOCATION, location), (ETAG, etag(account.version))];
    caller.commit_with(tx, StatusCode::CREATED, headers, &account).await
}

/// One service account.
#[utoipa::path(
    get, path = "/service-accounts/{service_account_id}", operation_id = "getServiceAccount", tag = "identity",
    params(("service_account_id" = Uuid, Path)),
    responses((status = 200, description = "The account", body = AccountView)),
    extensions(("x-permission" = json!("service_accounts.view"))),
)]
pub async fn find(State(identity): State<Identity>, caller: Caller, Path(id): Path<Uuid>) -> Result<Response, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let account = find_account(&caller.ctx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(([(ETAG, etag(account.version))], Json(account)).into_response())
}

/// Changes a service account; disabling it refuses its keys at once.
#[utoipa::path(
    patch, path = "/service-accounts/{service_account_id}", operation_id = "updateServiceAccount", tag = "identity",
    params(("service_account_id" = Uuid, Path)),
    request_body = AccountChangesBody,
    responses((status = 200, description = "The account as it is now", body = AccountView)),
    extensions(("x-permission" = json!("service_accounts.manage"))),
)]
pub async fn change(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<AccountChangesBody>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    let active = body.status.map(|status| status == AccountStatus::Active);
    let changes = AccountChanges { name: body.name, description: body.description, active };
    let account = change_account(&caller.ctx, &mut tx, id, if_match.0, changes).await?;
    let answer = caller.commit_with(tx, StatusCode::OK, [(ETAG, etag(account.version))], &account).await?;
    identity.rights_changed();
    Ok(answer)
}

/// Ends a service account with its keys and roles.
#[utoipa::path(
    delete, path = "/service-accounts/{service_account_id}", operation_id = "deleteServiceAccount", tag = "identity",
    params(("service_account_id" = Uuid, Path)),
    responses((status = 204, description = "Gone")),
    extensions(("x-permission" = json!("service_accounts.manage"))),
)]
pub async fn remove(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    delete_account(&caller.ctx, &mut tx, id, if_match.0).await?;
    let answer = caller.commit(tx, StatusCode::NO_CONTENT, &()).await?;
    identity.rights_changed();
    Ok(answer)
}

/// Keys of an account, newest first, without their secrets.
#[utoipa::path(
    get, path = "/service-accounts/{service_account_id}/keys", operation_id = "listApiKeys", tag = "identity",
    params(("service_account_id" = Uuid, Path)),
    responses((status = 200, description = "The keys", body = KeyList)),
    extensions(("x-permission" = json!("service_accounts.view"))),
)]
pub async fn keys(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<KeyList>, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let data = list_keys(&caller.ctx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(KeyList { data }))
}

/// Makes a key. Its secret is shown in this answer only. Needs a recent proof of identity; takes no `Idempotency-Key`,
/// because an answer with a secret is not kept.
#[utoipa::path(
    post, path = "/service-accounts/{service_account_id}/keys", operation_id = "createApiKey", tag = "identity",
    params(("service_account_id" = Uuid, Path)),
    request_body = KeyBody,
    responses((status = 201, description = "The key with its secret", body = MadeKeyAnswer)),
    extensions(("x-permission" = json!("service_accounts.manage"))),
)]
pub async fn make(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Json(body): Json<KeyBody>,
) -> Result<Response, Refusal> {
    refuse_idempotency(&caller)?;
    let mut tx = caller.begin(&identity.0.db).await?;
    let new = NewKey {
        name: body.name,
        scopes: body.scopes,
        masks: body.masks,
        ip_allowlist: body.ip_allowlist,
        expires_at: body.expires_at,
    };
    let made = make_key(&caller.ctx, &mut tx, id, new).await?;
    tx.commit().await?;
    Ok(shown_once(made))
}

/// Makes a key in the place of another one, which stays good for the overlap.
#[utoipa::path(
    post, path = "/service-accounts/{service_account_id}/keys/{api_key_id}/rotate", operation_id = "rotateApiKey", tag = "identity",
    params(("service_account_id" = Uuid, Path), ("api_key_id" = Uuid, Path)),
    request_body = RotateBody,
    responses((status = 201, description = "The new key with its secret", body = MadeKeyAnswer)),
    extensions(("x-permission" = json!("service_accounts.manage"))),
)]
pub async fn rotate(
    State(identity): State<Identity>,
    caller: Caller,
    Path((account, id)): Path<(Uuid, Uuid)>,
    Json(body): Json<RotateBody>,
) -> Result<Response, Refusal> {
    refuse_idempotency(&caller)?;
    let mut tx = caller.begin(&identity.0.db).await?;
    let made = rotate_key(&caller.ctx, &mut tx, account, id, body.overlap_hours.unwrap_or(OVERLAP_HOURS)).await?;
    tx.commit().await?;
    identity.rights_changed();
    Ok(shown_once(made))
}

/// Ends a key at once.
#[utoipa::path(
    delete, path = "/service-accounts/{service_account_id}/keys/{api_key_id}", operation_id = "revokeApiKey", tag = "identity",
    params(("service_account_id" = Uuid, Path), ("api_key_id" = Uuid, Path)),
    responses((status = 204, description = "Ended")),
    extensions(("x-permission" = json!("service_accounts.manage"))),
)]
pub async fn revoke(
    State(identity): State<Identity>,
    caller: Caller,
    Path((account, id)): Path<(Uuid, Uuid)>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    revoke_key(&caller.ctx, &mut tx, account, id).await?;
    let answer = caller.commit(tx, StatusCode::NO_CONTENT, &()).await?;
    identity.rights_changed();
    Ok(answer)
}

fn shown_once(made: MadeKey) -> Response {
    let answer = MadeKeyAnswer { key: made.view, secret: made.secret.expose().to_owned() };
    let headers = [(CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (StatusCode::CREATED, headers, Json(answer)).into_response()
}

fn refuse_idempotency(caller: &Caller) -> Result<(), Error> {
    if caller.has_idempotency_key() {
        return Err(Error::new(
            ErrorKind::BadRequest,
            "IDEMPOTENCY_NOT_SUPPORTED",
            "This answer holds a secret and is not kept; send no Idempotency-Key.",
        ));
    }
    Ok(())
}
