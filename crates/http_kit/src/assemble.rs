//! The whole HTTP face from its parts: modules' routes below `/api` and `/api/v1`, the document, the reference, and the
//! edge around everything.

use crate::edge::{Edge, EdgeSettings};
use crate::openapi;
use crate::route::describe_metrics;
use crate::security::DOCS_POLICY;
use axum::Router;
use axum::body::Bytes;
use axum::response::Response;
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use kernel::{Clock, Ids};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// What [`assemble`] puts together.
pub struct Assembly {
    /// Routes of the modules, paths relative to `/api`.
    pub routes: Vec<OpenApiRouter>,
    /// Routes with whole paths, documented too: health, public keys.
    pub outside: OpenApiRouter,
    /// Routes with whole paths that are no part of the API's description: metrics.
    pub hidden: Router,
    /// Layers around `routes`, inside the edge: identity's authentication.
    pub wrap: Box<dyn FnOnce(Router) -> Router>,
    /// Serves the reference at `/api/docs`.
    pub docs: bool,
    /// The product's version, for the document.
    pub version: String,
    pub edge: EdgeSettings,
    pub clock: Clock,
    pub ids: Ids,
}

/// The router of the house and the document that describes it. What holds requests open for long (Socket.IO) goes
/// around the result by its own layer: it must not pass the edge's time limit.
pub fn assemble(assembly: Assembly) -> (Router, OpenApi) {
    let Assembly { routes, outside, hidden, wrap, docs, version, edge, clock, ids } = assembly;
    let modules = routes.into_iter().fold(OpenApiRouter::new(), OpenApiRouter::merge);
    let (api, modules_document) = modules.split_for_parts();
    let (outside, outside_document) = outside.split_for_parts();
    let mut document = openapi::empty(&version).nest("/api", modules_document);
    document.merge(outside_document);
    openapi::complete(&mut document);

    let api = wrap(api);
    let mut router = Router::new().nest("/api/v1", api.clone()).nest("/api", api).merge(outside).merge(hidden);
    router = router.merge(document_route(&document));
    if docs {
        router = router.merge(reference());
    }
    describe_metrics();
    let router = router
        .fallback(|| async { StatusCode::NOT_FOUND })
        .method_not_allowed_fallback(|| async { StatusCode::METHOD_NOT_ALLOWED })
        .layer(Edge::new(edge, clock, ids))
        // Makes the services once; while a router's state is open, axum makes those of plain handlers for every request.
        .with_state(());
    (router, document)
}

/// The document, written once.
fn document_route(document: &OpenApi) -> Router {
    let text = Bytes::from(serde_json::to_vec(document).unwrap_or_default());
    let serve = move || async move {
        let mut response = Response::new(axum::body::Body::from(text));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    };
    Router::new().route("/api/openapi.json", get(serve.clone())).route("/api/v1/openapi.json", get(serve))
}

/// The interactive reference, from files inside the binary; no other host is asked for anything.
fn reference() -> Router {
    let config = Config::from("/api/openapi.json").validator_url("none").persist_authorization(false);
    let pages = Router::from(SwaggerUi::new("/api/docs").config(config));
    pages.layer(axum::middleware::map_response(|mut response: Response| async {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, DOCS_POLICY);
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }))
}
