//! JSON in and out: strict about what comes in, plain about what goes out.

use crate::refusal::Refusal;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::{Error, ErrorKind, FieldError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

/// Deepest nesting of objects and arrays that is read.
pub const MAX_DEPTH: u32 = 32;

/// As an extractor: the body, read strictly. 415 for another content type, 400 `MALFORMED_JSON` for what is no JSON (or
/// nested deeper than [`MAX_DEPTH`]), 422 with `errors` for fields that are unknown (the type says
/// `deny_unknown_fields`), missing, of a wrong type, given twice, or hold a NUL character.
/// As an answer: 200 with this body.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        if !is_json(request.headers()) {
            return Err(Error::new(
                ErrorKind::UnsupportedMediaType,
                "UNSUPPORTED_MEDIA_TYPE",
                "Send the body as `Content-Type: application/json`.",
            )
            .into());
        }
        let body = Bytes::from_request(request, state).await.map_err(unreadable)?;
        Ok(Self(parse(&body)?))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => json_response(body),
            Err(error) => Refusal::from(Error::internal(error)).into_response(),
        }
    }
}

/// Reads a JSON text strictly; what [`Json`] does with a body.
///
/// # Errors
/// 400 or 422 as [`Json`] says.
pub fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, Error> {
    match scan(text) {
        Scan::Fine => {}
        Scan::TooDeep => return Err(malformed("It is nested too deeply.")),
        Scan::Nul => return Err(Error::invalid_field("", "NUL_CHARACTER", "NUL characters are not allowed in texts.")),
    }
    match serde_json::from_slice(text) {
        Ok(value) => Ok(value),
        Err(error) if error.classify() == Category::Data => Err(Error::invalid(vec![wrong_field::<T>(text, &error)])),
        Err(error) => Err(malformed(&format!("{error}."))),
    }
}

/// An answer with a body that is JSON already.
pub fn json_response(body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// `application/json` or `application/*+json` (RFC 6838), with any parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(text) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// A body that could not be read to its end.
pub(crate) fn unreadable(rejection: BytesRejection) -> Refusal {
    let status = rejection.status();
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return Error::new(ErrorKind::TooLarge, "TOO_LARGE", "The body is too large.").into();
    }
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&rejection);
    while let Some(error) = cause {
        if error.is::<crate::server::BodyTooSlow>() {
            let error = Error::new(ErrorKind::BadRequest, "REQUEST_TIMEOUT", "The body came in too slowly.");
            return Refusal::with_status(StatusCode::REQUEST_TIMEOUT, error);
        }
        cause = error.source();
    }
    Error::new(ErrorKind::BadRequest, "BODY_UNREADABLE", "The body broke off.").into()
}

fn malformed(reason: &str) -> Error {
    Error::new(ErrorKind::BadRequest, "MALFORMED_JSON", format!("The body cannot be read as JSON. {reason}"))
}

#[derive(Debug, PartialEq, Eq)]
enum Scan {
    Fine,
    TooDeep,
    Nul,
}

/// One pass over the bytes for what the parser lets through: depth, and `\u0000` in strings (PostgreSQL cannot keep
/// it). Text that is no JSON at all passes; the parser finds it.
fn scan(text: &[u8]) -> Scan {
    let (mut depth, mut nul) = (0u32, false);
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Scan::TooDeep;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                while let Some(byte) = bytes.next() {
                    match byte {
                        b'"' => break,
                        b'\\' => {
                            let escaped = bytes.next();
                            nul |= escaped == Some(&b'u') && bytes.as_slice().starts_with(b"0000");
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    if nul { Scan::Nul } else { Scan::Fine }
}

/// Reads once more, slowly, to learn which field it was.
fn wrong_field<T: DeserializeOwned>(text: &[u8], error: &serde_json::Error) -> FieldError {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let mut track = serde_path_to_error::Track::new();
    let found = T::deserialize(serde_path_to_error::Deserializer::new(&mut reader, &mut track)).err();
    let message = found.as_ref().map_or_else(|| error.to_string(), ToString::to_string);
    // serde_json appends the place in the text, which says less than the path.
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    field_error(&dotted(&track.path()), message)
}

/// The path without the tracker's brackets and question marks: `segments.0.text`.
pub(crate) fn dotted(path: &serde_path_to_error::Path) -> String {
    let mut text = String::new();
    for segment in path {
        let part = match segment {
            serde_path_to_error::Segment::Seq { index } => index.to_string(),
            serde_path_to_error::Segment::Map { key } => key.clone(),
            serde_path_to_error::Segment::Enum { .. } | serde_path_to_error::Segment::Unknown => continue,
        };
        if !text.is_empty() {
            text.push('.');
        }
        text.push_str(&part);
    }
    text
}

/// A field error from serde's words, which are the only thing it tells.
pub(crate) fn field_error(path: &str, message: &str) -> FieldError {
    let named = message.split('`').nth(1);
    let (code, named) = if message.starts_with("unknown field") {
        ("UNKNOWN_FIELD", named)
    } else if message.starts_with("missing field") {
        ("REQUIRED", named)
    } else if message.starts_with("duplicate field") {
        ("DUPLICATE_FIELD", named)
    } else if message.starts_with("unknown variant") {
        ("UNKNOWN_VALUE", None)
    } else if message.starts_with("invalid type") {
        ("WRONG_TYPE", None)
    } else {
        ("INVALID_VALUE", None)
    };
    let field = match named {
        // The tracker sometimes ends the path with the field already.
        Some(name) if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        Some(name) if path.is_empty() => name.to_owned(),
        Some(name) => format!("{path}.{name}"),
        None => path.to_owned(),
    };
    FieldError { field: field.into(), code: code.into(), message: message.to_owned().into() }
}
