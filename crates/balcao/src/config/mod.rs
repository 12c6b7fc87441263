//! The configuration: read once, checked whole, typed. What is not in `table` does not exist.

mod document;
mod environment;
mod file;
pub mod forms;
mod key;
mod providers;
mod roles;
mod sections;
mod table;
mod values;

pub use document::{Entry, dump, markdown};
pub use key::{KeyError, installation_key};
pub use roles::Roles;
pub use values::Refused;

use http_kit::{Limits, Network};
use outbound::signing::Signer;
use secrecy::{SecretSlice, SecretString};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use store::PoolLimits;
use store::jobs::WorkerLimits;
use telemetry::{LogFormat, LogSettings};
use url::Url;
use values::{Source, Values};

/// Everything that an operator may decide.
#[derive(Debug)]
pub struct Config {
    pub listen: SocketAddr,
    pub data_dir: PathBuf,
    pub roles: Roles,
    pub production: bool,
    /// Whether anybody may found an organization.
    pub sign_up: bool,
    /// Whether registering tells nobody but the owner of an e-mail that it has a login.
    pub conceal_accounts: bool,
    pub public_url: Option<Url>,
    pub threads: Option<usize>,
    pub shutdown_timeout: Duration,
    pub log: Log,
    pub metrics_token: Option<SecretString>,
    pub encryption_key: Option<SecretSlice<u8>>,
    pub encryption_keys_previous: Vec<SecretSlice<u8>>,
    pub database: DatabaseConfig,
    pub http: HttpConfig,
    pub passwords: Passwords,
    /// Identity providers for everybody.
    pub providers: Vec<identity::PlatformProvider>,
    pub mail: mail::Settings,
    pub audit: AuditConfig,
    pub workers: WorkerLimits,
    pub realtime: Realtime,
    pub messaging: messaging::Settings,
    pub channels: Channels,
    values: Values,
}

/// What is logged, and how.
#[derive(Clone, Debug)]
pub struct Log {
    filter: String,
    /// Whether the operator has chosen the filter.
    chosen: bool,
    format: Option<LogFormat>,
}

#[derive(Debug)]
pub struct DatabaseConfig {
    /// Absent: the own PostgreSQL.
    pub url: Option<SecretString>,
    pub app_url: Option<SecretString>,
    pub worker_url: Option<SecretString>,
    pub pools: PoolLimits,
    pub migrate_at_start: bool,
    pub own: store::embedded::Settings,
}

#[derive(Clone, Debug)]
pub struct HttpConfig {
    pub behind_tls: bool,
    pub docs: bool,
    pub trusted_proxies: Vec<Network>,
    pub cors_origins: Vec<String>,
    /// In bytes.
    pub body_limit: usize,
    pub request_timeout: Duration,
    pub max_connections: usize,
    pub limits: Limits,
}

#[derive(Clone, Copy, Debug)]
pub struct Realtime {
    pub sockets_per_user: usize,
    pub sockets_per_organization: usize,
    pub events_per_second: u32,
    pub syncs_per_minute: u32,
}

#[derive(Clone, Copy, Debug)]
pub struct Passwords {
    pub threads: Option<usize>,
    pub waiting: usize,
}

/// Where the audit's checkpoints are sent.
#[derive(Clone)]
pub struct AuditConfig {
    pub mail_to: Vec<String>,
    pub webhook: Option<(Url, Signer)>,
}

impl std::fmt::Debug for AuditConfig {
    /// Without the addresses and the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuditConfig").field("webhook", &self.webhook.is_some()).finish_non_exhaustive()
    }
}

#[derive(Clone, Debug)]
pub struct Channels {
    pub intake_per_minute: u32,
    pub keep_raw_days: u16,
    pub whatsapp_enabled: bool,
    pub number_per_second: u32,
    /// Without a version and without a slash at its end.
    pub graph_url: Url,
    /// `v26.0`
    pub graph_version: String,
    pub app_secret: Option<SecretString>,
    pub app_secret_previous: Option<SecretString>,
    pub verify_token: Option<SecretString>,
}

/// What the command line says about the configuration.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    pub config: Option<PathBuf>,
    pub data_dir: Option<PathBuf>,
    pub listen: Option<String>,
    pub roles: Option<String>,
}

impl Config {
    /// Reads file, environment and `flags`.
    ///
    /// # Errors
    /// The first name or value that is wrong.
    pub fn load(flags: &Flags) -> Result<Self, Refused> {
        Self::from(flags, &environment::variables())
    }

    fn from(flags: &Flags, environment: &[(String, String)]) -> Result<Self, Refused> {
        let mut said = Vec::new();
        if let Some(folder) = &flags.data_dir {
            let text = folder.to_str().ok_or_else(|| Refused::new("--data-dir", "must be a path in UTF-8"))?;
            said.push(("data_dir", "--data-dir", text.to_owned()));
        }
        said.extend(flags.listen.clone().map(|text| ("listen", "--listen", text)));
        said.extend(flags.roles.clone().map(|text| ("roles", "--roles", text)));
        let of_variable = environment.iter().find(|(name, text)| name == "BALCAO_CONFIG" && !text.is_empty());
        let file = flags.config.clone().or_else(|| of_variable.map(|(_, text)| PathBuf::from(text)));
        if let Some(file) = file {
            return Self::read(Values::merge(Some(&file), environment, &said)?);
        }
        // Without a named file, the one in the data folder, if there is one; it cannot move the folder it lies in.
        let values = Values::merge(None, environment, &said)?;
        let folder = values.need("data_dir", |text| Ok(PathBuf::from(text)))?;
        let file = folder.join("balcao.toml");
        if !file.is_file() {
            return Self::read(values);
        }
        let values = Values::merge(Some(&file), environment, &said)?;
        if values.get("data_dir").is_some_and(|value| matches!(value.source, Source::File(_))) {
            return Err(values.refuse("data_dir", "cannot stand in the data folder's own file"));
        }
        Self::read(values)
    }

    /// How the product is reached from outside; `bound` is where it really listens.
    pub fn public_url(&self, bound: SocketAddr) -> String {
        match &self.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => format!("http://{bound}"),
        }
    }

    /// The file in which a running server writes its address.
    pub fn address_file(&self) -> PathBuf {
        self.data_dir.join("address")
    }
}

impl Log {
    /// For the server: what is configured, on a terminal as text.
    pub fn of_server(&self) -> LogSettings {
        let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
        let format = self.format.unwrap_or(if terminal { LogFormat::Text } else { LogFormat::Json });
        LogSettings { format, filter: self.filter.clone(), color: terminal && format == LogFormat::Text }
    }

    /// For a command: as text, and warnings only, unless the operator has chosen.
    pub fn of_command(&self) -> LogSettings {
        let server = self.of_server();
        let filter = if self.chosen { server.filter } else { "warn".to_owned() };
        LogSettings { format: self.format.unwrap_or(LogFormat::Text), filter, color: server.color }
    }
}

#[cfg(test)]
mod tests;
