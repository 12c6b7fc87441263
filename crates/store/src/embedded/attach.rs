//! The way in for commands: beside a running server they use its cluster, without one they run it for themselves.

use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::address::Server;
use super::error::EmbeddedError;
use super::folder::Layout;
use super::lock::{self, Holder, Purpose};
use super::process;
use super::{Embedded, Settings};

/// A server that is just starting (or recovering) gets this long before a command gives up on it.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a command may find somebody faster between looking and starting.
const ATTEMPTS: u32 = 3;

/// The cluster as a command sees it. Call [`Guest::close`] when done.
#[derive(Debug)]
pub enum Guest {
    /// A server runs; this is its cluster.
    Attached(Server),
    /// Nobody ran it, so the command does.
    Started(Box<Embedded>),
}

impl Guest {
    /// How to connect.
    pub fn server(&self) -> &Server {
        match self {
            Self::Attached(server) => server,
            Self::Started(embedded) => embedded.server(),
        }
    }

    /// Stops the cluster if this command started it.
    pub async fn close(self) -> Result<(), EmbeddedError> {
        match self {
            Self::Attached(_) => Ok(()),
            Self::Started(embedded) => embedded.stop().await,
        }
    }
}

/// Opens the cluster for one command: attaches to a running server, otherwise starts the cluster until
/// [`Guest::close`]. Waits for another command that does the same.
pub async fn open(settings: &Settings) -> Result<Guest, EmbeddedError> {
    let mut attempts = ATTEMPTS;
    loop {
        if let Some(server) = attach(&settings.data_dir).await? {
            return Ok(Guest::Attached(server));
        }
        attempts -= 1;
        match Embedded::launch(settings, Purpose::Command).await {
            // A server was faster: then there is one to attach to.
            Err(EmbeddedError::AlreadyRunning { .. }) if attempts > 0 => {}
            launched => return Ok(Guest::Started(Box::new(launched?))),
        }
    }
}

/// The running server's cluster, or `None` when no server runs on `data_dir`. Changes nothing and starts nothing.
///
/// A server that is still starting is waited for; a command that runs the cluster for itself is not attached to,
/// because it will take the cluster away.
pub async fn attach(data_dir: &Path) -> Result<Option<Server>, EmbeddedError> {
    let Some(layout) = Layout::existing(data_dir) else { return Ok(None) };
    let started = Instant::now();
    loop {
        let pid = match lock::holder(&layout.lock())? {
            Holder::Nobody | Holder::Somebody(Some((Purpose::Command, _))) => return Ok(None),
            Holder::Somebody(Some((Purpose::Server, pid))) => Some(pid),
            Holder::Somebody(None) => None,
        };
        // The file may be the last run's until the server has started: only an answer counts.
        let trouble = match Server::read(&layout)? {
            Some(server) => match process::sign_in(&server.superuser_options(), &layout).await {
                Ok(()) => return Ok(Some(server)),
                Err(error) => error,
            },
            None => EmbeddedError::AlreadyRunning { data_dir: layout.data.clone(), pid },
        };
        if started.elapsed() > PATIENCE {
            return Err(trouble);
        }
        sleep(Duration::from_millis(50)).await;
    }
}
