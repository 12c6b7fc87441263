//! The only way out of the process over HTTP.
//!
//! Owns: the one HTTP client with its address guard ([`Outbound`]), the words for how a call ended ([`CallError`],
//! [`Delivery`]), wait schedules ([`retry`]), circuit breakers ([`breaker`]) and webhook signatures ([`signing`]).
//! Metrics: `outbound_requests_total{purpose,outcome}`, `outbound_request_duration_seconds{purpose}`.
//! Absent on purpose: redirects (a redirect is an answer like any other), environment proxies, retries behind the
//! caller's back, knowledge of any provider, storage.

pub mod address;
pub mod breaker;
mod call;
mod client;
mod download;
mod guard;
mod meter;
mod resolve;
pub mod retry;
pub mod signing;

pub use call::{Answer, Call, CallError, Delivery};
pub use client::{Outbound, OutboundSettings, SettingsError};
pub use download::{Download, OpenDownload};
pub use guard::{Guard, Refusal, Trust};
pub use meter::describe_metrics;
pub use resolve::{Lookup, LookupFuture, SystemLookup};

pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
pub use url::Url;
