//! One page of a list as an answer.

use crate::json::json_response;
use crate::refusal::Refusal;
use crate::request::RequestFacts;
use axum::response::Response;
use http::{HeaderValue, header};
use kernel::{Error, Page};
use serde::Serialize;

/// Room for one entry in bytes: a text that grows as it is written is copied again and again.
const ENTRY: usize = 1_536;

/// 200 with the page, and with `Link: <..>; rel="next"` (RFC 8288) where there is a next one. The reference is
/// relative to the request, so that it holds behind any proxy.
///
/// # Errors
/// When the page cannot be written as JSON.
pub fn page_response<T: Serialize>(request: &RequestFacts, page: &Page<T>) -> Result<Response, Refusal> {
    let mut body = Vec::with_capacity(page.data.len() * ENTRY + 256);
    serde_json::to_writer(&mut body, page).map_err(Error::internal)?;
    Ok(linked(request, body, page.next_cursor.as_deref()))
}

/// The same for entries that are JSON already, with commas between.
///
/// # Errors
/// When the cursor cannot be written as JSON.
pub fn written_page_response(
    request: &RequestFacts,
    entries: &[u8],
    next_cursor: Option<&str>,
) -> Result<Response, Refusal> {
    let mut body = Vec::with_capacity(entries.len() + 256);
    body.extend_from_slice(br#"{"data":["#);
    body.extend_from_slice(entries);
    body.extend_from_slice(br#"],"next_cursor":"#);
    serde_json::to_writer(&mut body, &next_cursor).map_err(Error::internal)?;
    body.push(b'}');
    Ok(linked(request, body, next_cursor))
}

fn linked(request: &RequestFacts, body: Vec<u8>, next_cursor: Option<&str>) -> Response {
    let mut response = json_response(body);
    if let Some(cursor) = next_cursor
        && let Ok(link) = HeaderValue::try_from(next_link(request, cursor))
    {
        response.headers_mut().insert(header::LINK, link);
    }
    response
}

fn next_link(request: &RequestFacts, cursor: &str) -> String {
    let query = request.uri.query().unwrap_or_default();
    let mut link = String::with_capacity(request.uri.path().len() + query.len() + cursor.len() + 24);
    link.push('<');
    link.push_str(request.uri.path());
    link.push('?');
    for pair in query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("cursor=")) {
        link.push_str(pair);
        link.push('&');
    }
    link.push_str("cursor=");
    link.extend(form_urlencoded::byte_serialize(cursor.as_bytes()));
    link.push_str(">; rel=\"next\"");
    link
}
