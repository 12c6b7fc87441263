//! One call: what is asked, what came back, and, most of all, how sure we are that it had no effect.

use crate::guard::Refusal;
use crate::resolve::RefusedName;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;
use url::Url;

/// A request to another system. Its `Debug` shows neither headers nor body nor the URL's path and query.
#[derive(Clone)]
pub struct Call {
    pub(crate) purpose: &'static str,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    pub(crate) timeout: Option<Duration>,
}

impl Call {
    /// A call without a body. `purpose` is the metrics label: a fixed word such as `whatsapp_send`.
    pub fn new(purpose: &'static str, method: Method, url: Url) -> Self {
        Self { purpose, method, url, headers: HeaderMap::new(), body: None, timeout: None }
    }

    /// A GET.
    pub fn get(purpose: &'static str, url: Url) -> Self {
        Self::new(purpose, Method::GET, url)
    }

    /// A POST with a JSON body.
    pub fn post_json<T: Serialize + ?Sized>(
        purpose: &'static str,
        url: Url,
        body: &T,
    ) -> Result<Self, serde_json::Error> {
        let body = serde_json::to_vec(body)?;
        Ok(Self::new(purpose, Method::POST, url).body(HeaderValue::from_static("application/json"), body))
    }

    /// Sets the body and its content type.
    #[must_use]
    pub fn body(mut self, content_type: HeaderValue, body: impl Into<Bytes>) -> Self {
        self.headers.insert(CONTENT_TYPE, content_type);
        self.body = Some(body.into());
        self
    }

    /// Sets one header, replacing an earlier one.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sends a bearer token. The caller decides which host may see it; redirects are never followed, so no other does.
    pub fn bearer(mut self, token: &SecretString) -> Result<Self, CallError> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
            .map_err(|_| CallError::Invalid("the token has characters that no header can carry"))?;
        value.set_sensitive(true);
        self.headers.insert(AUTHORIZATION, value);
        Ok(self)
    }

    /// Limits the whole call, body included; without it the settings' limit holds.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.url.host_str().unwrap_or_default();
        write!(f, "Call({} {} {host})", self.purpose, self.method)
    }
}

/// What the other side answered, its body read up to the cap. `Debug` shows the status and the size only.
#[derive(Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// Reads the body as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }

    /// How long the other side wants to be left alone: `Retry-After` in seconds or as a date (RFC 9110 §10.2.3).
    pub fn retry_after(&self, now: DateTime<Utc>) -> Option<Duration> {
        let text = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse::<u64>() {
            return Some(Duration::from_secs(seconds));
        }
        let date = DateTime::parse_from_rfc2822(text).ok()?.with_timezone(&Utc);
        Some((date - now).to_std().unwrap_or(Duration::ZERO))
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({}, {} bytes)", self.status.as_u16(), self.body.len())
    }
}

/// What is known about the effect of a failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Not one byte of the request was written: repeating it cannot double anything.
    NotWritten,
    /// The request may have been carried out; only evidence tells.
    Unclear,
    /// The other side answered; its status tells.
    Answered,
}

/// How a call ended without a usable answer. No text in it holds a URL, header or body.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The guard said no; no connection was made.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// The call could not even be put together.
    #[error("invalid call: {0}")]
    Invalid(&'static str),
    /// No connection: name not found, refused, unreachable, TLS failed, connect time-out.
    #[error("no connection: {0}")]
    Connect(String),
    /// The connection broke after the request began to be written, or the answer's body broke off.
    #[error("connection broke: {0}")]
    Broken(String),
    /// No complete answer in time.
    #[error("no complete answer in time")]
    Timeout,
    /// An answer outside 200..=299, redirects included.
    #[error("answered {}", .0.status.as_u16())]
    Status(Box<Answer>),
    /// The answer is larger than the cap; reading stopped there.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge { limit: u64 },
}

impl CallError {
    /// Whether the call may have had an effect.
    pub fn delivery(&self) -> Delivery {
        match self {
            Self::Refused(_) | Self::Invalid(_) | Self::Connect(_) => Delivery::NotWritten,
            Self::Broken(_) | Self::Timeout | Self::TooLarge { .. } => Delivery::Unclear,
            Self::Status(_) => Delivery::Answered,
        }
    }

    /// The metrics label.
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Invalid(_) => "invalid",
            Self::Connect(_) => "connect",
            Self::Broken(_) => "broken",
            Self::Timeout => "timeout",
            Self::TooLarge { .. } => "too_large",
            Self::Status(answer) => match answer.status.as_u16() {
                429 => "throttled",
                300..=399 => "redirect",
                400..=499 => "client_error",
                _ => "server_error",
            },
        }
    }

    /// Sorts an error of the HTTP client.
    pub(crate) fn from_client(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if let Some(RefusedName(reason)) = find_in_chain(&error) {
            return Self::Refused(Refusal::Address(*reason));
        }
        if error.is_builder() {
            return Self::Invalid("the request could not be built");
        }
        // A connect error is one only while no request byte was written; a time-out of connecting is one of these.
        if error.is_connect() {
            return Self::Connect(innermost(&error));
        }
        if error.is_timeout() {
            return Self::Timeout;
        }
        Self::Broken(innermost(&error))
    }
}

fn find_in_chain<'e, T: StdError + 'static>(error: &'e (dyn StdError + 'static)) -> Option<&'e T> {
    causes(error).find_map(|error| error.downcast_ref::<T>())
}

/// The cause at the end of the chain: "connection refused" rather than "error sending request".
fn innermost(error: &(dyn StdError + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

fn causes<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}
