//! Who holds the data folder: a file lock that lives as long as its process. The kernel releases it even after
//! kill -9, and PostgreSQL does not inherit it, so that an orphan never looks like a second server.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::error::{EmbeddedError, during};

/// How long a server waits for the folder before it says that another one has it. Not zero: a command that only
/// looks holds the lock for microseconds.
const PATIENCE_WITH_A_SERVER: Duration = Duration::from_millis(400);
/// How long anybody waits for a command that runs the cluster for itself.
const PATIENCE_WITH_A_COMMAND: Duration = Duration::from_secs(60);

/// For what the folder is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A server, which will stay.
    Server,
    /// A command, which will be done soon.
    Command,
}

/// Who holds the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    Nobody,
    /// The process number is missing for the instant between taking the lock and writing it down.
    Somebody(Option<(Purpose, u32)>),
}

/// The held folder; dropping it lets go.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock file at `path` for `purpose`; a command in between is waited for, a server is not.
    pub(super) async fn acquire(path: &Path, data_dir: &Path, purpose: Purpose) -> Result<Self, EmbeddedError> {
        let started = Instant::now();
        loop {
            let mut file = open(path)?;
            match file.try_lock() {
                Ok(()) => {
                    note(&mut file, purpose).map_err(during("writing", path))?;
                    return Ok(Self { _file: file });
                }
                Err(TryLockError::Error(source)) => return Err(EmbeddedError::io("locking", path, source)),
                Err(TryLockError::WouldBlock) => {}
            }
            let (holder, patience) = match read(path) {
                Some((Purpose::Command, pid)) => (Some(pid), PATIENCE_WITH_A_COMMAND),
                Some((Purpose::Server, pid)) => (Some(pid), PATIENCE_WITH_A_SERVER),
                None => (None, PATIENCE_WITH_A_SERVER),
            };
            if started.elapsed() >= patience {
                return Err(EmbeddedError::AlreadyRunning { data_dir: data_dir.to_path_buf(), pid: holder });
            }
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Looks who holds the lock file at `path` without taking it.
pub(super) fn holder(path: &Path) -> Result<Holder, EmbeddedError> {
    if !path.exists() {
        return Ok(Holder::Nobody);
    }
    // A shared lock: two that only look do not disturb each other.
    match open(path)?.try_lock_shared() {
        Ok(()) => Ok(Holder::Nobody),
        Err(TryLockError::WouldBlock) => Ok(Holder::Somebody(read(path))),
        Err(TryLockError::Error(source)) => Err(EmbeddedError::io("locking", path, source)),
    }
}

fn open(path: &Path) -> Result<File, EmbeddedError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map_err(during("opening", path))
}

fn note(file: &mut File, purpose: Purpose) -> std::io::Result<()> {
    let word = match purpose {
        Purpose::Server => "server",
        Purpose::Command => "command",
    };
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(format!("{} {word}\n", std::process::id()).as_bytes())
}

fn read(path: &Path) -> Option<(Purpose, u32)> {
    let text = std::fs::read_to_string(path).ok()?;
    let (pid, word) = text.strip_suffix('\n')?.split_once(' ')?;
    let purpose = if word == "command" { Purpose::Command } else { Purpose::Server };
    Some((purpose, pid.parse().ok()?))
}
