//! What is known of a request before its handler runs: its id, where it comes from, its trace.

use crate::idempotency::GivenKey;
use crate::rate_limit::{Charge, Limiter};
use crate::refusal::Refusal;
use crate::route::Route;
use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Uri};
use kernel::{Clock, Ctx, Error, Ids, Origin, Subject};
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use telemetry::TraceContext;

/// The facts of one request; cheap to clone, fields by dereferencing. Set by the edge, taken by handlers as an
/// extractor.
#[derive(Clone)]
pub struct RequestInfo(pub(crate) Arc<RequestFacts>);

/// See [`RequestInfo`].
pub struct RequestFacts {
    /// `X-Request-ID` as the client gave it, or a new one; echoed in the answer.
    pub request_id: Arc<str>,
    /// The client's address: the socket's, or what a configured proxy says.
    pub ip: IpAddr,
    pub clock: Clock,
    pub ids: Ids,
    /// Our step in the caller's trace, or a trace of its own.
    pub trace: TraceContext,
    pub method: Method,
    /// Path and query as asked for.
    pub uri: Uri,
    pub(crate) user_agent: Option<HeaderValue>,
    /// Whether the request carried an `Authorization` header.
    pub(crate) presented_credential: bool,
    pub(crate) route: Arc<Route>,
    pub(crate) limiter: Arc<Limiter>,
    /// The tightest of what was counted for this request, for the `RateLimit` headers.
    pub(crate) charge: Mutex<Option<Charge>>,
    pub(crate) idempotency: Option<GivenKey>,
}

impl RequestFacts {
    /// The client's name for itself, at most 256 bytes, visible ASCII only. Personal data: not for logs.
    pub fn user_agent(&self) -> Option<&str> {
        let text = self.user_agent.as_ref()?.to_str().ok()?;
        text.get(..text.len().min(256))
    }

    /// Method and path template, e.g. `/api/conversations/{conversation_id}`; `unmatched` where there is no route.
    pub fn route_template(&self) -> &str {
        &self.route.template
    }

    pub(crate) fn remember(&self, charge: Charge) {
        let mut kept = self.charge.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.as_ref().is_none_or(|kept| charge.is_tighter_than(kept)) {
            *kept = Some(charge);
        }
    }

    pub(crate) fn tightest(&self) -> Option<Charge> {
        self.charge.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where the request comes from, for the audit.
    pub fn origin(&self) -> Arc<Origin> {
        Arc::new(Origin { ip: self.ip, user_agent: self.user_agent().map(str::to_owned) })
    }

    /// The circumstances of a command that `subject` runs in this request.
    pub fn ctx(&self, subject: Arc<Subject>) -> Ctx {
        Ctx::new(subject, self.clock.clone(), self.ids.clone(), self.request_id.clone()).with_origin(self.origin())
    }
}

impl Deref for RequestInfo {
    type Target = RequestFacts;
    fn deref(&self) -> &RequestFacts {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for RequestInfo {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let info = parts.extensions.get::<Self>();
        Ok(info.ok_or_else(|| Error::internal("a route outside of the edge asks for the request's facts"))?.clone())
    }
}

/// Longest `X-Request-ID` that is taken over.
const LONGEST_ID: usize = 128;

/// The client's id if it is fit for logs and headers (letters, digits, `-_.:/+=@`), else a new one.
pub(crate) fn request_id(headers: &HeaderMap, ids: &Ids, clock: &Clock) -> Arc<str> {
    let given = headers.get("x-request-id").map(HeaderValue::as_bytes).unwrap_or_default();
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=@".contains(byte);
    if (1..=LONGEST_ID).contains(&given.len())
        && given.iter().all(fits)
        && let Ok(text) = std::str::from_utf8(given)
    {
        return text.into();
    }
    let id: uuid::Uuid = ids.sortable(clock.now());
    let mut text = uuid::Uuid::encode_buffer();
    (&*id.hyphenated().encode_lower(&mut text)).into()
}
