//! What the house says about itself: logs, metrics, the thread of a trace.
//!
//! Owns: the log line and what may not be in it ([`logs`], [`redact`]), the metrics recorder with its buckets and the
//! process's own figures ([`metrics`]), the `traceparent` of a request ([`traceparent`]), the note of a panic
//! ([`panics`]). Each crate names and describes its own metrics.
//! Absent on purpose: routes (`/metrics` belongs to the binary), exporters to other systems, audit (that is data, in
//! `identity`).

mod logged_request;
pub mod logs;
pub mod metrics;
pub mod panics;
mod process;
pub mod redact;
pub mod traceparent;

pub use logged_request::LoggedRequest;
pub use logs::{LogFormat, LogSettings};
pub use metrics::Metrics;
pub use redact::Redacted;
pub use traceparent::TraceContext;
