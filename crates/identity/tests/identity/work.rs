//! What a request costs, counted: every statement that it sends to the database, in order, and every password hash.
//! Times of a busy machine differ from run to run; these do not.

use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

/// Counts the work of this process from now on. Once a process: each test is one.
#[derive(Clone, Default)]
pub struct Work {
    statements: Arc<Mutex<Vec<String>>>,
    hashes: Arc<AtomicUsize>,
}

/// The work of one stretch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    pub statements: Vec<String>,
    pub hashes: usize,
}

impl Work {
    pub fn counted() -> Self {
        let work = Self::default();
        let subscriber = tracing_subscriber::registry().with(work.clone());
        tracing::subscriber::set_global_default(subscriber).unwrap();
        metrics::set_global_recorder(work.clone()).unwrap();
        work
    }

    /// Hashes since that was last asked.
    pub fn hashes(&self) -> usize {
        self.hashes.load(Ordering::SeqCst)
    }

    /// What was done since this was last asked.
    pub fn done(&self) -> Done {
        Done {
            statements: std::mem::take(&mut *self.statements.lock().unwrap()),
            hashes: self.hashes.swap(0, Ordering::SeqCst),
        }
    }
}

impl<S: Subscriber> Layer<S> for Work {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            let mut statement = Statement::default();
            event.record(&mut statement);
            self.statements.lock().unwrap().push(statement.0);
        }
    }
}

#[derive(Default)]
struct Statement(String);

impl Visit for Statement {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "summary" {
            self.0 = format!("{value:?}");
        }
    }
}

impl Recorder for Work {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::new(Nothing))
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        if key.name() == "password_hash_seconds" {
            return Histogram::from_arc(Arc::new(self.clone()));
        }
        Histogram::noop()
    }
}

impl HistogramFn for Work {
    fn record(&self, _: f64) {
        self.hashes.fetch_add(1, Ordering::SeqCst);
    }
}

struct Nothing;

impl CounterFn for Nothing {
    fn increment(&self, _: u64) {}
    fn absolute(&self, _: u64) {}
}
