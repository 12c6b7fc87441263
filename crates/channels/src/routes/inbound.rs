//! `/channel-accounts/{channel_account_id}/inbound`

use crate::Channels;
use crate::items::{self, InboundItem, ItemFilter, ItemState};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use http_kit::{Caller, Paging, Path, Query, Refusal, page_response};
use kernel::Page;
use kernel::ids::{ChannelAccountId, InboundItemId};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

/// Which items, and which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    #[serde(default)]
    state: Option<ItemState>,
    #[serde(flatten)]
    #[param(inline)]
    paging: Paging,
}

/// What came in for an account, newest first, without its content.
#[utoipa::path(
    get, path = "/channel-accounts/{channel_account_id}/inbound", operation_id = "list_inbound_items", tag = "channels",
    params(("channel_account_id" = ChannelAccountId, Path), ListQuery),
    responses((status = 200, description = "A page of items", body = Page<InboundItem>)),
    extensions(("x-permission" = json!("channels.view"))),
)]
pub(crate) async fn list(
    State(channels): State<Channels>,
    caller: Caller,
    Path(account): Path<ChannelAccountId>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&channels.db).await?;
    let filter = ItemFilter { state: query.state };
    let page = items::list(&caller.ctx, &mut tx, &channels.cursors, account, filter, &query.paging.request()).await?;
    tx.commit().await?;
    page_response(&caller.info, &page)
}

/// Runs an item again; the result equals running it once.
#[utoipa::path(
    post, path = "/channel-accounts/{channel_account_id}/inbound/{inbound_item_id}/replay",
    operation_id = "replay_inbound_item", tag = "channels",
    params(("channel_account_id" = ChannelAccountId, Path), ("inbound_item_id" = InboundItemId, Path)),
    responses((status = 202, description = "It will run")),
    extensions(("x-permission" = json!("channels.manage"))),
)]
pub(crate) async fn replay(
    State(channels): State<Channels>,
    caller: Caller,
    Path((account, item)): Path<(ChannelAccountId, InboundItemId)>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&channels.db).await?;
    items::replay(&caller.ctx, &mut tx, account, item).await?;
    caller.commit(tx, StatusCode::ACCEPTED, &json!({ "id": item })).await
}
