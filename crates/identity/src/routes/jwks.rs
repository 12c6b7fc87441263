//! What lies outside of `/api`: the public keys, and the pages that links by mail open.

use crate::handle::Identity;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use http_kit::{Json, Refusal};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How long others may keep the list: much less than the hour that a key is published before it signs.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// Routes with whole paths: `GET /.well-known/jwks.json` (RFC 7517), `GET /link/{page}`.
pub fn well_known(identity: Identity) -> OpenApiRouter {
    let pages = super::link_page::router(identity.clone());
    OpenApiRouter::new().routes(routes!(jwks)).with_state(identity).merge(pages)
}

/// The public keys that sign access tokens.
///
/// A key is published an hour before it signs, so five minutes of caching lose nothing.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", operation_id = "getPublicKeys", tag = "identity",
    responses((status = 200, description = "A JWK set (RFC 7517)", body = Object)),
    extensions(("x-permission" = json!("public"))),
    security(()),
)]
async fn jwks(State(identity): State<Identity>) -> Result<Response, Refusal> {
    let keys = identity.0.keys.current().await?;
    let mut response = Json(&keys.jwks).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, CACHE);
    Ok(response)
}
