//! Versions as entity tags (RFC 9110, sections 8.8.3 and 13.1): `"v7"`.

use crate::refusal::Refusal;
use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use kernel::{Error, ErrorKind};

/// The strong tag of a version, for the `ETag` header.
pub fn etag(version: i64) -> HeaderValue {
    // Digits and a sign are always a valid header value.
    HeaderValue::try_from(format!("\"v{version}\"")).unwrap_or_else(|_| HeaderValue::from_static("\"v0\""))
}

/// Extractor: the version that the client expects by `If-Match`; `None` where it does not say, or says `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IfMatch(pub Option<i64>);

impl IfMatch {
    /// The expected version, where the route demands one.
    ///
    /// # Errors
    /// 428 `PRECONDITION_REQUIRED` without one.
    pub fn required(self) -> Result<i64, Error> {
        self.0.ok_or_else(|| {
            Error::new(
                ErrorKind::PreconditionRequired,
                "PRECONDITION_REQUIRED",
                "Send If-Match with the ETag you have read.",
            )
        })
    }

    /// Compares with the version that is there.
    ///
    /// # Errors
    /// 412 `PRECONDITION_FAILED` when another one is expected.
    pub fn check(self, version: i64) -> Result<(), Error> {
        if self.0.is_none_or(|expected| expected == version) { Ok(()) } else { Err(stale()) }
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let tags = tags(&parts.headers, header::IF_MATCH);
        match tags.as_slice() {
            [] | ["*"] => Ok(Self(None)),
            // A tag that we did not make never matches.
            [tag] => Ok(Self(Some(version_of(tag).ok_or_else(stale)?))),
            _ => Err(Error::new(ErrorKind::BadRequest, "INVALID_IF_MATCH", "Send one entity tag in If-Match.").into()),
        }
    }
}

/// Extractor: the versions that the client has, by `If-None-Match`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IfNoneMatch(Vec<i64>);

impl IfNoneMatch {
    /// Whether the client has this version already, so that 304 is the answer.
    pub fn has(&self, version: i64) -> bool {
        self.0.contains(&version)
    }
}

impl<S: Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let tags = tags(&parts.headers, header::IF_NONE_MATCH);
        Ok(Self(tags.iter().filter_map(|tag| version_of(tag)).collect()))
    }
}

fn tags(headers: &HeaderMap, name: HeaderName) -> Vec<&str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|tag| !tag.is_empty()).collect()
}

/// `W/"v7"` counts as `"v7"`: proxies that compress make tags weak, and a tag of ours names the version of the thing,
/// not the bytes of its representation.
fn version_of(tag: &str) -> Option<i64> {
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    tag.strip_prefix("\"v")?.strip_suffix('"')?.parse().ok()
}

fn stale() -> Error {
    Error::new(ErrorKind::PreconditionFailed, "PRECONDITION_FAILED", "It was changed in the meantime; read it again.")
}
