//! What is known of a route once and for all: its template, what its requests count as, its metrics.

use crate::rate_limit::{Class, Limiter, Scope, classes_of};
use http::{HeaderValue, Method, StatusCode};
use metrics::{Counter, Histogram};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// The template of requests that no route takes.
const UNMATCHED: &str = "unmatched";

/// One method of one route.
pub(crate) struct Route {
    /// Path template without the version: `/api/conversations/{conversation_id}`.
    pub template: String,
    method: &'static str,
    /// Never counted, and without `RateLimit` headers.
    pub exempt: bool,
    classes: Vec<Class>,
    /// `RateLimit-Policy` of authenticated requests.
    pub policy: Option<HeaderValue>,
    counts: Mutex<Vec<(StatusCode, Counter)>>,
    duration: OnceLock<Histogram>,
}

impl Route {
    /// Of a method and the template that the router matched.
    pub fn new(method: &Method, matched: Option<&str>, limiter: &Limiter) -> Self {
        let template = matched.map_or_else(|| UNMATCHED.to_owned(), without_version);
        let classes = classes_of(method, &template);
        let exempt = classes.is_none();
        let classes = classes.unwrap_or_default();
        Self {
            policy: limiter.policy_header(&classes),
            template,
            method: label_of(method),
            exempt,
            classes,
            counts: Mutex::default(),
            duration: OnceLock::new(),
        }
    }

    pub fn is_unmatched(&self) -> bool {
        self.template == UNMATCHED
    }

    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    pub fn classes_in(&self, scope: Scope) -> impl Iterator<Item = Class> {
        self.classes.iter().copied().filter(move |class| class.scope() == scope)
    }

    /// Whether answers hold secrets beside what a stranger may have sent, which compression would give away (BREACH).
    pub fn holds_secrets(&self) -> bool {
        self.template.starts_with("/api/auth/") || self.template.starts_with("/api/service-accounts")
    }

    /// Counts one answer.
    pub fn measure(&self, status: StatusCode, took: Duration) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.iter().find(|(counted, _)| *counted == status) {
            Some((_, counter)) => counter.increment(1),
            None => {
                let counter = metrics::counter!(
                    "http_requests_total",
                    "method" => self.method, "route" => self.template.clone(), "status" => status.as_str().to_owned()
                );
                counter.increment(1);
                counts.push((status, counter));
            }
        }
        drop(counts);
        let duration = self.duration.get_or_init(|| {
            metrics::histogram!("http_request_duration_seconds", "method" => self.method, "route" => self.template.clone())
        });
        duration.record(took.as_secs_f64());
    }
}

/// Tells the recorder what the figures mean.
pub(crate) fn describe_metrics() {
    metrics::describe_counter!("http_requests_total", "Answers by method, route template and status.");
    metrics::describe_counter!("http_connections_refused_total", "Connections turned away beyond the limit.");
    metrics::describe_histogram!(
        "http_request_duration_seconds",
        metrics::Unit::Seconds,
        "From the request's head to the answer's head."
    );
}

/// `/api/v1/x` and `/api/x` are one route.
fn without_version(template: &str) -> String {
    match template.strip_prefix("/api/v1") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("/api{rest}"),
        _ => template.to_owned(),
    }
}

/// Methods that a label may name; whatever else a client makes up is one label.
fn label_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

/// The place of a method in a table of routes, see [`Route`].
pub(crate) fn method_slot(method: &Method) -> usize {
    match *method {
        Method::GET => 0,
        Method::HEAD => 1,
        Method::POST => 2,
        Method::PUT => 3,
        Method::PATCH => 4,
        Method::DELETE => 5,
        Method::OPTIONS => 6,
        _ => 7,
    }
}

/// How many places there are.
pub(crate) const METHOD_SLOTS: usize = 8;
