//! Threads of their own for hashing, with a bounded waiting room: logins never hold up anything else.

use kernel::{Error, ErrorKind};
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// How much less than other threads these run when cores are scarce (the `nice` value).
const NICE: i32 = 2;
/// Nobody waits longer than this, however slow the machine is: the request itself would be given up soon after.
const PATIENCE: Duration = Duration::from_secs(20);
/// Told to those who find the waiting room full.
const RETRY_AFTER_MS: u64 = 2_000;

type Task = Box<dyn FnOnce() + Send>;

/// A small pool of threads. Cheap to clone; the threads end with the last clone.
#[derive(Clone)]
pub struct HashPool {
    waiting: SyncSender<Task>,
}

impl HashPool {
    /// `threads` hash at once, `waiting_room` more may wait.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn new(threads: usize, waiting_room: usize) -> Result<Self, Error> {
        let (waiting, tasks) = sync_channel::<Task>(waiting_room.max(1));
        let tasks = Arc::new(Mutex::new(tasks));
        for n in 0..threads.max(1) {
            let tasks = tasks.clone();
            std::thread::Builder::new()
                .name(format!("hash-{n}"))
                .spawn(move || work(&tasks))
                .map_err(|error| Error::internal(format!("hash thread: {error}")))?;
        }
        Ok(Self { waiting })
    }

    /// Threads to use on this machine: one fewer than it has cores, at least one.
    pub fn default_threads() -> usize {
        std::thread::available_parallelism().map_or(1, NonZeroUsize::get).saturating_sub(1).max(1)
    }

    /// Runs `work` on a thread of the pool. Work whose caller went away before its turn is not done.
    ///
    /// # Errors
    /// 503 `AUTH_BUSY`: at once when the waiting room is full, or after a long wait.
    pub(super) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let (sender, receiver) = oneshot::channel();
        let task: Task = Box::new(move || {
            if !sender.is_closed() {
                // The caller may have gone meanwhile: nobody is left to tell.
                let _ = sender.send(work());
            }
        });
        match self.waiting.try_send(task) {
            Ok(()) => match tokio::time::timeout(PATIENCE, receiver).await {
                Ok(answer) => answer.map_err(|_| Error::internal("a hash thread ended")),
                Err(_) => Err(busy()),
            },
            Err(TrySendError::Full(_)) => Err(busy()),
            Err(TrySendError::Disconnected(_)) => Err(Error::internal("no hash thread is left")),
        }
    }
}

fn busy() -> Error {
    metrics::counter!("password_hash_refused_total").increment(1);
    Error::new(ErrorKind::Unavailable, "AUTH_BUSY", "Too many people are signing in; try again in a moment.")
        .with_retry_after_ms(RETRY_AFTER_MS)
}

fn work(tasks: &Mutex<Receiver<Task>>) {
    // Without the right to it the threads run as any other.
    let _ = rustix::process::nice(NICE);
    loop {
        // The lock is held while waiting for the next task only, never while one runs.
        let next = tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(task) = next else { return };
        let started = std::time::Instant::now();
        // A panic costs its own request, which sees its answer missing, and not the thread.
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(task)).is_err() {
            tracing::error!("a password hash panicked");
        }
        metrics::histogram!("password_hash_seconds").record(started.elapsed().as_secs_f64());
    }
}
