//! The HTTP face: extract, call, answer.

mod accounts;
mod attachments;
mod connectors;
mod inbound;
mod webhooks;

use crate::Channels;
use crate::connector::ConnectorKind;
use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// All routes; paths are relative to `/api`.
pub(crate) fn routes(channels: Channels) -> OpenApiRouter {
    let webhooks = OpenApiRouter::new()
        .routes(routes!(webhooks::handshake, webhooks::receive))
        .layer(DefaultBodyLimit::max(ConnectorKind::Whatsapp.max_webhook_bytes()));
    OpenApiRouter::new()
        .routes(routes!(connectors::list))
        .routes(routes!(accounts::list, accounts::create))
        .routes(routes!(accounts::find, accounts::change))
        .routes(routes!(accounts::activate))
        .routes(routes!(accounts::pause))
        .routes(routes!(accounts::archive))
        .routes(routes!(inbound::list))
        .routes(routes!(inbound::replay))
        .routes(routes!(attachments::content))
        .merge(webhooks)
        .with_state(channels)
}
