//! Threads of their own for hashing, with a bounded waiting room: logins never hold up anything else.

use super::check::Check;
use super::{Password, PasswordHash};
use bcrypt_lanes::LANES;
use kernel::{Error, ErrorKind};
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// How much less than other threads these run when cores are scarce (the `nice` value).
const NICE: i32 = 2;
/// Nobody waits longer than this, however slow the machine is: the request itself would be given up soon after.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a thread waits for those who have a place and are still looked up in the database: checked together they cost
/// a third of what they do one by one. Short against a check.
const GATHERING: Duration = Duration::from_millis(20);
/// Told to those who find the waiting room full.
const RETRY_AFTER_MS: u64 = 2_000;

/// Anything else that takes long.
type Work = Box<dyn FnOnce() + Send>;

/// What a thread is given to do.
enum Task {
    Check(Check),
    Other(Work),
}

/// A place among those who are checked or wait for it; free again when it is dropped.
pub struct Place {
    pub(super) taken: OwnedSemaphorePermit,
    pub(super) coming: Coming,
}

/// Counts somebody who has a place and whose work has not come yet.
pub(super) struct Coming(Arc<AtomicUsize>);

impl Drop for Coming {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A small pool of threads. Cheap to clone; the threads end with the last clone.
#[derive(Clone)]
pub struct HashPool {
    places: Arc<Semaphore>,
    coming: Arc<AtomicUsize>,
    waiting: Sender<Task>,
}

impl HashPool {
    /// `threads` work, each on up to four checks at once; beyond one a thread, `waiting_room` more find a place.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn new(threads: usize, waiting_room: usize) -> Result<Self, Error> {
        let places = Arc::new(Semaphore::new(threads.max(1) + waiting_room.max(1)));
        let coming = Arc::<AtomicUsize>::default();
        // Bounded by the places.
        let (waiting, tasks) = channel();
        let tasks = Arc::new(Mutex::new(tasks));
        for n in 0..threads.max(1) {
            let desk = Desk { tasks: tasks.clone(), coming: coming.clone() };
            std::thread::Builder::new()
                .name(format!("hash-{n}"))
                .spawn(move || desk.work())
                .map_err(|error| Error::internal(format!("hash thread: {error}")))?;
        }
        Ok(Self { places, coming, waiting })
    }

    /// Threads to use on this machine: one fewer than it has cores, at least one.
    pub fn default_threads() -> usize {
        std::thread::available_parallelism().map_or(1, NonZeroUsize::get).saturating_sub(1).max(1)
    }

    /// A place for one check. Asked for before anything is looked up: where too many wait, saying so costs nothing.
    ///
    /// # Errors
    /// 503 `AUTH_BUSY` when the waiting room is full.
    pub fn place(&self) -> Result<Place, Error> {
        let taken = self.places.clone().try_acquire_owned().map_err(|_| busy())?;
        self.coming.fetch_add(1, Ordering::Relaxed);
        Ok(Place { taken, coming: Coming(self.coming.clone()) })
    }

    /// Runs `work` on a thread of the pool. Work whose caller went away before its turn is not done.
    ///
    /// # Errors
    /// 503 `AUTH_BUSY`: at once when the waiting room is full, or after a long wait.
    pub(super) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let Place { taken, coming } = self.place()?;
        let (sender, receiver) = oneshot::channel();
        let task = Task::Other(Box::new(move || {
            if !sender.is_closed() {
                // The caller may have gone meanwhile: nobody is left to tell.
                let _ = sender.send(work());
            }
            drop(taken);
        }));
        self.wait_for(task, coming, receiver).await
    }

    /// Whether the password fits, once a thread has checked it with others that came at the same time.
    ///
    /// # Errors
    /// 503 `AUTH_BUSY` after a long wait.
    pub(super) async fn check(&self, place: Place, password: Password, stored: PasswordHash) -> Result<bool, Error> {
        let Place { taken, coming } = place;
        let (asked_by, receiver) = oneshot::channel();
        self.wait_for(Task::Check(Check { password, stored, asked_by, taken }), coming, receiver).await
    }

    async fn wait_for<T>(&self, task: Task, coming: Coming, answer: oneshot::Receiver<T>) -> Result<T, Error> {
        let gone = || Error::internal("a hash thread ended");
        self.waiting.send(task).map_err(|_| gone())?;
        drop(coming);
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(answer) => answer.map_err(|_| gone()),
            Err(_) => Err(busy()),
        }
    }
}

fn busy() -> Error {
    metrics::counter!("password_hash_refused_total").increment(1);
    Error::new(ErrorKind::Unavailable, "AUTH_BUSY", "Too many people are signing in; try again in a moment.")
        .with_retry_after_ms(RETRY_AFTER_MS)
}

/// Where a thread of the pool takes its work from.
struct Desk {
    tasks: Arc<Mutex<Receiver<Task>>>,
    coming: Arc<AtomicUsize>,
}

impl Desk {
    fn work(self) {
        // Without the right to it the threads run as any other.
        let _ = rustix::process::nice(NICE);
        while let Some((checks, other)) = self.next() {
            let started = Instant::now();
            // A panic costs those it was done for, who see their answers missing, and not the thread.
            let went_well = catch_unwind(AssertUnwindSafe(|| {
                Check::answer_all(checks);
                if let Some(work) = other {
                    work();
                }
            }));
            if went_well.is_err() {
                tracing::error!("a password hash panicked");
            }
            metrics::histogram!("password_hash_seconds").record(started.elapsed().as_secs_f64());
        }
    }

    /// The next work: checks that can be done together, and what came behind them. `None` when the pool is gone.
    fn next(&self) -> Option<(Vec<Check>, Option<Work>)> {
        // The lock is held while waiting for work only, never while it is done.
        let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let mut checks = match tasks.recv().ok()? {
            Task::Check(check) => vec![check],
            Task::Other(work) => return Some((Vec::new(), Some(work))),
        };
        let until = Instant::now() + GATHERING;
        while checks.len() < LANES {
            let expected = self.coming.load(Ordering::Relaxed) > 0;
            let left = if expected { until.saturating_duration_since(Instant::now()) } else { Duration::ZERO };
            match tasks.recv_timeout(left) {
                Ok(Task::Check(check)) => checks.push(check),
                Ok(Task::Other(work)) => return Some((checks, Some(work))),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        Some((checks, None))
    }
}
