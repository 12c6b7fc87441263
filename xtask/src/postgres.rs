//! PostgreSQL for developers and tests: finds the programs, makes clusters, and never leaves one behind.
//!
//! A cluster listens on a Unix socket only, in a folder that nobody else may enter, so `trust` is safe there.
//! As root, PostgreSQL runs as `postgres` or `nobody`, since it refuses to run as root.

use crate::run::{Done, is_root, read, run_quietly};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

const OLDEST: u32 = 15;

/// PostgreSQL's programs of one version.
#[derive(Clone, Debug)]
pub struct Programs {
    bin: PathBuf,
}

impl Programs {
    /// The newest version, 15 or later, in PATH or the usual places of Debian, Fedora and Homebrew.
    pub fn find() -> Option<Programs> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
        places.push("/usr/pgsql/bin".into());
        for parent in ["/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt", "/usr/local/opt"] {
            let Ok(entries) = std::fs::read_dir(parent) else { continue };
            places.extend(entries.flatten().map(|e| e.path().join("bin")));
        }
        let found = places.into_iter().filter(|bin| bin.join("initdb").is_file() && bin.join("postgres").is_file());
        let versions = found.filter_map(|bin| Some((version(&bin)?, bin)));
        versions.filter(|(v, _)| *v >= OLDEST).max_by_key(|(v, _)| *v).map(|(_, bin)| Programs { bin })
    }

    /// One of the programs, ready to take arguments.
    pub fn command(&self, program: &str) -> Command {
        Command::new(self.path(program))
    }

    /// Where one of the programs lies.
    pub fn path(&self, program: &str) -> PathBuf {
        self.bin.join(program)
    }
}

fn version(bin: &Path) -> Option<u32> {
    let text = read(Command::new(bin.join("postgres")).arg("--version")).ok()?;
    let number = text.split_whitespace().find(|w| w.starts_with(|c: char| c.is_ascii_digit()))?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// How careful a cluster is with what it has confirmed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Everything synced, as in production.
    Full,
    /// Nothing synced: for tests, where the data goes away anyway.
    None,
}

/// One cluster of our own.
#[derive(Debug)]
pub struct Cluster {
    programs: Programs,
    folder: PathBuf,
    watchdog: Option<(Child, Option<ChildStdin>)>,
}

impl Cluster {
    /// A new cluster in the temporary folder. It is stopped and removed when this value goes away, or this process dies.
    pub fn temporary(programs: &Programs, durability: Durability) -> Done<Cluster> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("balcao-pg-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut cluster =
            Cluster { programs: programs.clone(), folder: std::env::temp_dir().join(name), watchdog: None };
        if cluster.folder.exists() {
            // Of a process that died before its watchdog was there, and whose number came round again.
            std::fs::remove_dir_all(&cluster.folder)?;
        }
        cluster.watchdog = Some(cluster.watch()?);
        cluster.create(durability)?;
        cluster.start()?;
        Ok(cluster)
    }

    /// A cluster that stays: made when it is not there yet, started when it is not running.
    pub fn kept(programs: &Programs, folder: &Path) -> Done<Cluster> {
        let cluster = Cluster { programs: programs.clone(), folder: reachable(folder)?, watchdog: None };
        if !cluster.data().join("PG_VERSION").is_file() {
            cluster.create(Durability::Full)?;
        }
        if !cluster.is_running() {
            cluster.start()?;
        }
        Ok(cluster)
    }

    /// Stops a kept cluster; nothing happens when it does not run.
    pub fn stop_kept(programs: &Programs, folder: &Path) -> Done {
        let cluster = Cluster { programs: programs.clone(), folder: reachable(folder)?, watchdog: None };
        if cluster.is_running() { cluster.pg_ctl(&["-m", "fast", "stop"]) } else { Ok(()) }
    }

    /// The address of a database in it, as its superuser, for libpq and sqlx alike.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}", self.socket().display())
    }

    /// `psql` on a database, as superuser, that stops at the first error and reads no `.psqlrc`.
    pub fn psql(&self, database: &str) -> Command {
        let mut command = self.programs.command("psql");
        command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &self.url(database)]);
        command.env("PGOPTIONS", "-c client_min_messages=warning");
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The folder of the socket. A socket's path may have 107 bytes, so a deep folder gets one in the temporary folder.
    fn socket(&self) -> PathBuf {
        let near = self.folder.join("socket");
        if near.as_os_str().len() < 85 {
            return near;
        }
        let sum = near.to_string_lossy().bytes().fold(5381_u32, |h, b| h.wrapping_mul(33) ^ u32::from(b));
        std::env::temp_dir().join(format!("balcao-socket-{sum:08x}"))
    }

    fn create(&self, durability: Durability) -> Done {
        std::fs::create_dir_all(&self.folder)?;
        for dir in [self.data(), self.socket()] {
            std::fs::create_dir_all(&dir)?;
            if let Some((uid, gid)) = other_user()? {
                chown(&dir, Some(uid), Some(gid))?;
            }
            std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o700))?;
        }
        let data = self.data().display().to_string();
        let mut initdb = self.as_other("initdb")?;
        initdb.args(["-D", &data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
        run_quietly(&mut initdb)?;
        let mut settings = format!(
            "listen_addresses = ''\nunix_socket_directories = '{}'\nmax_connections = 200\nshared_buffers = 128MB\n\
             jit = off\nrandom_page_cost = 1.1\nlog_min_messages = fatal\nlog_min_error_statement = panic\n",
            self.socket().display()
        );
        if durability == Durability::None {
            settings.push_str("fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nautovacuum = off\n");
        }
        let file = self.data().join("postgresql.conf");
        let before = std::fs::read_to_string(&file)?;
        Ok(std::fs::write(file, before + &settings)?)
    }

    fn start(&self) -> Done {
        // The folder goes away with a reboot when it lies in the temporary folder.
        if !self.socket().is_dir() {
            std::fs::create_dir_all(self.socket())?;
            if let Some((uid, gid)) = other_user()? {
                chown(self.socket(), Some(uid), Some(gid))?;
            }
            std::fs::set_permissions(self.socket(), std::fs::Permissions::from_mode(0o700))?;
        }
        let log = self.data().join("log").display().to_string();
        self.pg_ctl(&["-l", &log, "-t", "60", "start"])
    }

    fn is_running(&self) -> bool {
        self.pg_ctl(&["status"]).is_ok()
    }

    fn pg_ctl(&self, args: &[&str]) -> Done {
        let mut command = self.as_other("pg_ctl")?;
        command.arg("-D").arg(self.data()).arg("-w").args(args);
        // A file, not a pipe: the server inherits it and would keep a pipe open for ever.
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        if status.success() {
            return Ok(());
        }
        let log = std::fs::read_to_string(self.data().join("log")).unwrap_or_default();
        Err(format!("pg_ctl {} failed\n{log}", args.join(" ")).into())
    }

    /// A program started as the user that PostgreSQL runs as, from a folder which that user may enter.
    fn as_other(&self, program: &str) -> Done<Command> {
        let mut command = self.programs.command(program);
        command.current_dir("/").process_group(0);
        if let Some((uid, gid)) = other_user()? {
            command.uid(uid).gid(gid);
        }
        Ok(command)
    }

    /// A shell that waits for its input to end, which happens even when we are killed, and then clears up.
    fn watch(&self) -> Done<(Child, Option<ChildStdin>)> {
        let script = "trap '' INT TERM HUP; read -r _; [ -z \"$1\" ] || cd /; \
                      pid=$(head -1 \"$1/data/postmaster.pid\" 2>/dev/null) && kill -QUIT \"$pid\" && \
                      for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 \"$pid\" 2>/dev/null || break; sleep 0.2; done; \
                      rm -rf \"$1\" \"$2\"";
        let mut command = Command::new("sh");
        command.args(["-c", script, "watchdog"]).arg(&self.folder).arg(self.socket());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let mut child = command.spawn()?;
        let input = child.stdin.take();
        Ok((child, input))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some((mut child, input)) = self.watchdog.take() {
            drop(input);
            // The only harm of a failure here is a watchdog that outlives us by a second.
            let _ = child.wait();
        }
    }
}

/// Whom PostgreSQL runs as when we are root: `postgres` or `nobody`. Nobody else when we are not.
fn other_user() -> Done<Option<(u32, u32)>> {
    if !is_root() {
        return Ok(None);
    }
    let passwd = std::fs::read_to_string("/etc/passwd")?;
    let find = |name: &str| {
        let line = passwd.lines().find(|l| l.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    match find("postgres").or_else(|| find("nobody")) {
        Some(found) => Ok(Some(found)),
        None => Err("PostgreSQL cannot run as root and there is neither a user `postgres` nor `nobody`".into()),
    }
}

/// The folder itself, or one in the temporary folder when it lies where PostgreSQL's user may not go (root's home).
fn reachable(folder: &Path) -> Done<PathBuf> {
    let Some((uid, gid)) = other_user()? else { return Ok(folder.to_path_buf()) };
    let parent = folder.parent().unwrap_or(folder);
    let enters = Command::new("test").arg("-x").arg(parent).current_dir("/").uid(uid).gid(gid).status()?.success();
    if enters {
        return Ok(folder.to_path_buf());
    }
    let name = parent.to_string_lossy().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    Ok(Path::new("/var/tmp").join(format!("balcao{name}")))
}

#[cfg(test)]
mod tests {
    use super::{Cluster, Durability, Programs};
    use crate::run::read;

    #[test]
    fn a_temporary_cluster_answers_and_leaves_nothing_behind() {
        let programs = Programs::find().expect("PostgreSQL 15 or newer is installed");
        let cluster = Cluster::temporary(&programs, Durability::None).unwrap();
        assert_eq!(read(cluster.psql("postgres").args(["-At", "-c", "select 1 + 1"])).unwrap().trim(), "2");
        let (folder, pid) = (cluster.folder.clone(), cluster.data().join("postmaster.pid"));
        let pid = std::fs::read_to_string(pid).unwrap().lines().next().unwrap().to_owned();
        drop(cluster);
        assert!(!folder.exists());
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        assert!(state.is_empty() || state.contains(") Z "), "{state}");
    }
}
