//! Everything that can stand between an operator and a running cluster: one sentence and one exit code each.

use std::io;
use std::path::{Path, PathBuf};

use super::find::MINIMUM_MAJOR;

/// Why the product's own PostgreSQL does not run. `Display` is one sentence for the operator, with what to do where
/// we know it; [`EmbeddedError::exit_code`] is for scripts and never changes its meaning.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// No PostgreSQL programs anywhere we look.
    #[error(
        "no PostgreSQL {MINIMUM_MAJOR} or newer was found (looked in {searched}): install it (Debian, Ubuntu: apt install postgresql; Fedora: dnf install postgresql-server postgresql-contrib; macOS: brew install postgresql@17) or set DATABASE_URL"
    )]
    ProgramsMissing {
        /// The folders that were searched, separated by commas.
        searched: String,
    },
    /// There are programs, but all of them are too old.
    #[error("found PostgreSQL {found} at {}, need {MINIMUM_MAJOR} or newer", path.display())]
    TooOld {
        /// Version as the program prints it, such as `13.4`.
        found: String,
        /// Folder with the programs.
        path: PathBuf,
    },
    /// The cluster was made by a major version that is not installed.
    #[error(
        "the data in {} was made by PostgreSQL {data}, but the programs at {} are {found}: install PostgreSQL {data}, or move the data with pg_upgrade",
        folder.display(), path.display()
    )]
    OtherMajor {
        /// The cluster's folder.
        folder: PathBuf,
        /// Major version that made the data.
        data: u32,
        /// Version of the best programs found.
        found: String,
        /// Folder with those programs.
        path: PathBuf,
    },
    /// The data folder, or something in it, cannot be written.
    #[error("cannot write to {}: {source}", path.display())]
    NotWritable {
        /// What we wanted to write.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// No space left where the data folder is.
    #[error("the disk that holds {} is full: free some space and start again", path.display())]
    DiskFull {
        /// A path on the full disk.
        path: PathBuf,
    },
    /// Somebody else holds the data folder.
    #[error(
        "another balcao{} already runs on {}: stop it first, or choose another data folder",
        pid.map(|pid| format!(" (process {pid})")).unwrap_or_default(), data_dir.display()
    )]
    AlreadyRunning {
        /// The data folder.
        data_dir: PathBuf,
        /// The holder, when it has written its number down.
        pid: Option<u32>,
    },
    /// The cluster belongs to a user as whom we cannot run PostgreSQL.
    #[error(
        "{} belongs to {owner}, but PostgreSQL would run as {user}: start balcao as the user who made it, or run `chown -R {user} {}`",
        path.display(), path.display()
    )]
    WrongOwner {
        /// The cluster's folder.
        path: PathBuf,
        /// Name or number of its owner.
        owner: String,
        /// As whom PostgreSQL would run.
        user: String,
    },
    /// A folder on the way is closed to the unprivileged user.
    #[error(
        "PostgreSQL refuses to run as root and runs as {user} instead, who may not enter {}: choose a place outside it instead of {} (for the data: --data-dir, such as /var/lib/balcao)",
        closed.display(), folder.display()
    )]
    Unreachable {
        /// What PostgreSQL has to reach.
        folder: PathBuf,
        /// The first folder on the way that is closed.
        closed: PathBuf,
        /// As whom PostgreSQL would run.
        user: String,
    },
    /// Running as root, and there is nobody to drop to.
    #[error("PostgreSQL refuses to run as root, and {wanted}: name an existing unprivileged user")]
    NoUser {
        /// What was tried, as half a sentence.
        wanted: String,
    },
    /// The cluster's folder holds something else.
    #[error("{} exists but holds no PostgreSQL cluster: move it away, or choose another data folder", path.display())]
    NotACluster {
        /// The folder in question.
        path: PathBuf,
    },
    /// The cluster is there, its superuser's password is not, or is another one.
    #[error("the password of the cluster's superuser is {problem}: put {} back from a backup", path.display())]
    PasswordLost {
        /// `missing` or `wrong`.
        problem: &'static str,
        /// The file that should hold it.
        path: PathBuf,
    },
    /// `initdb` failed for a reason that has no variant of its own.
    #[error("creating the database cluster failed: {detail}")]
    InitFailed {
        /// The last lines that initdb said.
        detail: String,
    },
    /// `postgres` ended, or never became ready, for a reason that has no variant of its own.
    #[error("PostgreSQL did not start: {detail} (its log is in {})", log.display())]
    StartFailed {
        /// The last thing that it said.
        detail: String,
        /// Folder with its log files.
        log: PathBuf,
    },
    /// A PostgreSQL process on this folder survived every signal.
    #[error("PostgreSQL (process {pid}) does not stop: end it by hand, then start again")]
    StopFailed {
        /// The process.
        pid: u32,
    },
    /// The programs were to be downloaded, and that failed.
    #[error("{local}, and downloading it failed: {detail}")]
    FetchFailed {
        /// The sentence that would have been said without a download.
        local: String,
        /// What went wrong on the way.
        detail: String,
    },
    /// Any other failure of the operating system.
    #[error("{doing} {}: {source}", path.display())]
    Io {
        /// What we were doing, such as `reading`.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

impl EmbeddedError {
    /// The process exit code that stands for this error: 20-35, one per variant, stable.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::ProgramsMissing { .. } => 20,
            Self::TooOld { .. } => 21,
            Self::OtherMajor { .. } => 22,
            Self::NotWritable { .. } => 23,
            Self::DiskFull { .. } => 24,
            Self::AlreadyRunning { .. } => 25,
            Self::WrongOwner { .. } => 26,
            Self::Unreachable { .. } => 27,
            Self::NoUser { .. } => 28,
            Self::NotACluster { .. } => 29,
            Self::PasswordLost { .. } => 30,
            Self::InitFailed { .. } => 31,
            Self::StartFailed { .. } => 32,
            Self::StopFailed { .. } => 33,
            Self::FetchFailed { .. } => 34,
            Self::Io { .. } => 35,
        }
    }

    /// Sorts a failure of the file system into the variants that an operator can act on.
    pub(super) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::AlreadyExists => Self::NotWritable { path, source },
            _ => Self::Io { doing, path, source },
        }
    }
}

/// `map_err` for file operations: `.map_err(during("reading", path))`.
pub(super) fn during<'a>(doing: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> EmbeddedError + 'a {
    move |source| EmbeddedError::io(doing, path, source)
}
