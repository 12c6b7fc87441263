//! Cross-origin requests: exact origins only, never with cookies.

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

/// What a page of another origin may send and read.
const ALLOW_METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
const ALLOW_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, idempotency-key, if-match, if-none-match, traceparent, tracestate, x-organization-id, x-request-id",
);
const EXPOSE_HEADERS: HeaderValue = HeaderValue::from_static(
    "etag, link, location, ratelimit, ratelimit-policy, retry-after, deprecation, sunset, idempotency-replayed, x-request-id",
);
/// Ten minutes; browsers cap it at two hours.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// The origins whose pages may read answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cors {
    origins: Vec<HeaderValue>,
}

impl Cors {
    /// Origins as `https://console.example.org`; compared byte by byte.
    pub fn new(origins: &[String]) -> Self {
        Self { origins: origins.iter().filter_map(|origin| HeaderValue::try_from(origin).ok()).collect() }
    }

    /// The answer to a preflight, if the request is one.
    pub fn preflight(&self, method: &Method, request: &HeaderMap) -> Option<(StatusCode, HeaderMap)> {
        let asks = *method == Method::OPTIONS && request.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        let origin = request.get(header::ORIGIN).filter(|_| asks)?;
        let mut headers = HeaderMap::new();
        // An origin that is not listed gets an answer without a permission, which browsers read as no.
        if self.write(Some(origin), &mut headers) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, ALLOW_METHODS);
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOW_HEADERS);
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        }
        Some((StatusCode::NO_CONTENT, headers))
    }

    /// Writes the headers of one answer to a request from `origin`; whether the origin is allowed.
    pub fn write(&self, origin: Option<&HeaderValue>, answer: &mut HeaderMap) -> bool {
        if self.origins.is_empty() {
            return false;
        }
        answer.append(header::VARY, HeaderValue::from_static("origin"));
        let Some(origin) = origin.filter(|origin| self.origins.contains(origin)) else {
            return false;
        };
        answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSE_HEADERS);
        true
    }
}
