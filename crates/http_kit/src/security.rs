//! Headers that tell browsers what an answer may not be used for. A route that sets one itself keeps its own.

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue};

/// JSON is no page: nothing may be loaded from it, nothing may frame it.
const API_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'");
/// The reference loads its own files and asks our API; its library sets styles and draws images from data.
pub(crate) const DOCS_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);
/// A year, with everything below the host (RFC 6797).
const ONE_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000; includeSubDomains");

const ALWAYS: [(HeaderName, HeaderValue); 6] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-embedder-policy"), HeaderValue::from_static("require-corp")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// Adds what the route did not set. `behind_tls`: clients reach us by HTTPS, so browsers may insist on it.
pub(crate) fn write(headers: &mut HeaderMap, behind_tls: bool) {
    // Room for all that follows, the ids and the limits at once.
    headers.reserve(14);
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(value);
    }
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(API_POLICY);
    // Whatever says nothing else is somebody's data.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if behind_tls {
        headers.entry(STRICT_TRANSPORT_SECURITY).or_insert(ONE_YEAR);
    }
}
