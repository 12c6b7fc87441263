//! Where the cluster listens and how its superuser signs in: chosen at start, written down for the commands that run
//! beside the server.

use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use rand::TryRngCore;
use rand::rngs::OsRng;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::error::{EmbeddedError, during};
use super::find::Version;
use super::folder::{self, Layout};
use super::run_as::Identity;

/// The cluster's superuser. It migrates and makes roles; nothing of the product runs as it.
pub const SUPERUSER: &str = "postgres";
/// The database that every cluster has.
const DATABASE: &str = "postgres";
/// Only a part of the socket's name: it collides with no other server.
const SOCKET_PORT: u16 = 5432;
/// Longest path of a socket in bytes: `sun_path` holds 108 on Linux and 104 elsewhere, one of them the final zero.
const SOCKET_PATH_LIMIT: usize = if cfg!(target_os = "linux") { 107 } else { 103 };
/// Start of the name of a socket folder outside the data folder.
const SHORT_FOLDER: &str = "balcao-pg-";

/// How the server is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// A Unix socket in this folder.
    Socket(PathBuf),
    /// This port of 127.0.0.1.
    Loopback(u16),
}

/// Which kind of endpoint the operator wants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Transport {
    /// A socket in the data folder; in a private folder of the system's temporary one when the path is too long; then loopback.
    #[default]
    Auto,
    /// Loopback TCP on a free port, for tools that know no sockets.
    Loopback,
}

/// A running server of the product's own cluster.
#[derive(Debug, Clone)]
pub struct Server {
    endpoint: Endpoint,
    password: SecretString,
    pid: u32,
    version: String,
}

#[derive(Serialize, Deserialize)]
struct Written {
    endpoint: Endpoint,
    pid: u32,
    version: String,
}

impl Server {
    pub(super) fn new(endpoint: Endpoint, password: SecretString, pid: u32, version: &Version) -> Self {
        Self { endpoint, password, pid, version: version.to_string() }
    }

    /// Host and port (or socket) without a user: the caller adds its role, password and database.
    pub fn options(&self) -> PgConnectOptions {
        let options = PgConnectOptions::new_without_pgpass().ssl_mode(PgSslMode::Disable);
        match &self.endpoint {
            Endpoint::Socket(folder) => options.socket(folder).port(SOCKET_PORT),
            Endpoint::Loopback(port) => options.host("127.0.0.1").port(*port),
        }
    }

    /// A connection as [`SUPERUSER`] to the cluster's first database.
    pub fn superuser_options(&self) -> PgConnectOptions {
        self.options().username(SUPERUSER).password(self.password.expose_secret()).database(DATABASE)
    }

    /// The same as a URL, which sqlx and libpq (psql) understand.
    pub fn superuser_url(&self) -> SecretString {
        let (host, port) = match &self.endpoint {
            Endpoint::Socket(folder) => (percent_encoded(folder.to_string_lossy().as_bytes()), SOCKET_PORT),
            Endpoint::Loopback(port) => ("127.0.0.1".to_owned(), *port),
        };
        let password = self.password.expose_secret();
        SecretString::from(format!("postgres://{SUPERUSER}:{password}@{host}:{port}/{DATABASE}"))
    }

    /// How it is reached.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Process number of the postmaster.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Version of the server, such as `15.18`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Writes it down for [`Server::read`]. The password has its own file, which is made once.
    pub(super) fn write(&self, layout: &Layout) -> Result<(), EmbeddedError> {
        let written = Written { endpoint: self.endpoint.clone(), pid: self.pid, version: self.version.clone() };
        let text = serde_json::to_vec(&written)
            .map_err(|error| EmbeddedError::io("writing", &layout.address(), error.into()))?;
        folder::write_private(&layout.address(), &text, None)
    }

    /// What the last start wrote down; whether that server still runs is another question.
    pub(super) fn read(layout: &Layout) -> Result<Option<Self>, EmbeddedError> {
        let Some(written) = written(layout) else { return Ok(None) };
        let password = password(layout)?;
        Ok(Some(Self { endpoint: written.endpoint, password, pid: written.pid, version: written.version }))
    }
}

impl Endpoint {
    /// The arguments that make `postgres` listen here and nowhere else. On the command line, so that no
    /// `ALTER SYSTEM` can move the server away from us.
    pub(super) fn arguments(&self) -> Vec<String> {
        let (listen, sockets, port) = match self {
            // A list to PostgreSQL: a name with a comma must be quoted.
            Self::Socket(folder) => ("", format!("\"{}\"", folder.to_string_lossy().replace('"', "\"\"")), SOCKET_PORT),
            Self::Loopback(port) => ("127.0.0.1", String::new(), *port),
        };
        let settings = [format!("listen_addresses={listen}"), format!("unix_socket_directories={sockets}")];
        let mut arguments: Vec<String> = settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]).collect();
        arguments.extend(["-p".to_owned(), port.to_string()]);
        arguments
    }

    /// Makes the place fit for a new start: the folder there, no socket of a killed server in it.
    pub(super) fn renew(&self, identity: &Identity) -> Result<(), EmbeddedError> {
        if let Self::Socket(folder) = self {
            folder::private_folder(folder, identity)?;
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    /// Removes a socket folder that lies outside the data folder.
    pub(super) fn discard(&self) {
        if let Self::Socket(folder) = self
            && folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with(SHORT_FOLDER))
        {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// Chooses where to listen, after removing what an earlier server that was killed left behind.
pub(super) fn choose(layout: &Layout, transport: Transport, identity: &Identity) -> Result<Endpoint, EmbeddedError> {
    if let Some(earlier) = written(layout) {
        earlier.endpoint.discard();
    }
    if transport == Transport::Auto {
        if fits(&layout.run()) {
            return Ok(Endpoint::Socket(layout.run()));
        }
        let temporary = [PathBuf::from("/tmp"), std::env::temp_dir()];
        if let Some(folder) = temporary.iter().find_map(|parent| short_folder(parent, identity)) {
            return Ok(Endpoint::Socket(folder));
        }
    }
    // The port is free now; should somebody take it before PostgreSQL does, the start is tried again with another.
    let loopback = Path::new("127.0.0.1");
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(during("listening on", loopback))?;
    Ok(Endpoint::Loopback(listener.local_addr().map_err(during("listening on", loopback))?.port()))
}

/// Forgets where a stopped server listened.
pub(super) fn forget(layout: &Layout) {
    let _ = fs::remove_file(layout.address());
}

/// The superuser's password, made and kept at the first call for a folder without a cluster.
pub(super) fn make_password(layout: &Layout) -> Result<SecretString, EmbeddedError> {
    let password = random_hex::<32>()?;
    folder::write_private(&layout.password(), password.as_bytes(), None)?;
    folder::sync_folder(&layout.data)?;
    Ok(SecretString::from(password))
}

/// The kept password of an existing cluster.
pub(super) fn password(layout: &Layout) -> Result<SecretString, EmbeddedError> {
    let path = layout.password();
    match fs::read_to_string(&path) {
        Ok(text) => Ok(SecretString::from(text.trim().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(EmbeddedError::PasswordLost { problem: "missing", path })
        }
        Err(error) => Err(EmbeddedError::io("reading", &path, error)),
    }
}

/// `N` bytes of the system's randomness in hexadecimal: safe in URLs, file names and SQL.
pub(super) fn random_hex<const N: usize>() -> Result<String, EmbeddedError> {
    let mut bytes = [0_u8; N];
    OsRng.try_fill_bytes(&mut bytes).map_err(|error| {
        EmbeddedError::io("reading", Path::new("the system's randomness"), std::io::Error::other(error))
    })?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

fn written(layout: &Layout) -> Option<Written> {
    serde_json::from_slice(&fs::read(layout.address()).ok()?).ok()
}

fn fits(folder: &Path) -> bool {
    let socket = folder.join(format!(".s.PGSQL.{SOCKET_PORT}"));
    // The address file is JSON and the URL text: a path that is not Unicode goes the way of the long ones.
    folder.to_str().is_some() && socket.as_os_str().len() <= SOCKET_PATH_LIMIT
}

/// A new private folder below `parent`; its random name cannot be taken by somebody else beforehand.
fn short_folder(parent: &Path, identity: &Identity) -> Option<PathBuf> {
    let folder = fs::canonicalize(parent).ok()?.join(format!("{SHORT_FOLDER}{}", random_hex::<8>().ok()?));
    if !fits(&folder) || (identity.dropped && identity.closed_on_the_way(parent).is_some()) || folder.exists() {
        return None;
    }
    folder::private_folder(&folder, identity).ok()?;
    Some(folder)
}

fn percent_encoded(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}
