//! The `postgres` process: its start, the moment it is ready, its end.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::Signal;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use super::address::Endpoint;
use super::diagnose::{self, LogMark, Verdict};
use super::error::{EmbeddedError, during};
use super::find::Programs;
use super::folder::Layout;
use super::init::OUR_CONF;
use super::leftover::{self, ESCALATION, PidFile};
use super::run_as::Identity;
use super::{folder, tune};

/// Replaying the log after a crash may take minutes on a slow disk; longer than this and something is wrong.
const READY_DEADLINE: Duration = Duration::from_secs(600);
const CONNECT_DEADLINE: Duration = Duration::from_secs(10);
/// Its connections break a moment before a killed process is gone.
const DYING: Duration = Duration::from_millis(500);
/// PostgreSQL's first words, before its own log begins.
const FIRST_WORDS: &str = "startup.log";

/// A `postgres` that we are the parent of. Dropped without [`Postmaster::stop`], it is told to shut down and not waited for.
#[derive(Debug)]
pub(super) struct Postmaster {
    child: Child,
    pid: u32,
}

impl Postmaster {
    /// Starts `postgres` on the cluster, listening at `endpoint`, and waits until it accepts connections.
    pub(super) async fn start(
        layout: &Layout,
        programs: &Programs,
        identity: &Identity,
        endpoint: &Endpoint,
    ) -> Result<Self, Verdict> {
        let mark = LogMark::set(&layout.log());
        let mut postmaster = Self::spawn(layout, programs, identity, endpoint).map_err(Verdict::Error)?;
        if postmaster.ready(&layout.cluster()).await.map_err(Verdict::Error)? {
            return Ok(postmaster);
        }
        if postmaster.was_killed().await {
            return Err(Verdict::Killed);
        }
        Err(diagnose::failed_start(&mark.read(), &layout.cluster(), &layout.log()))
    }

    fn spawn(
        layout: &Layout,
        programs: &Programs,
        identity: &Identity,
        endpoint: &Endpoint,
    ) -> Result<Self, EmbeddedError> {
        let conf = layout.cluster().join(OUR_CONF);
        folder::write_private(&conf, tune::configuration(tune::machine_memory()).as_bytes(), Some(identity))?;
        let words = layout.log().join(FIRST_WORDS);
        let _ = fs::remove_file(&words);
        let output = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(&words)
            .map_err(during("writing", &words))?;
        let errors = output.try_clone().map_err(during("writing", &words))?;

        let program = programs.postgres();
        let mut command = Command::new(&program);
        identity.apply(&mut command);
        command.arg("-D").arg(layout.cluster()).args(endpoint.arguments());
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let child = command.spawn().map_err(during("running", &program))?;
        let pid = child.id().unwrap_or_default();
        Ok(Self { child, pid })
    }

    /// Waits until connections are accepted; `false` when the process ended instead.
    async fn ready(&mut self, cluster: &Path) -> Result<bool, EmbeddedError> {
        let started = Instant::now();
        let mut pause = Duration::from_millis(2);
        while started.elapsed() < READY_DEADLINE {
            if self.child.try_wait().map_err(during("waiting for", cluster))?.is_some() {
                return Ok(false);
            }
            if PidFile::read(cluster).is_some_and(|file| file.pid == self.pid && file.ready) {
                return Ok(true);
            }
            sleep(pause).await;
            pause = (pause * 3 / 2).min(Duration::from_millis(50));
        }
        let detail = format!("it is not ready after {} minutes", READY_DEADLINE.as_secs() / 60);
        Err(EmbeddedError::StartFailed { detail, log: cluster.with_file_name("log") })
    }

    /// Whether it ended by a signal that it cannot have answered. It says nothing of that itself.
    pub(super) async fn was_killed(&mut self) -> bool {
        let ended = timeout(DYING, self.child.wait()).await;
        matches!(ended, Ok(Ok(status)) if status.signal() == Some(Signal::SIGKILL as i32))
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Resolves when the process has ended, for whatever reason.
    pub(super) async fn ended(&mut self) {
        // An error means that it is no child of ours any more, which comes to the same.
        let _ = self.child.wait().await;
    }

    /// Fast shutdown (open transactions are rolled back, a checkpoint is written), then less polite.
    pub(super) async fn stop(&mut self) -> Result<(), EmbeddedError> {
        for (name, patience) in ESCALATION {
            if self.child.id().is_none() {
                return Ok(());
            }
            leftover::signal(self.pid, name);
            if timeout(patience, self.child.wait()).await.is_ok() {
                return Ok(());
            }
            tracing::warn!(pid = self.pid, signal = name.as_str(), "PostgreSQL has not stopped in time");
        }
        Err(EmbeddedError::StopFailed { pid: self.pid })
    }
}

impl Drop for Postmaster {
    fn drop(&mut self) {
        // `id` is gone once the process is waited for: then its number may be somebody else's.
        if let Some(pid) = self.child.id() {
            leftover::signal(pid, Signal::SIGINT);
        }
    }
}

/// Signs in once, to know that the kept password is the cluster's.
pub(super) async fn sign_in(options: &PgConnectOptions, layout: &Layout) -> Result<(), EmbeddedError> {
    let fail = |detail: String| EmbeddedError::StartFailed { detail, log: layout.log() };
    let connection = timeout(CONNECT_DEADLINE, PgConnection::connect_with(options)).await;
    match connection.map_err(|_| fail("it does not answer".to_owned()))? {
        Ok(connection) => {
            // The server may close its end first, which is no failure of the sign-in.
            let _ = connection.close().await;
            Ok(())
        }
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("28P01") => {
            Err(EmbeddedError::PasswordLost { problem: "wrong", path: layout.password() })
        }
        Err(error) => Err(fail(error.to_string())),
    }
}
