//! `/channel-accounts`

use crate::Channels;
use crate::accounts::{
    self, AccountChanges, AccountSettings, AccountStatus, ChannelAccount, Filter, GivenSecrets, NewAccount,
};
use crate::connector::ConnectorKind;
use ::store::TenantTx;
use axum::extract::State;
use axum::http::header::{ETAG, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use http_kit::{Caller, IfMatch, Json, Paging, Path, Query, Refusal, etag, page_response};
use kernel::ids::{ChannelAccountId, UnitId};
use kernel::{Error, Page};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// A new channel account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "whatsapp", "name": "Recepção", "external_id": "220011447788556", "simulation": true}))]
pub(crate) struct CreateBody {
    kind: ConnectorKind,
    name: String,
    /// WhatsApp: `phone_number_id`.
    #[serde(default)]
    external_id: Option<String>,
    #[serde(default)]
    unit_id: Option<UnitId>,
    #[serde(default)]
    simulation: bool,
    #[serde(default)]
    settings: SettingsBody,
    #[serde(default)]
    secrets: GivenSecrets,
}

/// Settings of a new account.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsBody {
    #[serde(default)]
    display_number: Option<String>,
    #[serde(default)]
    business_account_id: Option<String>,
    #[serde(default)]
    after_reply: Option<accounts::AfterReply>,
    #[serde(default)]
    assign_on_reply: Option<bool>,
}

/// Which accounts, and which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    #[serde(default)]
    status: Option<AccountStatus>,
    #[serde(flatten)]
    #[param(inline)]
    paging: Paging,
}

/// The accounts that the caller may see, oldest first.
#[utoipa::path(
    get, path = "/channel-accounts", operation_id = "list_channel_accounts", tag = "channels",
    params(ListQuery),
    responses((status = 200, description = "A page of accounts", body = Page<ChannelAccount>)),
    extensions(("x-permission" = json!("channels.view"))),
)]
pub(crate) async fn list(
    State(channels): State<Channels>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&channels.db).await?;
    let filter = Filter { status: query.status };
    let page = accounts::list(&caller.ctx, &mut tx, &channels.cursors, &filter, &query.paging.request()).await?;
    tx.commit().await?;
    page_response(&caller.info, &page)
}

/// Adds an account as a draft.
#[utoipa::path(
    post, path = "/channel-accounts", operation_id = "create_channel_account", tag = "channels",
    request_body = CreateBody,
    responses((status = 201, description = "The new draft", body = ChannelAccount)),
    extensions(("x-permission" = json!("channels.manage"))),
)]
pub(crate) async fn create(
    State(channels): State<Channels>,
    caller: Caller,
    Json(body): Json<CreateBody>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&channels.db).await?;
    let SettingsBody { display_number, business_account_id, after_reply, assign_on_reply } = body.settings;
    let new = NewAccount {
        kind: body.kind,
        name: body.name,
        external_id: body.external_id,
        unit_id: body.unit_id,
        simulation: body.simulation,
        settings: AccountSettings { display_number, business_account_id, after_reply, assign_on_reply },
        secrets: body.secrets,
    };
    let account = accounts::create(&channels, &caller.ctx, &mut tx, new).await?;
    let location = HeaderValue::try_from(format!("/api/channel-accounts/{}", account.id)).map_err(Error::internal)?;
    let headers = [(LOCATION, location), (ETAG, etag(account.version))];
    caller.commit_with(tx, StatusCode::CREATED, headers, &account).await
}

/// One account.
#[utoipa::path(
    get, path = "/channel-accounts/{channel_account_id}", operation_id = "get_channel_account", tag = "channels",
    params(("channel_account_id" = ChannelAccountId, Path)),
    responses((status = 200, description = "The account", body = ChannelAccount)),
    extensions(("x-permission" = json!("channels.view"))),
)]
pub(crate) async fn find(
    State(channels): State<Channels>,
    caller: Caller,
    Path(id): Path<ChannelAccountId>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&channels.db).await?;
    let account = accounts::find(&caller.ctx, &mut tx, id).await?;
    tx.commit().await?;
    let mut answer = Json(&account).into_response();
    answer.headers_mut().insert(ETAG, etag(account.version));
    Ok(answer)
}

/// Changes an account; needs `If-Match`.
#[utoipa::path(
    patch, path = "/channel-accounts/{channel_account_id}", operation_id = "update_channel_account", tag = "channels",
    params(("channel_account_id" = ChannelAccountId, Path), ("If-Match" = String, Header, example = "\"v1\"")),
    request_body(content = AccountChanges, example = json!({"name": "Recepção central"})),
    responses((status = 200, description = "The account as it is now", body = ChannelAccount)),
    extensions(("x-permission" = json!("channels.manage"))),
)]
pub(crate) async fn change(
    State(channels): State<Channels>,
    caller: Caller,
    Path(id): Path<ChannelAccountId>,
    if_match: IfMatch,
    Json(changes): Json<AccountChanges>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&channels.db).await?;
    // Existence first: a foreign id must look unknown, whatever the headers are.
    accounts::find(&caller.ctx, &mut tx, id).await?;
    let expected = if_match.required()?;
    let account = accounts::change(&channels, &caller.ctx, &mut tx, id, Some(expected), changes).await?;
    answer(&caller, tx, &account).await
}

/// Makes an account active, once nothing is missing.
#[utoipa::path(
    post, path = "/channel-accounts/{channel_account_id}/activate", operation_id = "activate_channel_account", tag = "channels",
    params(("channel_account_id" = ChannelAccountId, Path)),
    responses(
        (status = 200, description = "The active account", body = ChannelAccount),
        (status = 422, description = "`ACTIVATION_REQUIREMENTS` with one error per missing item"),
    ),
    extensions(("x-permission" = json!("channels.manage"))),
)]
pub(crate) async fn activate(
    State(channels): State<Channels>,
    caller: Caller,
    Path(id): Path<ChannelAccountId>,
) -> Result<Response, Refusal> {
    let checked = channels.check_credentials(&caller.ctx, id).await?;
    let mut tx = caller.begin(&channels.db).await?;
    let account = accounts::activate(&channels, &caller.ctx, &mut tx, id, checked).await?;
    answer(&caller, tx, &account).await
}

/// Outbound waits from now on; inbound goes on.
#[utoipa::path(
    post, path = "/channel-accounts/{channel_account_id}/pause", operation_id = "pause_channel_account", tag = "channels",
    params(("channel_account_id" = ChannelAccountId, Path)),
    responses((status = 200, description = "The paused account", body = ChannelAccount)),
    extensions(("x-permission" = json!("channels.manage"))),
)]
pub(crate) async fn pause(
    State(channels): State<Channels>,
    caller: Caller,
    Path(id): Path<ChannelAccountId>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&channels.db).await?;
    let account = accounts::pause(&caller.ctx, &mut tx, id).await?;
    answer(&caller, tx, &account).await
}

/// Ends an account for good; its number is free.
#[utoipa::path(
    post, path = "/channel-accounts/{channel_account_id}/archive", operation_id = "archive_channel_account", tag = "channels",
    params(("channel_account_id" = ChannelAccountId, Path)),
    responses((status = 200, description = "The archived account", body = ChannelAccount)),
    extensions(("x-permission" = json!("channels.manage"))),
)]
pub(crate) async fn archive(
    State(channels): State<Channels>,
    caller: Caller,
    Path(id): Path<ChannelAccountId>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&channels.db).await?;
    let account = accounts::archive(&caller.ctx, &mut tx, id).await?;
    answer(&caller, tx, &account).await
}

async fn answer(caller: &Caller, tx: TenantTx, account: &ChannelAccount) -> Result<Response, Refusal> {
    caller.commit_with(tx, StatusCode::OK, [(ETAG, etag(account.version))], account).await
}
