//! Problem answers (RFC 9457): one shape for everything that goes wrong, our own refusals and the framework's.

use crate::request::RequestFacts;
use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use kernel::{Error, ErrorKind, FieldError};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

/// The content type of problem answers.
pub const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// An error with the status it is answered with. Travels in the extensions of its own answer, so that the edge can add
/// what only the edge knows.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub status: StatusCode,
    pub error: Error,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self { status: status_of(error.kind()), error }
    }
}

impl Problem {
    /// The problem of an answer that the framework gave by its bare status.
    pub fn of_status(status: StatusCode) -> Self {
        use ErrorKind::{
            BadRequest, Conflict, Forbidden, Gone, PreconditionFailed, TooLarge, TooManyRequests, Unauthenticated,
            Unavailable, UnsupportedMediaType,
        };
        let (kind, code, detail) = match status.as_u16() {
            401 => (Unauthenticated, "UNAUTHENTICATED", "Sign in first."),
            403 => (Forbidden, "PERMISSION_DENIED", "You may not do this."),
            404 => return Self::from(Error::not_found()),
            405 => (BadRequest, "METHOD_NOT_ALLOWED", "This address does not know the method; see Allow."),
            408 => (BadRequest, "REQUEST_TIMEOUT", "The request came in too slowly."),
            409 => (Conflict, "CONFLICT", "The state does not allow it."),
            410 => (Gone, "GONE", "This is gone for good."),
            412 => (PreconditionFailed, "PRECONDITION_FAILED", "It was changed in the meantime."),
            413 => (TooLarge, "TOO_LARGE", "The body is too large."),
            415 => (UnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "This content type is not understood here."),
            429 => (TooManyRequests, "RATE_LIMITED", "Too many requests; wait as long as Retry-After says."),
            503 => (Unavailable, "UNAVAILABLE", "Not now; try again."),
            504 => (Unavailable, "TIMEOUT", "It took too long and was given up."),
            code if code < 500 => (BadRequest, "BAD_REQUEST", "The request cannot be understood."),
            _ => return Self { status, error: Error::internal("answered by its bare status") },
        };
        Self { status, error: Error::new(kind, code, detail) }
    }
}

/// The answer for `problem`; `request` adds `instance` and `request_id`.
pub(crate) fn render(problem: &Problem, request: Option<&RequestFacts>) -> Response {
    let body = serde_json::to_vec(&Members { problem, request }).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = problem.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, PROBLEM_JSON);
    if let Some(ms) = problem.error.retry_after_ms() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1_000).max(1)));
    }
    if problem.status == StatusCode::UNAUTHORIZED {
        let challenge = match request {
            // RFC 6750, section 3.1: no error code where no credential was presented.
            Some(request) if request.presented_credential => r#"Bearer realm="balcao", error="invalid_token""#,
            _ => r#"Bearer realm="balcao""#,
        };
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    response
}

/// Writes the private half to the log, once, where it is our fault.
pub(crate) fn record(problem: &Problem) {
    let private = problem.error.private().map(telemetry::redact::scrub).unwrap_or_default();
    let code = problem.error.code();
    match problem.status.as_u16() {
        503 => tracing::warn!(code, reason = %private, "a request could not be served now"),
        500.. => tracing::error!(code, reason = %private, "a request failed"),
        _ if !private.is_empty() => tracing::debug!(code, reason = %private, "a request was refused"),
        _ => {}
    }
}

/// The HTTP status of an error's kind.
pub fn status_of(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::BadRequest => StatusCode::BAD_REQUEST,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::Gone => StatusCode::GONE,
        ErrorKind::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ErrorKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
        ErrorKind::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// The members of the body, in this order.
struct Members<'p> {
    problem: &'p Problem,
    request: Option<&'p RequestFacts>,
}

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let error = &self.problem.error;
        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("type", &type_of(error.code()))?;
        members.serialize_entry("title", &title_of(error.code()))?;
        members.serialize_entry("status", &self.problem.status.as_u16())?;
        members.serialize_entry("detail", error.detail())?;
        if let Some(request) = self.request {
            members.serialize_entry("instance", request.uri.path())?;
        }
        members.serialize_entry("code", error.code())?;
        if !error.fields().is_empty() {
            members.serialize_entry("errors", error.fields())?;
        }
        for (name, value) in error.extra().iter().filter(|(name, _)| !RESERVED.contains(&name.as_str())) {
            members.serialize_entry(name, value)?;
        }
        if let Some(request) = self.request {
            members.serialize_entry("request_id", &*request.request_id)?;
        }
        members.end()
    }
}

/// Members that an extension may not shadow.
const RESERVED: [&str; 8] = ["type", "title", "status", "detail", "instance", "code", "errors", "request_id"];

/// A stable reference: the code in lower case with hyphens below `/problems/`.
fn type_of(code: &str) -> String {
    let mut reference = String::with_capacity(10 + code.len());
    reference.push_str("/problems/");
    reference.extend(code.chars().map(|c| if c == '_' { '-' } else { c.to_ascii_lowercase() }));
    reference
}

/// The same for every occurrence of a type: the code as words.
fn title_of(code: &str) -> String {
    let words = code.chars().map(|c| if c == '_' { ' ' } else { c.to_ascii_lowercase() });
    words.enumerate().map(|(i, c)| if i == 0 { c.to_ascii_uppercase() } else { c }).collect()
}

/// A problem answer, for the documentation.
#[derive(utoipa::ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "only its schema is used; the answer is written by `Members`")]
pub(crate) struct ProblemSchema {
    /// Stable reference of the kind of problem.
    #[schema(example = "/problems/not-found")]
    r#type: String,
    /// The same for every occurrence of the type.
    #[schema(example = "Not found")]
    title: String,
    /// The HTTP status.
    #[schema(example = 404, minimum = 400, maximum = 599)]
    status: u16,
    /// This occurrence, for people; may change.
    #[schema(example = "There is nothing here that you may see.")]
    detail: String,
    /// Path of the request.
    #[schema(example = "/api/conversations/01990c5e-8f6a-7000-8000-000000000001")]
    instance: Option<String>,
    /// Stable, upper snake case.
    #[schema(example = "NOT_FOUND")]
    code: String,
    /// What is wrong with which field (422 and 400).
    errors: Option<Vec<FieldError>>,
    /// The `X-Request-ID` of this request.
    request_id: Option<String>,
    /// More members, by the code.
    #[serde(flatten)]
    more: Map<String, Value>,
}
