//! Metrics in the Prometheus text format.
//!
//! The recorder behind the `metrics` macros is one for the process; that global is the price of the macros and lives
//! only here.

use crate::process;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Buckets for everything that ends in `_seconds`: from a cached answer to a stuck call.
const SECONDS: [f64; 16] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
/// Buckets for everything that ends in `_bytes`.
const BYTES: [f64; 8] = [256.0, 1024.0, 4096.0, 16_384.0, 65_536.0, 1_048_576.0, 5_242_880.0, 26_214_400.0];
/// Buckets for everything that ends in `_rows` or `_size`: batches.
const COUNTS: [f64; 9] = [1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 1000.0];

static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
static INSTALLING: Mutex<()> = Mutex::new(());

/// Why metrics were not set up.
#[derive(Debug, thiserror::Error)]
#[error("the metrics recorder cannot be set up: {0}")]
pub struct MetricsError(String);

/// Reads the recorder. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Sets the recorder up for the whole process; a second call gives the same one.
    pub fn install() -> Result<Self, MetricsError> {
        let _one_at_a_time = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = RECORDER.get() {
            return Ok(Self(handle.clone()));
        }
        let builder = builder().map_err(|error| MetricsError(error.to_string()))?;
        let handle = builder.install_recorder().map_err(|error| MetricsError(error.to_string()))?;
        Ok(Self(RECORDER.get_or_init(|| handle).clone()))
    }

    /// Everything, in the Prometheus text format (`text/plain; version=0.0.4`), the process's own figures at the end.
    pub fn render(&self) -> String {
        let mut text = self.0.render();
        process::render(&mut text);
        text
    }

    /// Folds recorded samples into their buckets, so that memory stays flat when nobody scrapes. Call every few seconds.
    pub fn upkeep(&self) {
        self.0.run_upkeep();
    }
}

/// The content type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

fn builder() -> Result<PrometheusBuilder, BuildError> {
    let mut builder = PrometheusBuilder::new();
    let suffixes = [("_seconds", SECONDS.as_slice()), ("_bytes", &BYTES), ("_rows", &COUNTS), ("_size", &COUNTS)];
    for (suffix, buckets) in suffixes {
        builder = builder.set_buckets_for_metric(Matcher::Suffix(suffix.to_owned()), buckets)?;
    }
    Ok(builder)
}
