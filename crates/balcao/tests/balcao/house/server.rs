//! One server of the real binary in a folder of its own: started, asked, stopped, killed.

use super::{seconds, until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use sqlx::{ConnectOptions, PgConnection};
use std::fs::{self, OpenOptions, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

/// The secret that webhooks are signed with.
pub const APP_SECRET: &str = "segredo-da-casa";
/// All that a server does.
pub const ALL_ROLES: &str = "api,realtime,worker,scheduler";
/// A first start makes a cluster and migrates; a start after kill -9 clears up and recovers.
const START: std::time::Duration = seconds(90);

/// The data folder, the settings, and the process when one runs. Dropping it leaves no process behind.
pub struct Server {
    folder: TempDir,
    port: u16,
    settings: Vec<(&'static str, String)>,
    child: Option<Child>,
}

/// How a command of the binary ended.
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Server {
    /// An empty folder and a port; nothing runs yet.
    pub fn new(graph_url: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("balcao-house-").tempdir_in("/tmp").unwrap();
        // As root PostgreSQL runs as somebody else, who must get through to the data folder.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).unwrap();
        // Kept over restarts: who calls the server must find it again.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let own = [
            ("BALCAO_WHATSAPP_GRAPH_URL", graph_url),
            ("BALCAO_WHATSAPP_APP_SECRET", APP_SECRET),
            ("BALCAO_WHATSAPP_VERIFY_TOKEN", "senha-do-aperto"),
        ];
        Self { folder, port, settings: own.map(|(name, value)| (name, value.to_owned())).to_vec(), child: None }
    }

    /// The same with this setting.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.settings.push((name, value.to_owned()));
        self
    }

    /// A server with these roles, ready.
    pub async fn start(graph_url: &str, roles: &str) -> Self {
        let mut server = Self::new(graph_url);
        server.serve(roles);
        server.ready().await;
        server
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn webhook_url(&self) -> String {
        format!("{}/api/channels/webhooks/whatsapp", self.url())
    }

    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A command of the binary on this folder. None of our own environment decides what it does.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_balcao"));
        command.args(arguments).env_clear().current_dir(self.folder.path()).kill_on_drop(true);
        for name in ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"] {
            #[expect(clippy::disallowed_methods, reason = "handed on as it is: where programs are found")]
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("BALCAO_DATA_DIR", self.data_dir()).env("BALCAO_LISTEN", format!("127.0.0.1:{}", self.port));
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts the process and returns at once.
    pub fn serve(&mut self, roles: &str) {
        assert!(self.child.is_none(), "it runs already");
        let log = OpenOptions::new().create(true).append(true).open(self.log()).unwrap();
        let mut command = self.command(&["serve", "--roles", roles]);
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        self.child = Some(command.spawn().unwrap());
    }

    /// Waits until it says that it is ready.
    pub async fn ready(&mut self) {
        let (client, url) = (super::client::plain(), format!("{}/health/ready", self.url()));
        let child = self.child.as_mut().expect("nothing runs");
        until("the server is ready", START, async || {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("the server ended by itself with {status}");
            }
            let answer = client.get(&url).send().await.ok()?;
            (answer.status() == 200).then_some(())
        })
        .await;
    }

    /// SIGTERM, and a clean end.
    pub async fn stop(&mut self) {
        let mut child = self.child.take().expect("nothing runs");
        signal(child.id().unwrap(), Signal::TERM);
        let ended = tokio::time::timeout(seconds(40), child.wait()).await;
        let status = ended.expect("it did not stop within 40 s of SIGTERM").unwrap();
        assert!(status.success(), "stopped with {status}");
        assert_eq!(self.postmaster(), None, "PostgreSQL stopped with it");
    }

    /// kill -9 of the server process.
    pub async fn kill(&mut self) {
        self.child.take().expect("nothing runs").kill().await.unwrap();
    }

    /// The postmaster's process, as PostgreSQL itself wrote it down.
    pub fn postmaster(&self) -> Option<u32> {
        let text = fs::read_to_string(self.data_dir().join("postgres/cluster/postmaster.pid")).ok()?;
        text.lines().next()?.trim().parse().ok()
    }

    /// kill -9 of the postmaster; which one it was, or nothing when none runs just now.
    pub fn kill_postmaster(&self) -> Option<u32> {
        let pid = self.postmaster()?;
        // A pid file outlives its process: whoever has that number now is left alone.
        let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let ours = String::from_utf8_lossy(&command).contains(self.folder.path().to_str().unwrap());
        (ours && signal(pid, Signal::KILL)).then_some(pid)
    }

    /// Waits until another postmaster than this one runs.
    pub async fn postgres_again(&self, killed: u32) {
        until("PostgreSQL runs again", seconds(60), async || self.postmaster().filter(|pid| *pid != killed)).await;
    }

    /// Runs a command with these words on its standard input.
    pub async fn run(&self, arguments: &[&str], stdin: &str) -> Ended {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).await.unwrap();
        let output = tokio::time::timeout(seconds(120), child.wait_with_output()).await;
        let output = output.unwrap_or_else(|_| panic!("balcao {} did not end", arguments.join(" "))).unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ended { status: output.status, stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Runs a command that must do well, and reads the JSON it prints.
    pub async fn json(&self, arguments: &[&str], stdin: &str) -> Value {
        let told = [arguments, &["--json"]].concat();
        let ended = self.run(&told, stdin).await;
        assert!(ended.status.success(), "balcao {}: {}\n{}", told.join(" "), ended.status, ended.stderr);
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {}", ended.stdout))
    }

    /// A connection as the superuser of its cluster, who sees every row.
    pub async fn sql(&self) -> PgConnection {
        let server = store::embedded::attach(&self.data_dir()).await.unwrap().expect("no server runs");
        server.superuser_options().database("balcao").connect().await.unwrap()
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// The end of what the server has logged, over all its lives.
    pub fn last_words(&self, lines: usize) -> String {
        tail(&self.log(), lines)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the server's log ---\n{}", self.last_words(60));
            let postgres = self.data_dir().join("postgres/log");
            for entry in fs::read_dir(postgres).into_iter().flatten().flatten() {
                eprintln!("--- {} ---\n{}", entry.path().display(), tail(&entry.path(), 15));
            }
        }
        if let Some(pid) = self.child.as_ref().and_then(Child::id) {
            signal(pid, Signal::KILL);
        }
        self.kill_postmaster();
    }
}

fn signal(pid: u32, signal: Signal) -> bool {
    Pid::from_raw(i32::try_from(pid).unwrap()).is_some_and(|pid| kill_process(pid, signal).is_ok())
}

fn tail(path: &Path, lines: usize) -> String {
    let text = fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
