//! A running `balcao serve`, started and stopped by us.

use crate::http;
use crate::run::Done;
use std::ffi::OsString;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How to start it.
#[derive(Clone, Debug)]
pub struct Options {
    pub binary: PathBuf,
    pub port: u16,
    pub data_dir: PathBuf,
    pub settings: Vec<(OsString, OsString)>,
    /// Where its log goes; to our own terminal when absent.
    pub log: Option<PathBuf>,
}

impl Options {
    /// Another command of the same binary, with the same data folder and settings.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.env("BALCAO_DATA_DIR", &self.data_dir).env("BALCAO_LISTEN", self.address());
        command.envs(self.settings.iter().map(|(k, v)| (k, v)));
        command
    }

    /// host:port
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

/// The process. Dropping it stops it.
#[derive(Debug)]
pub struct Server {
    child: Child,
    pub options: Options,
}

impl Server {
    /// Starts it and waits until it says that it is ready.
    pub fn start(options: Options, limit: Duration) -> Done<Server> {
        let mut command = options.command();
        command.arg("serve").stdin(Stdio::null());
        if let Some(log) = &options.log {
            let file = std::fs::File::create(log)?;
            command.stdout(file.try_clone()?).stderr(file);
        }
        let mut server = Server { child: command.spawn()?, options };
        let end = Instant::now() + limit;
        loop {
            if http::ask(&server.options.address(), "/health/ready", None).is_ok_and(|a| a.status == 200) {
                return Ok(server);
            }
            if let Some(status) = server.ended()? {
                return Err(format!("`balcao serve` ended with {status}{}", server.last_words()).into());
            }
            if Instant::now() > end {
                return Err(format!("not ready after {} s{}", limit.as_secs(), server.last_words()).into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Its status, once it has ended by itself.
    pub fn ended(&mut self) -> Done<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Asks it to stop, and waits; after 20 s it is killed, which is an error.
    pub fn stop(&mut self) -> Done {
        if self.ended()?.is_some() {
            return Ok(());
        }
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        let end = Instant::now() + Duration::from_secs(20);
        while Instant::now() < end {
            if let Some(status) = self.ended()? {
                return if status.success() { Ok(()) } else { Err(format!("the server stopped with {status}").into()) };
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        self.child.kill()?;
        Err("the server did not stop within 20 s of SIGTERM and was killed".into())
    }

    fn last_words(&self) -> String {
        let Some(log) = &self.options.log else { return String::new() };
        let text = std::fs::read_to_string(log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(20)..).unwrap_or_default();
        format!("\n{}", tail.join("\n"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(problem) = self.stop() {
            eprintln!("{problem}");
        }
    }
}

/// A port that nobody listens on.
pub fn free_port() -> Done<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A folder in the temporary folder that goes away with this value.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// A new, empty one.
    pub fn new(purpose: &str) -> Done<Scratch> {
        let path = std::env::temp_dir().join(format!("balcao-{purpose}-{}", std::process::id()));
        if path.exists() {
            std::fs::remove_dir_all(&path)?;
        }
        std::fs::create_dir_all(&path)?;
        Ok(Scratch(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(problem) = std::fs::remove_dir_all(&self.0) {
            eprintln!("{}: {problem}", self.0.display());
        }
    }
}
