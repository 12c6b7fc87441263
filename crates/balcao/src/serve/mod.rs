//! `balcao serve`: from nothing to a ready server, and down again in order.

mod gate;
mod health;
mod prepare;
mod routes;
mod signals;
mod tasks;

pub use routes::routes;

use crate::commands::Session;
use crate::config::Config;
use crate::failure::{ADDRESS, Failure};
use crate::house::{House, Materials};
use files::Files;
use gate::Gate;
use http_kit::{Server, ServerSettings};
use prepare::{Source, patiently};
use signals::Signals;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use store::Database;
use store::embedded::{self, EmbeddedError};
use tasks::Tasks;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Runs until a signal comes, or the own PostgreSQL cannot be kept running.
///
/// # Errors
/// What stood in the way of the start, or ended the run.
pub async fn run(session: &Session) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let config = &session.config;
    let listener = bind(config).await?;
    let address = listener.local_addr()?;
    tracing::info!(%address, "listening");
    let gate = Gate::new(routes::edge_settings(config), session.clock.clone(), session.ids.clone());
    let stop = CancellationToken::new();
    let tracker = TaskTracker::new();
    let accepting = tracker.spawn(listener.serve(gate.clone(), stop.clone()));

    let prepared = tokio::select! {
        prepared = prepare::prepare(session, &gate, &tracker) => prepared?,
        signal = signals.next() => {
            tracing::info!(signal, "stopped during the start");
            return Ok(());
        }
    };
    let (db, sealer, source) = prepared;
    let stopping = Arc::new(AtomicBool::new(false));
    let opened = open(session, &gate, db.clone(), sealer, address, stopping.clone()).await;
    let (house, tasks) = match opened {
        Ok(opened) => opened,
        Err(failure) => {
            close(db, source, config.shutdown_timeout).await?;
            return Err(failure);
        }
    };
    announce(config, address)?;
    if config.roles.api {
        show_setup_token(&house, &gate).await?;
    }

    tokio::select! {
        signal = signals.next() => tracing::info!(signal, "stopping"),
        () = source.gave_up() => tracing::error!("PostgreSQL could not be kept running: stopping"),
    }
    stopping.store(true, Ordering::Relaxed);
    let down = Down { house, tasks, stop, accepting, patience: config.shutdown_timeout };
    tokio::select! {
        () = down.in_order() => {}
        signal = signals.next() => tracing::warn!(signal, "asked again: stopping without waiting"),
    }
    let _ = std::fs::remove_file(config.address_file());
    close(db, source, config.shutdown_timeout).await?;
    tracing::info!("stopped");
    Ok(())
}

/// Builds the house, erases again whom a restore brought back, lets requests in, starts the tasks.
async fn open(
    session: &Session,
    gate: &Gate,
    db: Database,
    sealer: store::Sealer,
    address: SocketAddr,
    stopping: Arc<AtomicBool>,
) -> Result<(House, Tasks), Failure> {
    let config = &session.config;
    let files = Files::local(&config.data_dir)?;
    let (clock, ids) = (session.clock.clone(), session.ids.clone());
    let mut house = House::build(Materials { config, db, sealer, clock, ids, files, address })?;
    patiently(gate, async || crate::commands::apply_unseen_erasures(&house).await).await?;
    let (router, _) = routes(config, &mut house, config.roles, stopping)?;
    let tasks = Tasks::start(config, &house, config.roles);
    gate.open(router)?;
    Ok((house, tasks))
}

/// Says that the server is ready: in the log, and in a file for the commands beside it.
fn announce(config: &Config, address: SocketAddr) -> Result<(), Failure> {
    std::fs::write(config.address_file(), format!("{address}\n"))?;
    tracing::info!(%address, roles = config.roles.names().join(","), "ready");
    Ok(())
}

/// While no organization is here, each start shows a token that founds the first one. On the terminal alone: the log may
/// be read by others.
async fn show_setup_token(house: &House, gate: &Gate) -> Result<(), Failure> {
    if let Some(token) = patiently(gate, async || house.domains.identity.setup_token().await).await? {
        eprintln!("Set this installation up with POST /api/setup and the token {}", token.0.expose());
    }
    Ok(())
}

/// What is running, about to stop.
struct Down {
    house: House,
    tasks: Tasks,
    stop: CancellationToken,
    accepting: JoinHandle<usize>,
    patience: Duration,
}

impl Down {
    /// No new requests, sockets sent away, running requests ended, then jobs.
    async fn in_order(self) {
        self.stop.cancel();
        let ((), cut) = tokio::join!(self.house.hub.drain(), self.accepting);
        if let Ok(cut @ 1..) = cut {
            tracing::warn!(cut, "requests did not end in time and were cut");
        }
        if !self.tasks.stop(self.patience).await {
            tracing::warn!("jobs did not end in time; they run again after the next start");
        }
    }
}

/// Ends the connections, then the own PostgreSQL.
async fn close(db: Database, source: Source, patience: Duration) -> Result<(), Failure> {
    let _ = tokio::time::timeout(patience, db.close()).await;
    source.stop().await
}

async fn bind(config: &Config) -> Result<Server, Failure> {
    let settings = ServerSettings {
        listen: config.listen,
        max_connections: config.http.max_connections,
        drain: config.shutdown_timeout,
        ..ServerSettings::default()
    };
    match Server::bind(settings).await {
        Ok(server) => Ok(server),
        Err(error) => {
            let data_dir = &config.data_dir;
            // The likeliest other listener is another server of this folder, which is the better thing to say.
            if error.kind() == ErrorKind::AddrInUse
                && config.database.url.is_none()
                && matches!(embedded::attach(data_dir).await, Ok(Some(_)))
            {
                return Err(EmbeddedError::AlreadyRunning { data_dir: data_dir.clone(), pid: None }.into());
            }
            Err(Failure::new(ADDRESS, format!("cannot listen on {}: {error}", config.listen)))
        }
    }
}
