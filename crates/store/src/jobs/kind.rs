//! What the workers know of a kind of job.

use chrono::{DateTime, Duration, Utc};
use futures_util::future::BoxFuture;
use kernel::ids::OrganizationId;
use kernel::{Ctx, Error};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;

/// A kind of job: how it runs and how failures are treated.
#[derive(Clone)]
pub struct JobKind {
    /// `domain.verb`, e.g. `channels.send_message`.
    pub name: &'static str,
    /// Tries before it is dead.
    pub max_attempts: i16,
    pub backoff: Backoff,
    /// How long one run may take; the lease is renewed meanwhile and the run is cut at the end.
    pub time_limit: Duration,
    pub run: Arc<dyn Fn(JobRun) -> BoxFuture<'static, Result<JobOutcome, Error>> + Send + Sync>,
}

impl JobKind {
    /// A kind with 10 tries, exponential pauses from 1 s to 10 min, and a minute for each run.
    pub fn new<F, Fut>(name: &'static str, run: F) -> Self
    where
        F: Fn(JobRun) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<JobOutcome, Error>> + Send + 'static,
    {
        Self {
            name,
            max_attempts: 10,
            backoff: Backoff::Exponential { first: Duration::seconds(1), most: Duration::minutes(10) },
            time_limit: Duration::minutes(1),
            run: Arc::new(move |job| Box::pin(run(job))),
        }
    }

    #[must_use]
    pub fn max_attempts(mut self, max_attempts: i16) -> Self {
        self.max_attempts = max_attempts;
        self
    }

    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    #[must_use]
    pub fn time_limit(mut self, time_limit: Duration) -> Self {
        self.time_limit = time_limit;
        self
    }
}

/// The pause before the next try.
#[derive(Clone, Debug)]
pub enum Backoff {
    /// Doubles from `first` to `most`.
    Exponential { first: Duration, most: Duration },
    /// One pause after another; the last one repeats.
    Steps(&'static [Duration]),
}

impl Backoff {
    /// The pause after `failures` failures (1 or more), spread by ± 20 % with `fraction` in `0.0..1.0`.
    pub fn pause(&self, failures: i16, fraction: f64) -> Duration {
        let nth = u32::from(failures.unsigned_abs().saturating_sub(1));
        let plain = match self {
            Self::Exponential { first, most } => first
                .checked_mul(1i32.checked_shl(nth.min(30)).unwrap_or(i32::MAX))
                .map_or(*most, |pause| pause.min(*most)),
            Self::Steps(steps) => {
                let nth = usize::try_from(nth).unwrap_or(usize::MAX);
                steps.get(nth).or(steps.last()).copied().unwrap_or(Duration::seconds(1))
            }
        };
        let millis = plain.num_milliseconds();
        let spread = millis / 5;
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a jitter of milliseconds")]
        let jitter = (spread as f64 * (2.0 * fraction - 1.0)) as i64;
        Duration::milliseconds(millis + jitter)
    }
}

/// How a run ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobOutcome {
    Done,
    /// Not finished, and not failed: come again then. Does not count as a try.
    Again(DateTime<Utc>),
}

/// One run of one job.
pub struct JobRun {
    pub id: i64,
    pub organization_id: OrganizationId,
    pub payload: Value,
    /// 1 for the first try.
    pub attempt: i16,
    /// The product itself in the job's organization, under the request that caused the job.
    pub ctx: Ctx,
}

impl JobRun {
    /// The payload as the type that was enqueued.
    ///
    /// # Errors
    /// When it does not fit: not retryable, the job is dead at once.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_value(self.payload.clone())
            .map_err(|error| Error::internal(format!("job payload: {error}")).with_retryable(false))
    }
}
