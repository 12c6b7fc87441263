//! Counts and times each request once, whatever happens to it, also when its caller gives up.

use crate::call::CallError;
use std::time::Instant;

const REQUESTS: &str = "outbound_requests_total";
const DURATION: &str = "outbound_request_duration_seconds";

/// Tells the metrics recorder what this crate's metrics mean. Call once, after the recorder is installed.
pub fn describe_metrics() {
    metrics::describe_counter!(REQUESTS, "Requests to other systems, by purpose and outcome.");
    metrics::describe_histogram!(
        DURATION,
        metrics::Unit::Seconds,
        "Time of a request to another system until its body was read."
    );
}

/// Lives as long as its request; records when it is dropped.
pub(crate) struct Meter {
    purpose: &'static str,
    host: String,
    started: Instant,
    outcome: &'static str,
}

impl Meter {
    pub(crate) fn start(purpose: &'static str, host: Option<&str>) -> Self {
        Self { purpose, host: host.unwrap_or_default().to_owned(), started: Instant::now(), outcome: "canceled" }
    }

    pub(crate) fn finish(&mut self, error: Option<&CallError>) {
        self.outcome = error.map_or("ok", CallError::outcome);
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        let elapsed = self.started.elapsed();
        metrics::counter!(REQUESTS, "purpose" => self.purpose, "outcome" => self.outcome).increment(1);
        metrics::histogram!(DURATION, "purpose" => self.purpose).record(elapsed.as_secs_f64());
        tracing::debug!(
            purpose = self.purpose,
            host = self.host,
            outcome = self.outcome,
            milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            "outbound request"
        );
    }
}
