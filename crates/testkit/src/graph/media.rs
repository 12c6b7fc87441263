//! Files: look-up, the short-lived link, upload.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::header::{CONTENT_TYPE, HeaderMap};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Duration, Utc};
use http::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::behaviour::{Call, Fault};
use super::server::{self, Object, Shares};
use super::{FakeGraph, Shared, ids};

/// A file the fake keeps.
#[derive(Clone)]
pub(crate) struct Stored {
    bytes: Bytes,
    mime_type: String,
    /// What a look-up says; differs from the truth when a test wants it so.
    sha256: String,
    until: DateTime<Utc>,
}

impl FakeGraph {
    /// Puts a file there as if a user had sent it; returns its id. It can be looked up for seven days.
    pub fn put_media(&self, mime_type: &str, bytes: impl Into<Bytes>) -> String {
        let bytes = bytes.into();
        let until = self.shared.now() + Duration::days(7);
        let sha256 = hex::encode(Sha256::digest(&bytes));
        let id = ids::media_id(&self.shared);
        let stored = Stored { bytes, mime_type: mime_type.to_owned(), sha256, until };
        self.shared.state().media.insert(id.clone(), stored);
        id
    }

    /// The file arrives damaged: what is served does not fit the hash that look-up and webhook tell.
    pub fn damage_media(&self, id: &str) {
        if let Some(stored) = self.shared.state().media.get_mut(id) {
            stored.bytes = Bytes::from([stored.bytes.as_ref(), b"!"].concat());
        }
    }

    /// The file is gone, as after seven days.
    pub fn expire_media(&self, id: &str) {
        self.shared.state().media.remove(id);
    }

    /// SHA-256 of a file in the form webhooks use (base64).
    pub fn media_sha256_base64(&self, id: &str) -> Option<String> {
        use base64::Engine;
        let sha256 = self.shared.state().media.get(id)?.sha256.clone();
        Some(base64::engine::general_purpose::STANDARD.encode(hex::decode(sha256).ok()?))
    }
}

/// The answer of `GET /{media_id}`, if there is such a file.
pub(crate) fn look_up(shared: &Shared, id: &str, query: &str) -> Result<Option<Value>, Fault> {
    let now = shared.now();
    let state = shared.state();
    let Some(stored) = state.media.get(id) else { return Ok(None) };
    let number = query.split('&').find_map(|pair| pair.strip_prefix("phone_number_id="));
    if stored.until < now || number.is_some_and(|number| !state.numbers.contains_key(number)) {
        return Err(Fault::no_such_object(id));
    }
    let until = (now + Duration::minutes(5)).timestamp();
    let url = format!("http://{}/media-files/{id}?ext={until}&hash={}", shared.address, link_hash(id, until));
    Ok(Some(json!({
        "messaging_product": "whatsapp",
        "url": url,
        "mime_type": stored.mime_type,
        "sha256": stored.sha256,
        // A string, as Meta sometimes has it.
        "file_size": stored.bytes.len().to_string(),
        "id": id,
    })))
}

/// The link: same token, five minutes.
pub(crate) async fn download(State(shared): Shares, Path(id): Path<String>, request: Request) -> Response {
    let (headers, uri) = (request.headers().clone(), request.uri().clone());
    let path = uri.to_string();
    let query = uri.query().unwrap_or_default().to_owned();
    let work = async { served(&shared, &id, &query, &headers) };
    server::simple(&shared, Call::MediaDownload, ("GET", &path), work).await
}

fn served(shared: &Shared, id: &str, query: &str, headers: &HeaderMap) -> Result<Response, Fault> {
    let now = shared.now().timestamp();
    let state = shared.state();
    if !state.numbers.values().any(|number| server::token(headers) == Some(&number.access_token)) {
        return Err(Fault::of(190));
    }
    let part = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name));
    let until = part("ext=").and_then(|until| until.parse::<i64>().ok()).unwrap_or_default();
    let genuine = part("hash=") == Some(link_hash(id, until).as_str());
    match state.media.get(id) {
        Some(stored) if genuine && now < until => {
            let kind = [(CONTENT_TYPE, stored.mime_type.clone())];
            Ok((StatusCode::OK, kind, stored.bytes.clone()).into_response())
        }
        _ => Ok(StatusCode::NOT_FOUND.into_response()),
    }
}

fn link_hash(id: &str, until: i64) -> String {
    hex::encode(Sha256::digest(format!("{id} {until}"))).get(..20).unwrap_or_default().to_owned()
}

/// `POST /{version}/{phone_number_id}/media`.
pub(crate) async fn upload(State(shared): Shares, Path((version, number)): Object, request: Request) -> Response {
    let headers = request.headers().clone();
    let path = request.uri().path().to_owned();
    let work = async {
        server::version(&version)?;
        let known = shared.state().numbers.get(&number).cloned().ok_or_else(|| Fault::no_such_object(&number))?;
        if server::token(&headers) != Some(&known.access_token) {
            return Err(Fault::of(190));
        }
        let body = server::read(request).await.ok_or_else(|| Fault::of(1))?;
        let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let (mime_type, bytes) = uploaded(kind, &body)?;
        let sha256 = hex::encode(Sha256::digest(&bytes));
        let stored = Stored { bytes, mime_type, sha256, until: shared.now() + Duration::days(30) };
        let id = ids::media_id(&shared);
        shared.state().media.insert(id.clone(), stored);
        Ok(Json(json!({ "id": id })).into_response())
    };
    server::simple(&shared, Call::MediaUpload, ("POST", &path), work).await
}

/// Type and bytes of an upload form: `messaging_product`, `type`, `file`.
fn uploaded(content_type: &str, body: &Bytes) -> Result<(String, Bytes), Fault> {
    let wrong = |details: &str| Fault::of(100).because(details);
    let boundary = content_type
        .strip_prefix("multipart/form-data")
        .and_then(|rest| rest.split("boundary=").nth(1))
        .map(|boundary| boundary.trim_matches('"').to_owned())
        .ok_or_else(|| wrong("the upload is no form"))?;
    let part = |name: &str| form_part(body, &boundary, name).ok_or_else(|| wrong(&format!("{name} is missing")));
    if part("messaging_product")? != b"whatsapp" {
        return Err(wrong("messaging_product must be whatsapp"));
    }
    let mime_type = String::from_utf8_lossy(part("type")?).into_owned();
    Ok((mime_type, Bytes::copy_from_slice(part("file")?)))
}

/// The bytes of the part with this name.
fn form_part<'a>(body: &'a [u8], boundary: &str, name: &str) -> Option<&'a [u8]> {
    let mark = format!("--{boundary}\r\n").into_bytes();
    let end = format!("\r\n--{boundary}").into_bytes();
    let wanted = format!("name=\"{name}\"");
    let mut rest = body;
    loop {
        rest = rest.get(find(rest, &mark)? + mark.len()..)?;
        let head = find(rest, b"\r\n\r\n")?;
        let content = rest.get(head + 4..)?;
        let length = find(content, &end)?;
        if String::from_utf8_lossy(rest.get(..head)?).contains(&wanted) {
            return content.get(..length);
        }
        // The end of a part begins with the line break before the next mark.
        rest = content.get(length + 2..)?;
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
