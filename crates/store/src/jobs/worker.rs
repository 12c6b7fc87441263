//! The workers: one dispatcher a lane, a bounded number of runs at once, a heartbeat, endings in batches.

use super::claim::{Batch, Claimed, claim, next_due, renew};
use super::enqueue::Lane;
use super::finish::{Ending, finish_done, put_back};
use super::kind::{JobKind, JobOutcome, JobRun};
use crate::database::Database;
use crate::error::DbError;
use crate::platform_tx::PlatformReason;
use chrono::{DateTime, Duration, Utc};
use futures_util::FutureExt;
use kernel::ids::OrganizationId;
use kernel::{Clock, Ctx, Error, Ids};
use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, watch};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// How many runs at once, and how long a lease lasts.
#[derive(Clone, Debug)]
pub struct WorkerLimits {
    /// Runs at once in the interactive, default and bulk lane.
    pub concurrency: [usize; 3],
    /// A worker that does not renew for so long is believed dead; its jobs run again.
    pub lease: Duration,
    /// Longest pause between looks into the queue, for work that other processes added.
    pub poll: std::time::Duration,
}

impl Default for WorkerLimits {
    fn default() -> Self {
        Self { concurrency: [32, 16, 8], lease: Duration::seconds(60), poll: std::time::Duration::from_millis(500) }
    }
}

/// How long a lane that ran dry waits for a wake-up before it asks when its next job is due: under load that question
/// would be asked for nothing all the time.
const BREATH: std::time::Duration = std::time::Duration::from_millis(5);
/// Endings written together at most.
const ENDINGS: usize = 500;

/// What [`Workers::drain`] did.
#[derive(Debug, Default)]
pub struct Drained {
    pub done: usize,
    /// Kind and error of the runs that failed.
    pub failed: Vec<(String, String)>,
}

/// Runs jobs on this node.
#[derive(Clone)]
pub struct Workers(Arc<Inner>);

struct Inner {
    db: Database,
    clock: Clock,
    ids: Ids,
    kinds: HashMap<&'static str, JobKind>,
    limits: WorkerLimits,
    lease: Uuid,
    running: Mutex<HashSet<i64>>,
    /// Looks into each lane begun so far.
    looks: [AtomicU64; Lane::ALL.len()],
}

impl Workers {
    pub fn new(db: Database, clock: Clock, ids: Ids, kinds: Vec<JobKind>, limits: WorkerLimits) -> Self {
        let lease = ids.sortable(clock.now());
        let kinds = kinds.into_iter().map(|kind| (kind.name, kind)).collect();
        Self(Arc::new(Inner {
            db,
            clock,
            ids,
            kinds,
            limits,
            lease,
            running: Mutex::default(),
            looks: Default::default(),
        }))
    }

    /// Works all lanes until `stop`; then waits for the runs under way to end.
    pub async fn run(&self, stop: watch::Receiver<bool>) {
        let tasks = TaskTracker::new();
        let (endings, inbox) = mpsc::channel(ENDINGS);
        let finisher = tasks.spawn(Self::write_endings(self.clone(), inbox));
        let heart = tasks.spawn(Self::beat(self.clone(), stop.clone()));
        let mut lanes = Vec::new();
        for lane in Lane::ALL {
            lanes.push(tasks.spawn(Self::work(self.clone(), lane, tasks.clone(), endings.clone(), stop.clone())));
        }
        for lane in lanes {
            let _ = lane.await;
        }
        drop(endings);
        tasks.close();
        let _ = finisher.await;
        heart.abort();
        tasks.wait().await;
    }

    /// Takes and runs every job that is due, one batch after another, until none is; for tests and commands.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn drain(&self) -> Result<Drained, DbError> {
        let mut drained = Drained::default();
        loop {
            let mut found = false;
            for lane in Lane::ALL {
                let Batch { jobs, .. } = self.claim(lane, 50).await?;
                found |= !jobs.is_empty();
                let mut endings = Vec::new();
                for job in jobs {
                    let ending = self.execute(&job).await;
                    match &ending {
                        Ending::Done => drained.done += 1,
                        Ending::Later { error: None, .. } => {}
                        Ending::Later { error: Some(error), .. } | Ending::Dead { error } => {
                            drained.failed.push((job.kind.clone(), error.clone()));
                        }
                    }
                    endings.push((job, ending));
                }
                self.finish(&endings).await?;
            }
            if !found {
                return Ok(drained);
            }
        }
    }

    async fn work(
        self,
        lane: Lane,
        tasks: TaskTracker,
        endings: mpsc::Sender<(Claimed, Ending)>,
        mut stop: watch::Receiver<bool>,
    ) {
        let most = self.0.limits.concurrency[lane as usize];
        let places = Arc::new(tokio::sync::Semaphore::new(most));
        while !*stop.borrow() {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            let free = places.available_permits() + 1;
            drop(place);
            let batch = match self.claim(lane, i64::try_from(free).unwrap_or(1)).await {
                Ok(batch) => batch,
                Err(error) => {
                    tracing::warn!(%error, lane = lane.name(), "workers: cannot take jobs");
                    Batch::default()
                }
            };
            for job in batch.jobs {
                let Ok(place) = places.clone().acquire_owned().await else { return };
                let (this, endings) = (self.clone(), endings.clone());
                tasks.spawn(async move {
                    let ending = this.execute(&job).await;
                    let _ = endings.send((job, ending)).await;
                    drop(place);
                });
            }
            if !batch.more {
                self.rest(lane, &mut stop).await;
            }
        }
    }

    /// Until there is work again: a wake-up, or the time of the next due job.
    async fn rest(&self, lane: Lane, stop: &mut watch::Receiver<bool>) {
        let woken = async {
            if tokio::time::timeout(BREATH, self.0.db.wake().lane_woken(lane)).await.is_err() {
                let pause = self.pause(lane).await;
                let _ = tokio::time::timeout(pause, self.0.db.wake().lane_woken(lane)).await;
            }
        };
        tokio::select! {
            () = woken => {}
            _ = stop.changed() => {}
        }
    }

    /// How long to sleep: to the next due job, at most the poll interval.
    async fn pause(&self, lane: Lane) -> std::time::Duration {
        let poll = self.0.limits.poll;
        let Ok(mut conn) = self.0.db.queue().await else { return poll };
        let next = next_due(&mut conn, lane).await;
        if next.is_ok() {
            conn.settle();
        }
        match next {
            Ok(Some(due)) => {
                (due - self.0.clock.now()).to_std().unwrap_or_default().clamp(std::time::Duration::from_millis(5), poll)
            }
            _ => poll,
        }
    }

    async fn claim(&self, lane: Lane, most: i64) -> Result<Batch, DbError> {
        let now = self.0.clock.now();
        let mut conn = self.0.db.queue().await?;
        self.look(lane).fetch_add(1, Ordering::SeqCst);
        let batch = claim(&mut conn, lane, most, self.0.lease, now, now + self.0.limits.lease).await?;
        conn.settle();
        self.running().extend(batch.jobs.iter().map(|job| job.id));
        Ok(batch)
    }

    async fn execute(&self, job: &Claimed) -> Ending {
        let Some(kind) = self.0.kinds.get(job.kind.as_str()) else {
            // Perhaps a newer node's; it comes back until one that knows it takes it.
            let run_at = self.0.clock.now() + Duration::seconds(30);
            return Ending::Later { run_at, counts: false, error: Some(format!("unknown kind {}", job.kind)) };
        };
        if job.deadline.is_some_and(|deadline| deadline < self.0.clock.now()) {
            return Ending::Dead { error: "DEADLINE: its time is over".to_owned() };
        }
        let organization_id = OrganizationId(job.organization_id);
        let ctx =
            Ctx::system(organization_id, self.0.clock.clone(), self.0.ids.clone(), job.request_id.as_str().into());
        let run = JobRun { id: job.id, organization_id, payload: job.payload.clone(), attempt: job.attempts, ctx };
        let limit = kind.time_limit.to_std().unwrap_or(std::time::Duration::from_secs(60));
        let outcome = tokio::time::timeout(limit, AssertUnwindSafe((kind.run)(run)).catch_unwind()).await;
        let outcome = match outcome {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(Error::internal("the job panicked")),
            Err(_) => Err(Error::internal("the job took too long")),
        };
        self.ending(kind, job, outcome)
    }

    fn ending(&self, kind: &JobKind, job: &Claimed, outcome: Result<JobOutcome, Error>) -> Ending {
        let now = self.0.clock.now();
        metrics::counter!("jobs_total", "kind" => kind.name, "outcome" => if outcome.is_ok() { "ok" } else { "failed" }).increment(1);
        let error = match outcome {
            Ok(JobOutcome::Done) => return Ending::Done,
            Ok(JobOutcome::Again(run_at)) => return Ending::Later { run_at, counts: false, error: None },
            Err(error) => error,
        };
        tracing::warn!(
            kind = kind.name,
            job = job.id,
            attempt = job.attempts,
            code = error.code(),
            private = error.private(),
            "job failed"
        );
        let text = format!("{error}{}", error.private().map(|private| format!(" ({private})")).unwrap_or_default());
        if !error.retryable() || job.attempts >= kind.max_attempts {
            return Ending::Dead { error: text };
        }
        let pause = match error.retry_after_ms() {
            Some(ms) => Duration::milliseconds(i64::try_from(ms).unwrap_or(i64::MAX)),
            None => kind.backoff.pause(job.attempts, self.0.ids.fraction()),
        };
        Ending::Later { run_at: now + pause, counts: true, error: Some(text) }
    }

    /// Endings that come together are written together.
    async fn write_endings(self, mut inbox: mpsc::Receiver<(Claimed, Ending)>) {
        let mut batch = Vec::new();
        while inbox.recv_many(&mut batch, ENDINGS).await > 0 {
            if let Err(error) = self.finish(&batch).await {
                // Their leases run out and they run again.
                tracing::warn!(%error, "workers: cannot write endings");
            }
            batch.clear();
        }
    }

    async fn finish(&self, endings: &[(Claimed, Ending)]) -> Result<(), DbError> {
        if endings.is_empty() {
            return Ok(());
        }
        let written = self.write(endings).await;
        let mut running = self.running();
        for (job, _) in endings {
            running.remove(&job.id);
        }
        written
    }

    async fn write(&self, endings: &[(Claimed, Ending)]) -> Result<(), DbError> {
        let looks = Lane::ALL.map(|lane| self.look(lane).load(Ordering::SeqCst));
        let (done, others): (Vec<_>, Vec<_>) = endings.iter().partition(|(_, ending)| matches!(ending, Ending::Done));
        let mut followed = false;
        if !done.is_empty() {
            let ids: Vec<i64> = done.iter().map(|(job, _)| job.id).collect();
            let mut conn = self.0.db.queue().await?;
            followed = finish_done(&mut conn, self.0.lease, &ids).await?;
            conn.settle();
        }
        if !others.is_empty() {
            let mut tx = self.0.db.platform(PlatformReason::Queue).await?;
            put_back(&mut tx, self.0.lease, self.0.clock.now(), endings).await?;
            tx.commit().await?;
        }
        for (lane, before) in Lane::ALL.into_iter().zip(looks) {
            // What was put back may be due soon; what waited behind an ordered job is. A follower that was committed
            // while the ending was being written is not in `followed`; but then its own wake-up led to a look, which
            // was too early and is repeated.
            let looked = self.look(lane).load(Ordering::SeqCst) != before;
            let ordered = |(job, _): &&(Claimed, Ending)| job.lane == lane && job.order_key.is_some();
            if others.iter().any(|(job, _)| job.lane == lane) || ((followed || looked) && done.iter().any(ordered)) {
                self.0.db.wake().lane(lane);
            }
        }
        Ok(())
    }

    fn look(&self, lane: Lane) -> &AtomicU64 {
        let [interactive, default, bulk] = &self.0.looks;
        match lane {
            Lane::Interactive => interactive,
            Lane::Default => default,
            Lane::Bulk => bulk,
        }
    }

    /// The heartbeat: keeps the leases of running jobs from running out.
    async fn beat(self, mut stop: watch::Receiver<bool>) {
        let third = (self.0.limits.lease / 3).to_std().unwrap_or(std::time::Duration::from_secs(20));
        loop {
            tokio::select! {
                () = tokio::time::sleep(third) => {}
                // Runs under way after the stop keep their leases too; this task is aborted when they have ended.
                _ = stop.changed() => tokio::time::sleep(third).await,
            }
            let ids: Vec<i64> = self.running().iter().copied().collect();
            if ids.is_empty() {
                continue;
            }
            let until: DateTime<Utc> = self.0.clock.now() + self.0.limits.lease;
            let renewed = async {
                let mut conn = self.0.db.queue().await?;
                renew(&mut conn, self.0.lease, &ids, until).await?;
                conn.settle();
                Ok::<(), DbError>(())
            };
            if let Err(error) = renewed.await {
                tracing::warn!(%error, "workers: heartbeat failed");
            }
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashSet<i64>> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
