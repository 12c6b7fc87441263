//! The configuration: read once, checked whole, typed. What is not in `table` does not exist.

mod document;
mod environment;
mod file;
pub mod forms;
mod key;
mod providers;
mod roles;
mod table;
mod values;

pub use document::{Entry, dump, markdown};
pub use key::{KeyError, installation_key};
pub use roles::Roles;
pub use values::Refused;

use http_kit::{Class, Limits, Network};
use secrecy::{SecretSlice, SecretString};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::PoolLimits;
use store::embedded::Transport;
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

    fn read(values: Values) -> Result<Self, Refused> {
        use forms::{boolean, duration, number, web_url};

        Ok(Self {
            listen: values.need("listen", |text| {
                text.parse().map_err(|_| "must be an address and port such as 127.0.0.1:8080".to_owned())
            })?,
            data_dir: values.need("data_dir", |text| Ok(PathBuf::from(text)))?,
            roles: values.need("roles", Roles::parse)?,
            production: values.need("production", boolean)?,
            sign_up: values.need("sign_up", boolean)?,
            conceal_accounts: values.need("conceal_accounts", boolean)?,
            public_url: values.read("public_url", web_url)?,
            threads: values.read("threads", |text| number(text, 1..=256))?.map(|n| n as usize),
            shutdown_timeout: values.need("shutdown_timeout", duration)?,
            log: Log {
                filter: values.need("log.filter", filter)?,
                chosen: values.get("log.filter").is_some_and(|value| value.source != Source::Default),
                format: values.need("log.format", log_format)?,
            },
            metrics_token: values.read("metrics.token", |text| match text.len() {
                16.. => Ok(SecretString::from(text)),
                _ => Err("must have at least 16 characters".to_owned()),
            })?,
            encryption_key: values.read("encryption_key", |text| forms::key(text).map(SecretSlice::from))?,
            encryption_keys_previous: values.read("encryption_keys_previous", keys)?.unwrap_or_default(),
            database: database(&values)?,
            http: http(&values)?,
            passwords: Passwords {
                threads: values.read("passwords.threads", |text| number(text, 1..=64))?.map(|n| n as usize),
                waiting: values.need("passwords.waiting", |text| number(text, 0..=1000))? as usize,
            },
            providers: values.read("sign_in.providers", providers::read)?.unwrap_or_default(),
            mail: mail(&values)?,
            workers: workers(&values)?,
            realtime: realtime(&values)?,
            messaging: messaging(&values)?,
            channels: channels(&values)?,
            values,
        })
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

fn filter(text: &str) -> Result<String, String> {
    let settings = LogSettings { filter: text.to_owned(), ..LogSettings::default() };
    // Made and thrown away: the crate that reads directives is telemetry's.
    let made = telemetry::logs::subscriber(&settings, kernel::Clock::system(), std::io::sink);
    made.map(|_| text.to_owned()).map_err(|_| "must be a level or log directives such as info,store=debug".to_owned())
}

fn log_format(text: &str) -> Result<Option<LogFormat>, String> {
    match text {
        "json" => Ok(Some(LogFormat::Json)),
        "text" => Ok(Some(LogFormat::Text)),
        "auto" => Ok(None),
        _ => Err("must be json, text or auto".to_owned()),
    }
}

fn keys(text: &str) -> Result<Vec<SecretSlice<u8>>, String> {
    forms::list(text).into_iter().map(|item| forms::key(item).map(SecretSlice::from)).collect()
}

fn database(values: &Values) -> Result<DatabaseConfig, Refused> {
    use forms::{boolean, duration, number};

    let url = |key| values.read(key, postgres_url);
    let connections = |key| values.need(key, |text| number(text, 2..=500));
    let (url, app_url, worker_url) = (url("database.url")?, url("database.app_url")?, url("database.worker_url")?);
    for (key, given) in [("database.app_url", &app_url), ("database.worker_url", &worker_url)] {
        if given.is_some() && url.is_none() {
            return Err(values.refuse(key, "needs DATABASE_URL beside it"));
        }
    }
    Ok(DatabaseConfig {
        url,
        app_url,
        worker_url,
        pools: PoolLimits {
            app: connections("database.app_connections")?,
            worker: connections("database.worker_connections")?,
            acquire_timeout: values.need("database.acquire_timeout", duration)?,
        },
        migrate_at_start: values.need("database.migrate_at_start", boolean)?,
        own: store::embedded::Settings {
            data_dir: values.need("data_dir", |text| Ok(PathBuf::from(text)))?,
            run_as: values.read("postgres.run_as", |text| Ok(text.to_owned()))?,
            bin_dir: values.read("postgres.bin_dir", |text| Ok(Path::new(text).to_path_buf()))?,
            transport: values.need("postgres.transport", |text| match text {
                "auto" => Ok(Transport::Auto),
                "loopback" => Ok(Transport::Loopback),
                _ => Err("must be auto or loopback".to_owned()),
            })?,
        },
    })
}

fn postgres_url(text: &str) -> Result<SecretString, String> {
    let schemed = text.starts_with("postgres://") || text.starts_with("postgresql://");
    if schemed && text.parse::<sqlx::postgres::PgConnectOptions>().is_ok() {
        return Ok(SecretString::from(text));
    }
    Err("must be an address such as postgres://user:password@host:5432/database".to_owned())
}

fn http(values: &Values) -> Result<HttpConfig, Refused> {
    use forms::{boolean, duration, number, origins, size};

    Ok(HttpConfig {
        behind_tls: values.need("http.behind_tls", boolean)?,
        docs: values.need("http.docs", boolean)?,
        trusted_proxies: values.read("http.trusted_proxies", networks)?.unwrap_or_default(),
        cors_origins: values.read("http.cors_origins", origins)?.unwrap_or_default(),
        body_limit: values.need("http.body_limit", size)?,
        request_timeout: values.need("http.request_timeout", duration)?,
        max_connections: values.need("http.max_connections", |text| number(text, 16..=1_000_000))? as usize,
        limits: limits(values)?,
    })
}

/// Addresses, with or without a prefix length.
fn networks(text: &str) -> Result<Vec<Network>, String> {
    let read = |item: &str| {
        item.parse().map_err(|_| "must be a list of addresses or networks such as 127.0.0.1, 10.0.0.0/8".to_owned())
    };
    forms::list(text).into_iter().map(read).collect()
}

fn limits(values: &Values) -> Result<Limits, Refused> {
    let mut limits = Limits::default();
    for (class, key) in Class::ALL.into_iter().zip(table::LIMITS) {
        let short = if class == Class::Anonymous { "10s" } else { "m" };
        let (first, hour) = values.need(key, |text| forms::limit(text, short))?;
        limits.set(class, first, hour);
    }
    Ok(limits)
}

fn mail(values: &Values) -> Result<mail::Settings, Refused> {
    let server = values.read("mail.smtp_url", |text| mail::Way::smtp(text).map_err(|error| error.to_string()))?;
    let way = match server {
        Some(server) => server,
        None => mail::Way::Folder(match values.read("mail.folder", |text| Ok(PathBuf::from(text)))? {
            Some(folder) => folder,
            None => values.need("data_dir", |text| Ok(PathBuf::from(text)))?.join("mail"),
        }),
    };
    Ok(mail::Settings {
        way,
        from: values.need("mail.from", |text| text.parse().map_err(|error: mail::SettingsError| error.to_string()))?,
        timeout: values.need("mail.timeout", forms::duration)?,
    })
}

fn realtime(values: &Values) -> Result<Realtime, Refused> {
    let number = |key| values.need(key, |text| forms::number(text, 1..=1_000_000));
    Ok(Realtime {
        sockets_per_user: number("realtime.sockets_per_user")? as usize,
        sockets_per_organization: number("realtime.sockets_per_organization")? as usize,
        events_per_second: number("realtime.events_per_second")?,
        syncs_per_minute: number("realtime.syncs_per_minute")?,
    })
}

fn workers(values: &Values) -> Result<WorkerLimits, Refused> {
    let at_once = |key| values.need(key, |text| forms::number(text, 1..=1000)).map(|n| n as usize);
    Ok(WorkerLimits {
        concurrency: [at_once("workers.interactive")?, at_once("workers.default")?, at_once("workers.bulk")?],
        poll: values.need("workers.poll", forms::duration)?,
        ..WorkerLimits::default()
    })
}

fn messaging(values: &Values) -> Result<messaging::Settings, Refused> {
    let number = |key| values.need(key, |text| forms::number(text, 0..=100_000_000));
    Ok(messaging::Settings {
        outbound_per_minute: number("messaging.outbound_per_minute")?,
        outbound_per_ten_seconds: number("messaging.outbound_per_ten_seconds")?,
    })
}

fn channels(values: &Values) -> Result<Channels, Refused> {
    use forms::{boolean, number};

    let secret = |key| values.read(key, |text| Ok(SecretString::from(text)));
    let mut graph_url = values.need("whatsapp.graph_url", forms::web_url)?;
    let mut graph_version = values.need("whatsapp.graph_version", version)?;
    let path = graph_url.path().trim_end_matches('/').to_owned();
    let (base, last) = path.rsplit_once('/').unwrap_or(("", &path));
    if let Ok(named) = version(last) {
        graph_version = named;
        graph_url.set_path(base);
    } else {
        graph_url.set_path(&path);
    }
    let keep_raw_days = values.need("channels.keep_raw_days", |text| number(text, 7..=90))?;
    Ok(Channels {
        intake_per_minute: values.need("channels.intake_per_minute", |text| number(text, 1..=100_000_000))?,
        keep_raw_days: u16::try_from(keep_raw_days).unwrap_or(30),
        whatsapp_enabled: values.need("whatsapp.enabled", boolean)?,
        number_per_second: values.need("whatsapp.number_per_second", |text| number(text, 1..=1000))?,
        graph_url,
        graph_version,
        app_secret: secret("whatsapp.app_secret")?,
        app_secret_previous: secret("whatsapp.app_secret_previous")?,
        verify_token: secret("whatsapp.verify_token")?,
    })
}

/// `v26.0`
fn version(text: &str) -> Result<String, String> {
    let number = text.strip_prefix('v').and_then(|number| number.split_once('.'));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match number {
        Some((major, minor)) if digits(major) && digits(minor) => Ok(text.to_owned()),
        _ => Err("must be a version such as v25.0".to_owned()),
    }
}

#[cfg(test)]
mod tests;
