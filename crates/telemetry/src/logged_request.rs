//! Which request is being worked on, for the log lines of that work.
//!
//! A task's own value rather than a span: a span is entered into a register, given its fields as copies and taken out
//! again, for every request, and nearly none of them logs anything.

use serde_json::{Map, Value};
use std::future::Future;
use std::sync::Arc;

tokio::task_local! {
    static REQUEST: LoggedRequest;
}

/// What lines tell of a request.
#[derive(Clone, Debug)]
pub struct LoggedRequest {
    pub request_id: Arc<str>,
    /// Of the caller's trace, where the request names one.
    pub trace_id: Option<String>,
}

impl LoggedRequest {
    /// Lines that are written while `work` runs bear the request. Not those of tasks that it spawns.
    pub fn scope<F: Future>(self, work: F) -> impl Future<Output = F::Output> {
        REQUEST.scope(self, work)
    }

    /// The same for work that waits for nothing.
    pub fn in_scope<R>(self, work: impl FnOnce() -> R) -> R {
        REQUEST.sync_scope(self, work)
    }

    /// The fields of the running request, uncleaned; none outside of one.
    pub(crate) fn fields() -> Map<String, Value> {
        let fields = REQUEST.try_with(|request| {
            let id = Value::String(request.request_id.as_ref().to_owned());
            let trace_id = request.trace_id.clone().map(Value::String);
            let named = [("request_id", Some(id)), ("trace_id", trace_id)];
            named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
        });
        fields.unwrap_or_default()
    }
}
