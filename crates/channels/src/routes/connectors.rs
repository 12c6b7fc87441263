//! `/connectors`: what this installation can speak.

use crate::Channels;
use crate::connector::ConnectorKind;
use axum::extract::State;
use http_kit::{Caller, Json, Refusal};
use kernel::{Page, Permission, Resource};
use serde::Serialize;
use utoipa::ToSchema;

/// A connector as the operator has set it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Connector {
    kind: ConnectorKind,
    enabled: bool,
    /// Longest text in UTF-16 code units.
    max_text_length: usize,
}

/// The connectors of this installation.
#[utoipa::path(
    get, path = "/connectors", operation_id = "list_connectors", tag = "channels",
    responses((status = 200, description = "All connectors that this version has", body = Page<Connector>)),
    extensions(("x-permission" = json!("channels.view"))),
)]
pub(crate) async fn list(State(channels): State<Channels>, caller: Caller) -> Result<Json<Page<Connector>>, Refusal> {
    caller.ctx.require(Permission::CHANNELS_VIEW, &Resource::organization(caller.ctx.organization_id()))?;
    let kind = ConnectorKind::Whatsapp;
    let connector =
        Connector { kind, enabled: channels.settings.whatsapp_enabled, max_text_length: kind.max_text_length() };
    Ok(Json(Page { data: vec![connector], next_cursor: None }))
}
