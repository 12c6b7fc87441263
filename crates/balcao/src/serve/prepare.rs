//! Getting to a fit database, however long that takes, while the door says what is waited for.

use super::gate::Gate;
use crate::commands::Session;
use crate::database::addresses::Addresses;
use crate::database::prepare::Schema;
use crate::database::{make_ready, open_pools};
use crate::failure::{DATABASE_UNREACHABLE, Failure};
use std::future::pending;
use std::time::Duration;
use store::embedded::{self, Embedded, EmbeddedError};
use store::{Database, Sealer};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a database that does not answer is waited for: a server that starts with it, or switches over.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a schema that somebody else must migrate is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Where the database comes from, as this process is responsible for it.
pub enum Source {
    /// The operator's.
    Given,
    /// Ours, kept running by a task that gives it back at the end: from the first moment, because it can be killed in
    /// every one.
    Watched {
        task: JoinHandle<(Embedded, Result<(), EmbeddedError>)>,
        stop: CancellationToken,
        over: CancellationToken,
    },
}

/// The pools, the sealer and the source, ready for the schema of this binary.
pub async fn prepare(
    session: &Session,
    gate: &Gate,
    tracker: &TaskTracker,
) -> Result<(Database, Sealer, Source), Failure> {
    let config = &session.config;
    let sealer = session.sealer()?;
    let (addresses, source) = match &config.database.url {
        Some(url) => (Addresses::of_url(url, &config.database, &sealer)?, Source::Given),
        None => {
            gate.waits_for("PostgreSQL is starting");
            let embedded = embedded::start(&config.database.own).await?;
            (Addresses::of_own(embedded.server(), &sealer), Source::watch(embedded, tracker))
        }
    };
    let db = open_pools(&addresses, &config.database.pools);
    gate.waits_for("the database is being prepared");
    match until_ready(&db, &addresses, config.database.migrate_at_start, gate).await {
        Ok(()) => {}
        Err(failure) => {
            db.close().await;
            // The first failure is the one to tell.
            let _ = source.stop().await;
            return Err(failure);
        }
    }
    match patiently(gate, async || sealer.clone().with_lasting(&db, &session.ids, session.clock.now()).await).await {
        Ok(sealer) => Ok((db, sealer, source)),
        Err(failure) => {
            db.close().await;
            let _ = source.stop().await;
            Err(failure)
        }
    }
}

/// Asks the database again while it does not answer: it may be killed in the middle of a start, and comes back.
///
/// # Errors
/// What it refuses, or that it does not come back.
pub async fn patiently<T, E: Into<Failure>>(
    gate: &Gate,
    mut ask: impl AsyncFnMut() -> Result<T, E>,
) -> Result<T, Failure> {
    let since = Instant::now();
    loop {
        match ask().await.map_err(Into::into) {
            Err(failure) if failure.code == DATABASE_UNREACHABLE && since.elapsed() < PATIENCE => {
                tracing::warn!(reason = %failure, "the database does not answer yet");
                gate.waits_for("the database does not answer");
            }
            answer => return answer,
        }
        sleep(LOOK).await;
    }
}

async fn until_ready(db: &Database, addresses: &Addresses, migrate: bool, gate: &Gate) -> Result<(), Failure> {
    loop {
        match patiently(gate, async || make_ready(db, addresses, migrate).await).await? {
            Schema::Current => return Ok(()),
            Schema::Old => gate.waits_for("the schema is too old: run `balcao migrate up`"),
        }
        sleep(LOOK).await;
    }
}

impl Source {
    /// Lets a task keep the own PostgreSQL running.
    fn watch(mut embedded: Embedded, tracker: &TaskTracker) -> Self {
        let (stop, over) = (CancellationToken::new(), CancellationToken::new());
        let (stopped, ends) = (stop.clone(), over.clone().drop_guard());
        let task = tracker.spawn(async move {
            let ended = embedded.supervise(stopped.cancelled()).await;
            drop(ends);
            (embedded, ended)
        });
        Self::Watched { task, stop, over }
    }

    /// Resolves when the own PostgreSQL could not be kept running; [`Source::stop`] says why.
    pub async fn gave_up(&self) {
        match self {
            Self::Watched { over, .. } => over.cancelled().await,
            Self::Given => pending().await,
        }
    }

    /// Stops what is ours.
    ///
    /// # Errors
    /// Why it could not be kept running, or does not stop.
    pub async fn stop(self) -> Result<(), Failure> {
        match self {
            Self::Given => Ok(()),
            Self::Watched { task, stop, .. } => {
                stop.cancel();
                let broken = |panic| Failure::plain(format!("the watch over PostgreSQL broke: {panic}"));
                let (embedded, kept_running) = task.await.map_err(broken)?;
                let stopped = embedded.stop().await;
                kept_running?;
                Ok(stopped?)
            }
        }
    }
}
