//! A data folder of one test, the binary run on it, and servers that are gone when the test is.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

pub const PASSWORD: &str = "correct-horse-battery-9";
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder that an unprivileged PostgreSQL may enter.
pub struct Place {
    folder: TempDir,
    /// Besides the data folder; everything else of the environment is left out.
    pub variables: Vec<(String, String)>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Done {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Done {
    pub fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self:?}");
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The one sentence of a refusal.
    pub fn sentence(&self, code: i32) -> &str {
        assert_eq!(self.code, Some(code), "{self:?}");
        let mut told = self.err.lines().filter_map(|line| line.strip_prefix("balcao: "));
        let sentence = told.next().unwrap_or_else(|| panic!("{self:?}"));
        assert_eq!(told.next(), None, "{self:?}");
        sentence
    }
}

impl Place {
    pub fn new() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let open = std::fs::Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().prefix("balcao-").permissions(open).tempdir_in("/tmp").unwrap();
        Self { folder, variables: Vec::new() }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_balcao"));
        #[expect(clippy::disallowed_methods, reason = "handed on as it is: where PostgreSQL's programs are found")]
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.args(arguments).env_clear().env("PATH", path);
        command.env("BALCAO_DATA_DIR", self.data()).envs(self.variables.iter().cloned()).current_dir(self.path());
        command.kill_on_drop(true).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Starts a command and leaves it to itself.
    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Runs a command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Done {
        self.run_with(arguments, "").await
    }

    /// The same with something on standard input.
    pub async fn run_with(&self, arguments: &[&str], input: &str) -> Done {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that reads nothing may be gone already.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.expect("ends in time").unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Done { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// An organization and an admin who can log in.
    pub async fn organization(&self, slug: &str) -> String {
        self.run(&["organization", "create", "--slug", slug, "--name", "Clínica Exemplo", "--json"]).await.json();
        let email = format!("admin@{slug}.example");
        let create = [
            "user",
            "create",
            "--organization",
            slug,
            "--email",
            &email,
            "--name",
            "Ana Lima",
            "--role",
            "admin",
            "--password-stdin",
            "--json",
        ];
        self.run_with(&create, &format!("{PASSWORD}\n")).await.json();
        email
    }

    /// A server on a free port, once it says that it is ready.
    pub async fn serve(&self) -> Server {
        let mut server = self.spawn();
        let file = self.data().join("address");
        until("the server is ready", async || {
            assert!(server.child.try_wait().unwrap().is_none(), "it ended: {}", server.log());
            server.address = std::fs::read_to_string(&file).unwrap_or_default().trim().to_owned();
            !server.address.is_empty() && server.get("/health/ready").await.0 == 200
        })
        .await;
        server
    }

    /// A server that may never be ready; its address is empty.
    pub fn spawn(&self) -> Server {
        let _ = std::fs::remove_file(self.data().join("address"));
        let log = self.path().join("log");
        let file = std::fs::File::create(&log).unwrap();
        let child =
            self.command(&["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::null()).stderr(file).spawn().unwrap();
        Server { child, address: String::new(), log }
    }
}

/// A running server; killed when it is dropped.
pub struct Server {
    pub child: Child,
    pub address: String,
    log: PathBuf,
}

impl Server {
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub async fn get(&self, path: &str) -> (u16, String) {
        request(&self.address, "GET", path, None, None).await.unwrap_or_default()
    }

    pub async fn get_as(&self, token: &str, path: &str) -> Value {
        let (status, body) = request(&self.address, "GET", path, Some(token), None).await.expect("an answer");
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    pub async fn post(&self, path: &str, token: Option<&str>, body: &Value) -> (u16, Value) {
        let (status, body) = request(&self.address, "POST", path, token, Some(body)).await.expect("an answer");
        (status, serde_json::from_str(&body).unwrap_or_default())
    }

    /// An access token.
    pub async fn login(&self, email: &str, password: &str) -> String {
        let (status, body) =
            self.post("/api/auth/login", None, &serde_json::json!({"email": email, "password": password})).await;
        assert_eq!(status, 200, "{body}");
        body["access_token"].as_str().unwrap().to_owned()
    }

    pub fn signal(&self, name: &str) {
        signal(self.child.id().expect("it runs"), name);
    }

    /// Stops it as an operator does.
    pub async fn stop(mut self) -> ExitStatus {
        self.signal("TERM");
        tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("stops in time").unwrap()
    }
}

pub fn signal(pid: u32, name: &str) {
    std::process::Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap();
}

/// Waits until `look` says so.
pub async fn until(what: &str, mut look: impl AsyncFnMut() -> bool) {
    let since = Instant::now();
    while !look().await {
        assert!(since.elapsed() < PATIENCE, "not in time: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// One request on a connection of its own; `None` when nobody answers.
pub async fn request(
    address: &str,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Option<&Value>,
) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    if let Some(token) = token {
        head.push_str(&format!("Authorization: Bearer {token}\r\n"));
    }
    if !body.is_empty() {
        head.push_str("Content-Type: application/json\r\n");
    }
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split_whitespace().nth(1)?.parse().ok()?;
    Some((status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()))
}
