//! The product's own PostgreSQL: a private cluster in the data folder, made at the first start, run as a child
//! process, kept alive, stopped cleanly.
//!
//! [`start`] gives an [`Embedded`] to the server process, which lets [`Embedded::supervise`] run beside its work and
//! ends with [`Embedded::stop`]. Commands use [`open`]: beside a running server they get its cluster, otherwise they
//! run it themselves. Both hand out a [`Server`], which makes connection options.
//!
//! What can happen to it, and what we do: a second server is refused (`lock`); after kill -9 of us the orphaned
//! postmaster is stopped and started again (`leftover`); after kill -9 of PostgreSQL it is started again as soon as
//! its children are gone; an interrupted first start leaves nothing that counts (`init`). Every way to fail is an
//! [`EmbeddedError`]: one sentence and one exit code.
//!
//! Deliberately absent: roles and databases of the product, upgrades between major versions, backups.

mod address;
mod attach;
mod diagnose;
mod error;
mod fetch;
mod find;
mod folder;
mod init;
mod leftover;
mod lock;
mod process;
mod run_as;
mod tune;

use std::future::Future;
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::time::Duration;

use secrecy::SecretString;
use tokio::time::{Instant, sleep};

pub use address::{Endpoint, SUPERUSER, Server, Transport};
pub use attach::{Guest, attach, open};
pub use error::EmbeddedError;

use diagnose::Verdict;
use find::{Programs, Wish};
use folder::Layout;
use lock::{Lock, Purpose};
use process::Postmaster;
use run_as::Identity;

/// How long a start waits for the rest of a killed server to let go of its shared memory.
const LEFTOVER_PATIENCE: Duration = Duration::from_secs(30);
/// Another port is tried this often when somebody is faster.
const PORT_ATTEMPTS: u32 = 3;
/// A server that cannot be started again for this long takes the process with it.
const RESTART_PATIENCE: Duration = Duration::from_secs(300);

/// Where the cluster lives and how it is run.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The product's data folder; the cluster lives in `postgres` below it. Made if missing.
    pub data_dir: PathBuf,
    /// The unprivileged user for PostgreSQL when we run as root; default: the cluster's owner, `postgres`, `nobody`.
    pub run_as: Option<String>,
    /// The folder with `initdb` and `postgres`; default: searched for.
    pub bin_dir: Option<PathBuf>,
    /// Socket or loopback.
    pub transport: Transport,
}

/// The running cluster, held by this process alone. Dropping it tells PostgreSQL to stop without waiting for it.
#[derive(Debug)]
pub struct Embedded {
    // Fields are dropped in this order: PostgreSQL is told to stop before the folder is let go of.
    postmaster: Postmaster,
    server: Server,
    plant: Plant,
    _lock: Lock,
}

/// What stays the same from one start of the server process to the next.
#[derive(Debug)]
struct Plant {
    layout: Layout,
    programs: Programs,
    identity: Identity,
    transport: Transport,
    password: SecretString,
}

/// Runs the cluster of `settings.data_dir` for a server, making it first if there is none. Ready for connections when
/// it returns; about 0.2 s for a cluster that was stopped cleanly.
pub async fn start(settings: &Settings) -> Result<Embedded, EmbeddedError> {
    Embedded::launch(settings, Purpose::Server).await
}

impl Embedded {
    async fn launch(settings: &Settings, purpose: Purpose) -> Result<Self, EmbeddedError> {
        let layout = Layout::create(&settings.data_dir)?;
        let lock = Lock::acquire(&layout.lock(), &layout.data, purpose).await?;
        let plant = Plant::prepare(layout, settings).await?;
        let (postmaster, server) = plant.run(None).await?;
        tracing::info!(pid = server.pid(), version = server.version(), "PostgreSQL is ready");
        Ok(Self { postmaster, server, plant, _lock: lock })
    }

    /// How to connect. The address stays the same over a [`restart`](Self::restart), so that pools find back.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Shorthand for the server's [`superuser_url`](Server::superuser_url).
    pub fn superuser_url(&self) -> SecretString {
        self.server.superuser_url()
    }

    /// Process number of the postmaster.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Version of PostgreSQL, such as `15.18`.
    pub fn version(&self) -> &str {
        self.server.version()
    }

    /// Resolves when PostgreSQL has ended without being told to. Cancel-safe.
    pub async fn exited(&mut self) {
        self.postmaster.ended().await;
    }

    /// Stops PostgreSQL if it still runs, waits until nothing of it is left, and starts it again.
    pub async fn restart(&mut self) -> Result<(), EmbeddedError> {
        self.postmaster.stop().await?;
        let (postmaster, server) = self.plant.run(Some(self.server.endpoint())).await?;
        self.postmaster = postmaster;
        self.server = server;
        Ok(())
    }

    /// Keeps PostgreSQL running until `shutdown` resolves: started again whenever it ends, with growing pauses while
    /// that fails. An error means that it could not be started for five minutes.
    pub async fn supervise(&mut self, shutdown: impl Future<Output = ()>) -> Result<(), EmbeddedError> {
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => return Ok(()),
                () = self.exited() => {}
            }
            tracing::error!(pid = self.pid(), "PostgreSQL has ended unexpectedly: starting it again");
            if !self.recover(shutdown.as_mut()).await? {
                return Ok(());
            }
        }
    }

    /// Stops PostgreSQL: fast shutdown, then immediate, then by force. Returns when it is gone.
    pub async fn stop(mut self) -> Result<(), EmbeddedError> {
        self.postmaster.stop().await?;
        // Also what a cancelled restart has begun.
        leftover::clear(&self.plant.layout).await?;
        address::forget(&self.plant.layout);
        self.server.endpoint().discard();
        tracing::info!("PostgreSQL has stopped");
        Ok(())
    }

    /// `false` when `shutdown` came first. It ends the attempts but interrupts none: work that is being finished for
    /// the shutdown needs its database.
    async fn recover(&mut self, mut shutdown: Pin<&mut impl Future<Output = ()>>) -> Result<bool, EmbeddedError> {
        let since = Instant::now();
        let mut pause = Duration::from_millis(100);
        loop {
            match self.restart().await {
                Ok(()) => {
                    let millis = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
                    tracing::info!(pid = self.pid(), millis, "PostgreSQL runs again");
                    return Ok(true);
                }
                Err(error) if since.elapsed() > RESTART_PATIENCE => return Err(error),
                Err(error) => tracing::error!(%error, "PostgreSQL does not start: trying again"),
            }
            tokio::select! {
                biased;
                () = &mut shutdown => return Ok(false),
                () = sleep(pause) => pause = (pause * 2).min(Duration::from_secs(5)),
            }
        }
    }
}

impl Plant {
    /// Finds programs and user, sees to the folders, clears what is left of an earlier run, makes the cluster if needed.
    async fn prepare(layout: Layout, settings: &Settings) -> Result<Self, EmbeddedError> {
        // First of all, because the rest cannot even be read as a wrong user.
        let home = layout.home();
        let owner = layout.owner().map(|owner| (home.as_path(), owner));
        let identity = run_as::choose(settings.run_as.as_deref(), owner)?;
        let cluster = layout.cluster();
        let major = layout.cluster_major()?;
        let fetched = layout.fetched();
        let wish = Wish {
            bin_dir: settings.bin_dir.as_deref(),
            cluster: major.map(|major| (cluster.as_path(), major)),
            fetched: &fetched,
        };
        let programs = find::find(&wish).await?;
        layout.prepare(&identity, &programs).await?;
        let password = match major {
            Some(_) => address::password(&layout)?,
            None => {
                tracing::info!(version = %programs.version, user = identity.name, "making the database cluster");
                init::create(&layout, &programs, &identity).await?
            }
        };
        init::clean(&layout);
        Ok(Self { layout, programs, identity, transport: settings.transport, password })
    }

    /// Starts PostgreSQL after whatever an earlier one left is gone, at the same address as `before` if there was one.
    async fn run(&self, before: Option<&Endpoint>) -> Result<(Postmaster, Server), EmbeddedError> {
        let started = Instant::now();
        let mut port_attempts = PORT_ATTEMPTS;
        loop {
            leftover::clear(&self.layout).await?;
            let endpoint = match before {
                Some(endpoint) => endpoint.clone(),
                None => address::choose(&self.layout, self.transport, &self.identity)?,
            };
            endpoint.renew(&self.identity)?;
            let started_now = Postmaster::start(&self.layout, &self.programs, &self.identity, &endpoint).await;
            let announced = match started_now {
                Ok(postmaster) => self.announce(postmaster, endpoint.clone()).await,
                Err(verdict) => Err(verdict),
            };
            match announced {
                Ok(running) => return Ok(running),
                Err(Verdict::Killed) if started.elapsed() < LEFTOVER_PATIENCE => {
                    tracing::warn!("PostgreSQL was killed while it started: starting it again");
                }
                Err(Verdict::Leftovers) if started.elapsed() < LEFTOVER_PATIENCE => {}
                Err(Verdict::PortTaken) if port_attempts > 0 => port_attempts -= 1,
                Err(verdict) => {
                    endpoint.discard();
                    return Err(self.final_error(verdict));
                }
            }
            if before.is_none() {
                endpoint.discard();
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Checks that we can sign in, and writes down where.
    async fn announce(&self, mut postmaster: Postmaster, endpoint: Endpoint) -> Result<(Postmaster, Server), Verdict> {
        let server = Server::new(endpoint, self.password.clone(), postmaster.pid(), &self.programs.version);
        let signed_in = process::sign_in(&server.superuser_options(), &self.layout).await;
        if let Err(error) = signed_in.and_then(|()| server.write(&self.layout)) {
            if postmaster.was_killed().await {
                return Err(Verdict::Killed);
            }
            postmaster.stop().await.map_err(Verdict::Error)?;
            return Err(Verdict::Error(error));
        }
        Ok((postmaster, server))
    }

    fn final_error(&self, verdict: Verdict) -> EmbeddedError {
        let detail = match verdict {
            Verdict::Error(error) => return error,
            Verdict::Leftovers => "processes of an earlier PostgreSQL still use its memory",
            Verdict::Killed => "somebody kills it again and again while it starts; memory may be short",
            Verdict::PortTaken => "another program takes every port that it tries",
        };
        EmbeddedError::StartFailed { detail: detail.to_owned(), log: self.layout.log() }
    }
}
