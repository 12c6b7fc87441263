//! The one error that crosses borders: transport-free, with a public and a private half.

use std::borrow::Cow;
use std::fmt;

/// What kind of refusal or failure it is. Transports map it (HTTP: the status in parentheses).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Malformed (400).
    BadRequest,
    /// No or bad credentials (401).
    Unauthenticated,
    /// Known, not allowed (403).
    Forbidden,
    /// Not there, or not to be known (404).
    NotFound,
    /// The state does not allow it (409).
    Conflict,
    /// Gone for good (410).
    Gone,
    /// `If-Match` does not match (412).
    PreconditionFailed,
    /// Too large (413).
    TooLarge,
    /// Wrong content type (415).
    UnsupportedMediaType,
    /// Good syntax, wrong meaning (422).
    Invalid,
    /// `If-Match` is missing (428).
    PreconditionRequired,
    /// A limit was reached (429).
    TooManyRequests,
    /// Our fault (500).
    Internal,
    /// Not now (503).
    Unavailable,
}

/// One wrong field of a body or query.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// Path of the field, dotted: `segments.0.text`.
    #[schema(value_type = String, example = "segments.0.text")]
    pub field: Cow<'static, str>,
    /// Stable code, upper snake case.
    #[schema(value_type = String, example = "TOO_LONG")]
    pub code: Cow<'static, str>,
    /// For people; may change.
    #[schema(value_type = String)]
    pub message: Cow<'static, str>,
}

/// An error as it leaves a command. `Display` shows the public half only.
#[derive(Clone, Debug)]
pub struct Error(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    kind: ErrorKind,
    code: &'static str,
    detail: Cow<'static, str>,
    private: Option<String>,
    retryable: bool,
    retry_after_ms: Option<u64>,
    fields: Vec<FieldError>,
    extra: serde_json::Map<String, serde_json::Value>,
    denied: Option<Denied>,
}

/// That an error is a refusal by the rules of access: what the edge records as `access.denied`, never shown to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denied {
    /// The permission that was asked for.
    pub action: &'static str,
    /// Why not, as `Deny::reason` names it.
    pub reason: &'static str,
}

impl Error {
    /// An error with a stable `code` (upper snake case) and a `detail` that a client may read.
    pub fn new(kind: ErrorKind, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        let retryable = matches!(kind, ErrorKind::Unavailable | ErrorKind::Internal | ErrorKind::TooManyRequests);
        Self(Box::new(Parts {
            kind,
            code,
            detail: detail.into(),
            private: None,
            retryable,
            retry_after_ms: None,
            fields: Vec::new(),
            extra: serde_json::Map::new(),
            denied: None,
        }))
    }

    /// The answer for what is not there and for what must not be known alike.
    pub fn not_found() -> Self {
        Self::new(ErrorKind::NotFound, "NOT_FOUND", "There is nothing here that you may see.")
    }

    /// Our fault: `private` goes to the log, never to a client.
    pub fn internal(private: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Internal, "INTERNAL_ERROR", "Something went wrong on our side; it was recorded.")
            .with_private(private)
    }

    /// Wrong fields (422 `VALIDATION_FAILED`).
    pub fn invalid(fields: Vec<FieldError>) -> Self {
        let mut error = Self::new(ErrorKind::Invalid, "VALIDATION_FAILED", "Some fields are not valid.");
        error.0.fields = fields;
        error
    }

    /// One wrong field (422 `VALIDATION_FAILED`).
    pub fn invalid_field(
        field: impl Into<Cow<'static, str>>,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::invalid(vec![FieldError { field: field.into(), code: code.into(), message: message.into() }])
    }

    #[must_use]
    pub fn with_private(mut self, private: impl fmt::Display) -> Self {
        self.0.private = Some(private.to_string());
        self
    }

    #[must_use]
    pub fn with_retry_after_ms(mut self, ms: u64) -> Self {
        self.0.retry_after_ms = Some(ms);
        self
    }

    /// Says whether a job that met this error should run again (by default: `Internal`, `Unavailable`, `TooManyRequests`).
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    /// Adds an extension member to the problem answer, e.g. `required`.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<serde_json::Value>) -> Self {
        self.0.extra.insert(member.to_owned(), value.into());
        self
    }

    /// Marks it as a refusal by the rules of access.
    #[must_use]
    pub fn with_denied(mut self, action: &'static str, reason: &'static str) -> Self {
        self.0.denied = Some(Denied { action, reason });
        self
    }

    #[must_use]
    pub fn with_fields(mut self, fields: Vec<FieldError>) -> Self {
        self.0.fields = fields;
        self
    }

    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }
    pub fn code(&self) -> &'static str {
        self.0.code
    }
    pub fn detail(&self) -> &str {
        &self.0.detail
    }
    /// The half for the log.
    pub fn private(&self) -> Option<&str> {
        self.0.private.as_deref()
    }
    pub fn retryable(&self) -> bool {
        self.0.retryable
    }
    pub fn retry_after_ms(&self) -> Option<u64> {
        self.0.retry_after_ms
    }
    pub fn fields(&self) -> &[FieldError] {
        &self.0.fields
    }
    /// The refusal behind it, if it is one.
    pub fn denied(&self) -> Option<Denied> {
        self.0.denied
    }
    pub fn extra(&self) -> &serde_json::Map<String, serde_json::Value> {
        &self.0.extra
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.detail)
    }
}

impl std::error::Error for Error {}
