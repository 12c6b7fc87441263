//! What a kill -9 leaves behind. Of us: a postmaster that goes on without its parent. Of the postmaster: its
//! children, until each notices; its pid file; its socket. All of it must be gone before the next start.
//!
//! An orphaned postmaster is stopped and started again rather than adopted: only a parent learns at once when its
//! child dies, and the new start may have other settings or programs.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::{Instant, sleep};

use super::error::EmbeddedError;
use super::folder::Layout;

/// How long each signal may take, from polite to final: a fast shutdown writes a checkpoint.
pub(super) const ESCALATION: [(Signal, Duration); 3] = [
    (Signal::SIGINT, Duration::from_secs(30)),
    (Signal::SIGQUIT, Duration::from_secs(5)),
    (Signal::SIGKILL, Duration::from_secs(5)),
];
/// Children notice the death of their postmaster within milliseconds, unless they are busy with a statement.
const CHILDREN_NOTICE: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(5);

/// Ends everything of an earlier server on this cluster. The caller holds the folder's lock, so nothing that is found
/// belongs to a living balcao.
pub(super) async fn clear(layout: &Layout) -> Result<(), EmbeddedError> {
    let cluster = layout.cluster();
    if let Some(pid) = PidFile::read(&cluster).map(|file| file.pid).filter(|pid| is_postmaster_of(*pid, &cluster)) {
        tracing::warn!(pid, "PostgreSQL runs without its supervisor: stopping it before a new start");
        let living = || if is_postmaster_of(pid, &cluster) { vec![pid] } else { Vec::new() };
        end(&ESCALATION, living).await?;
    }
    clear_children(&cluster).await?;
    // PostgreSQL would take it for a sign of life if the process number had been given to another process, or
    // belongs to a zombie that nobody reaps (a container without an init).
    let _ = fs::remove_file(cluster.join("postmaster.pid"));
    Ok(())
}

/// Waits for the children of a dead postmaster, and ends those that do not notice. All at once: the log collector
/// ignores every polite signal and goes when the last of the others has.
pub(super) async fn clear_children(cluster: &Path) -> Result<(), EmbeddedError> {
    let started = Instant::now();
    while started.elapsed() < CHILDREN_NOTICE {
        if processes_in(cluster).is_empty() {
            return Ok(());
        }
        sleep(POLL).await;
    }
    tracing::warn!("processes of the dead PostgreSQL are still busy: ending them");
    end(ESCALATION.get(1..).unwrap_or_default(), || processes_in(cluster)).await
}

/// The parts of `postmaster.pid` that matter here. Its format is the same since PostgreSQL 10.
pub(super) struct PidFile {
    pub(super) pid: u32,
    /// Line 8 says `ready` as soon as connections are accepted.
    pub(super) ready: bool,
}

impl PidFile {
    pub(super) fn read(cluster: &Path) -> Option<Self> {
        let text = fs::read_to_string(cluster.join("postmaster.pid")).ok()?;
        let mut lines = text.lines();
        let pid = lines.next()?.trim().parse().ok()?;
        Some(Self { pid, ready: lines.nth(6).is_some_and(|status| status.trim() == "ready") })
    }
}

/// Sends a signal; a process that is gone already is no error, and neither is one that is not ours (its end is
/// waited for by whoever asked).
pub(super) fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().filter(|pid| *pid > 1) {
        let _ = kill(Pid::from_raw(pid), signal);
    }
}

/// Signals whatever `living` lists, ever less politely, until it lists nothing.
async fn end(signals: &[(Signal, Duration)], living: impl Fn() -> Vec<u32>) -> Result<(), EmbeddedError> {
    for (name, patience) in signals {
        living().into_iter().for_each(|pid| signal(pid, *name));
        let sent = Instant::now();
        while sent.elapsed() < *patience {
            if living().is_empty() {
                return Ok(());
            }
            sleep(POLL).await;
        }
    }
    living().first().map_or(Ok(()), |pid| Err(EmbeddedError::StopFailed { pid: *pid }))
}

/// Whether `pid` is a living postmaster of this very cluster, and not a stranger that got the number later.
fn is_postmaster_of(pid: u32, cluster: &Path) -> bool {
    let Some(command) = Command::of(pid).filter(Command::is_postgres) else { return false };
    // The working folder is the better witness; reading it needs rights that root lacks in some containers.
    match working_folder(pid) {
        Some(folder) => folder == cluster,
        None => command.0.contains(&*cluster.to_string_lossy()),
    }
}

/// PostgreSQL's processes that work in this cluster; all of them make it their working folder.
#[cfg(target_os = "linux")]
fn processes_in(cluster: &Path) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| working_folder(*pid).is_some_and(|folder| folder == cluster))
        .filter(|pid| Command::of(*pid).is_some_and(|command| command.is_postgres()))
        .collect()
}

/// Without `/proc` the next start finds out: PostgreSQL refuses as long as shared memory is attached, and is asked again.
#[cfg(not(target_os = "linux"))]
fn processes_in(_cluster: &Path) -> Vec<u32> {
    Vec::new()
}

#[cfg(target_os = "linux")]
fn working_folder(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/cwd")).ok()
}

#[cfg(not(target_os = "linux"))]
fn working_folder(_pid: u32) -> Option<PathBuf> {
    None
}

/// The command line of a living process: its words separated by zeros on Linux, by spaces elsewhere.
struct Command(String);

impl Command {
    /// `None` for a process that is gone, and for a zombie.
    #[cfg(target_os = "linux")]
    fn of(pid: u32) -> Option<Self> {
        let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        (!bytes.is_empty()).then(|| Self(String::from_utf8_lossy(&bytes).into_owned()))
    }

    #[cfg(not(target_os = "linux"))]
    fn of(pid: u32) -> Option<Self> {
        let arguments = ["-ww", "-o", "stat=,command=", "-p", &pid.to_string()];
        let output = std::process::Command::new("ps").args(arguments).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (state, command) = text.trim().split_once(' ')?;
        (!state.starts_with('Z')).then(|| Self(command.trim().to_owned()))
    }

    /// The program itself or one of its children, which call themselves `postgres: ...`; not an editor with its file.
    fn is_postgres(&self) -> bool {
        let program = self.0.split('\0').next().unwrap_or_default();
        let program = program.split(" -D ").next().unwrap_or_default();
        program.starts_with("postgres:") || Path::new(program).file_name().is_some_and(|name| name == "postgres")
    }
}
