//! The product's own PostgreSQL, with the programs that are installed here. As root these tests drop PostgreSQL to
//! another user, otherwise they run it as themselves; what only root can show is skipped for others.
#![expect(clippy::unwrap_used, reason = "helpers of tests panic like the tests themselves")]

mod commands;
mod life;
mod recovery;
mod trouble;

use std::fs;
use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use store::embedded::{self, Embedded, Server, Settings};
use tempfile::TempDir;

/// A folder for one test, below which the data folder lies. Everybody may pass, as in `/var/lib`.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("balcao-test-").tempdir_in("/tmp").unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn data(&self) -> PathBuf {
        self.path("data")
    }

    fn cluster(&self) -> PathBuf {
        self.data().join("postgres/cluster")
    }

    fn settings(&self) -> Settings {
        Settings { data_dir: self.data(), ..Settings::default() }
    }

    async fn start(&self) -> Embedded {
        embedded::start(&self.settings()).await.unwrap()
    }
}

fn is_root() -> bool {
    nix::unistd::Uid::effective().is_root()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn alive(pid: u32) -> bool {
    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|command| !command.is_empty())
}

fn kill_9(pid: u32) {
    let pid = nix::unistd::Pid::from_raw(pid.try_into().unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
}

async fn connect(options: &PgConnectOptions) -> PgConnection {
    PgConnection::connect_with(options).await.unwrap()
}

async fn run(server: &Server, sql: &'static str) {
    let mut connection = connect(&server.superuser_options()).await;
    connection.execute(sql).await.unwrap();
    let _ = connection.close().await;
}

async fn text(server: &Server, sql: &str) -> String {
    let mut connection = connect(&server.superuser_options()).await;
    let row: PgRow = connection.fetch_one(AssertSqlSafe(sql.to_owned())).await.unwrap();
    let _ = connection.close().await;
    row.get(0)
}

/// Asks again until `question` has an answer; panics after a generous deadline.
async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut question: impl FnMut() -> F) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = question().await {
            return answer;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "not within 30 s: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
