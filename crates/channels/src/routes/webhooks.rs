//! `/channels/webhooks/whatsapp`: Meta's handshake and deliveries. Public: the signature is the credential.

use crate::Channels;
use crate::connector::ConnectorKind;
use crate::intake::Webhook;
use axum::extract::{RawQuery, State};
use axum::http::header::{CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use http_kit::{RawBody, Refusal, RequestInfo};

/// Meta's handshake: answers the challenge when the verify token is right.
#[utoipa::path(
    get, path = "/channels/webhooks/whatsapp", operation_id = "verify_whatsapp_webhook", tag = "channels",
    params(
        ("hub.mode" = String, Query, example = "subscribe"),
        ("hub.verify_token" = String, Query),
        ("hub.challenge" = String, Query, example = "1158201444"),
    ),
    responses((status = 200, description = "The challenge", body = String, content_type = "text/plain")),
    extensions(("x-permission" = json!("public"))),
    security(()),
)]
pub(crate) async fn handshake(
    State(channels): State<Channels>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let challenge = channels.handshake(query.as_deref().unwrap_or_default())?;
    let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    Ok((StatusCode::OK, headers, challenge).into_response())
}

/// Takes a webhook in: 200 at once, whatever is inside, as soon as it is stored.
#[utoipa::path(
    post, path = "/channels/webhooks/whatsapp", operation_id = "receive_whatsapp_webhook", tag = "channels",
    params(("X-Hub-Signature-256" = String, Header, description = "`sha256=` and the HMAC of the raw body")),
    request_body(content = serde_json::Value, content_type = "application/json",
        example = json!({"object": "whatsapp_business_account", "entry": []})),
    responses((status = 200, description = "Stored"), (status = 401, description = "`SIGNATURE_INVALID`, nothing stored")),
    extensions(("x-permission" = json!("public"))),
    security(()),
)]
pub(crate) async fn receive(
    State(channels): State<Channels>,
    info: RequestInfo,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Response, Refusal> {
    let connector = ConnectorKind::Whatsapp;
    let webhook = Webhook {
        connector,
        signature: headers.get(connector.signature_header()).map(|value| value.as_bytes()),
        user_agent: info.user_agent(),
        body: &body,
        from: info.ip,
        request_id: info.request_id.clone(),
    };
    channels.take_in(webhook).await?;
    Ok(StatusCode::OK.into_response())
}
