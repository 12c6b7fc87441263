//! The connections of one role, handed out and taken back.
//!
//! Our own rather than sqlx's, whose pool asks the server after each use whether the connection still lives, in a task of
//! its own: as much work again as a short read. Here a connection whose last statement ended well goes straight back; any
//! other is put in order first, or closed.

use crate::error::DbError;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, SqlSafeStr};
use std::io::ErrorKind;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout};

/// Older connections are not kept: what a server holds for one only grows.
const LIFE: Duration = Duration::from_secs(30 * 60);
/// One that was not needed for so long is closed at the next occasion.
const IDLE: Duration = Duration::from_secs(10 * 60);
/// How long putting a connection in order, or closing it, may take.
const MENDING: Duration = Duration::from_secs(5);
/// The first pause before a server that refuses connections is asked again; doubled each time.
const PAUSE: Duration = Duration::from_millis(10);

/// The pool of one role. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Inner>);

struct Inner {
    options: PgConnectOptions,
    acquire_timeout: Duration,
    max: u32,
    /// One place a connection; closed with the pool.
    places: Arc<Semaphore>,
    /// The last one given back is the next one given out, so that those beyond need stay idle.
    idle: Mutex<Vec<Idle>>,
    open: AtomicU32,
}

struct Idle {
    conn: PgConnection,
    made: Instant,
    since: Instant,
}

impl Pool {
    /// Connects when connections are needed, so that a database that is still starting is no error.
    pub fn new(options: PgConnectOptions, max: u32, acquire_timeout: Duration) -> Self {
        let places = Arc::new(Semaphore::new(usize::try_from(max).unwrap_or(1)));
        Self(Arc::new(Inner { options, acquire_timeout, max, places, idle: Mutex::default(), open: AtomicU32::new(0) }))
    }

    /// A connection, in the order of asking.
    ///
    /// # Errors
    /// When none can be had within the time, or the pool is closed.
    pub async fn lease(&self) -> Result<Lease, DbError> {
        let permit = match self.0.places.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => timeout(self.0.acquire_timeout, self.0.places.clone().acquire_owned())
                .await
                .map_err(|_| sqlx::Error::PoolTimedOut)?
                .map_err(|_| sqlx::Error::PoolClosed)?,
        };
        let kept = self.0.idle().pop();
        if let Some(Idle { conn, made, .. }) = kept {
            if made.elapsed() < LIFE {
                return Ok(Lease {
                    conn: Some(conn),
                    made,
                    state: State::Settled,
                    pool: self.clone(),
                    permit: Some(permit),
                });
            }
            self.0.dismiss(conn);
        }
        let conn = self.connect().await?;
        self.0.open.fetch_add(1, Ordering::Relaxed);
        let made = Instant::now();
        Ok(Lease { conn: Some(conn), made, state: State::Settled, pool: self.clone(), permit: Some(permit) })
    }

    /// Connections open, and those of them that nobody uses now.
    pub fn counts(&self) -> (u32, usize) {
        (self.0.open.load(Ordering::Relaxed), self.0.idle().len())
    }

    /// Gives out no more, waits for those in use and ends them all.
    pub async fn close(&self) {
        let all = self.0.places.acquire_many(self.0.max).await;
        self.0.places.close();
        drop(all);
        let idle = std::mem::take(&mut *self.0.idle());
        for Idle { conn, .. } in idle {
            self.0.open.fetch_sub(1, Ordering::Relaxed);
            let _ = timeout(MENDING, conn.close()).await;
        }
    }

    /// Connects; a server that refuses may be starting and is asked again until the time is over.
    async fn connect(&self) -> Result<PgConnection, DbError> {
        let until = Instant::now() + self.0.acquire_timeout;
        let mut pause = PAUSE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let error = match timeout(left, self.0.options.connect()).await {
                Ok(Ok(conn)) => return Ok(conn),
                Ok(Err(error)) if is_starting(&error) => error,
                Ok(Err(error)) => return Err(error.into()),
                Err(_) => return Err(sqlx::Error::PoolTimedOut.into()),
            };
            if until <= Instant::now() + pause {
                return Err(error.into());
            }
            sleep(pause).await;
            pause *= 2;
        }
    }
}

impl Inner {
    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a connection for the next one; closes the one that has waited longest if that was too long.
    fn keep(&self, conn: PgConnection, made: Instant) {
        let now = Instant::now();
        let mut idle = self.idle();
        let stale = match idle.first() {
            Some(first) if now.duration_since(first.since) > IDLE => Some(idle.remove(0)),
            _ => None,
        };
        idle.push(Idle { conn, made, since: now });
        drop(idle);
        if let Some(stale) = stale {
            self.dismiss(stale.conn);
        }
    }

    /// Ends a connection in the background.
    fn dismiss(&self, conn: PgConnection) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                let _ = timeout(MENDING, conn.close()).await;
            });
        }
    }
}

/// A connection in the hands of one piece of work. Goes back when it is dropped.
pub(crate) struct Lease {
    /// Taken only by the drop.
    conn: Option<PgConnection>,
    made: Instant,
    state: State,
    pool: Pool,
    permit: Option<OwnedSemaphorePermit>,
}

/// What is open on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing: the last statement was answered to its end.
    Settled,
    /// A statement that stands alone.
    Statement,
    Transaction,
}

impl Lease {
    /// Begins a transaction with this text: `begin` and what is to be set for it.
    pub async fn begin(&mut self, text: impl SqlSafeStr) -> Result<(), DbError> {
        self.state = State::Transaction;
        sqlx::raw_sql(text).execute(&mut **self).await?;
        Ok(())
    }

    pub async fn commit(&mut self) -> Result<(), DbError> {
        (&mut **self).execute("commit").await?;
        self.state = State::Settled;
        Ok(())
    }

    /// The last statement was answered to its end and nothing is open: the connection may be given back as it is.
    pub fn settle(&mut self) {
        self.state = State::Settled;
    }
}

const HELD: &str = "only the drop takes the connection out of its lease";

impl Deref for Lease {
    type Target = PgConnection;

    #[expect(clippy::expect_used, reason = "nothing follows a drop")]
    fn deref(&self) -> &PgConnection {
        self.conn.as_ref().expect(HELD)
    }
}

/// For the next statement: until [`Lease::settle`] or [`Lease::commit`] it counts as broken off.
impl DerefMut for Lease {
    #[expect(clippy::expect_used, reason = "nothing follows a drop")]
    fn deref_mut(&mut self) -> &mut PgConnection {
        if self.state == State::Settled {
            self.state = State::Statement;
        }
        self.conn.as_mut().expect(HELD)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(conn) = self.conn.take() else { return };
        if self.state == State::Settled {
            // Before the permit is given back by the drop of the field, so that who gets it finds the connection.
            return self.pool.0.keep(conn, self.made);
        }
        let (pool, permit, made, state) = (self.pool.clone(), self.permit.take(), self.made, self.state);
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(mend(pool, conn, made, state, permit))),
            // The process ends.
            Err(_) => drop(pool.0.open.fetch_sub(1, Ordering::Relaxed)),
        }
    }
}

/// Undoes what was left open and gives the connection back; closes it where that fails.
async fn mend(pool: Pool, mut conn: PgConnection, made: Instant, state: State, permit: Option<OwnedSemaphorePermit>) {
    match timeout(MENDING, undo(&mut conn, state)).await {
        Ok(Ok(())) => pool.0.keep(conn, made),
        Ok(Err(_)) | Err(_) => {
            pool.0.open.fetch_sub(1, Ordering::Relaxed);
            let _ = timeout(MENDING, conn.close_hard()).await;
        }
    }
    drop(permit);
}

async fn undo(conn: &mut PgConnection, state: State) -> Result<(), sqlx::Error> {
    match state {
        // First what is left of a broken off answer is read, then this is sent.
        State::Transaction => conn.execute("rollback").await.map(drop),
        State::Statement | State::Settled => conn.ping().await,
    }
}

/// Whether the server is not there yet, or not yet ready (57P03), or full (53300).
fn is_starting(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == ErrorKind::ConnectionRefused,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code == "57P03" || code == "53300"),
        _ => false,
    }
}
