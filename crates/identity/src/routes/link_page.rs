//! The page that a link by mail opens, outside of `/api`. Only its button uses the link, so that scanners of mail which
//! look at every address burn nothing; the token stands behind the `#` and is in no server's log.
//!
//! A plain page of ours: a console may bring a better one at the same addresses. It never leads anywhere else.

use crate::handle::Identity;
use crate::links::Purpose;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, header};
use http_kit::Refusal;
use kernel::Error;
use utoipa_axum::router::OpenApiRouter;

const PAGE: &str = include_str!("link_page/page.html");
const SCRIPT: &str = include_str!("link_page/page.js");
const STYLE: &str = include_str!("link_page/page.css");

/// Its own script and style and our API, nothing else; nobody frames it.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);

/// Links that other parts of this domain keep.
const INVITATION: &str = "invitation";

pub fn router(identity: Identity) -> OpenApiRouter {
    OpenApiRouter::new()
        .route("/link/page.js", get(async || file(SCRIPT, "text/javascript; charset=utf-8")))
        .route("/link/page.css", get(async || file(STYLE, "text/css; charset=utf-8")))
        .route("/link/{page}", get(page))
        .with_state(identity)
}

async fn page(Path(name): Path<String>) -> Result<Response, Refusal> {
    let opened = [
        Purpose::VerifyEmail,
        Purpose::MagicLink,
        Purpose::ResetPassword,
        Purpose::ChangeEmail,
        Purpose::UndoEmailChange,
    ];
    if name != INVITATION && !opened.iter().any(|purpose| purpose.name() == name) {
        return Err(Error::not_found().into());
    }
    let mut response = file(PAGE, "text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
    Ok(response)
}

fn file(text: &'static str, kind: &'static str) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], text).into_response()
}
