//! The typed configuration from its values, a section a function: what each may hold is said here and in `forms`.

use super::values::{Source, Values};
use super::{
    AuditConfig, Channels, Config, DatabaseConfig, HttpConfig, Log, Passwords, Realtime, Refused, Roles, forms,
    providers,
};
use http_kit::{Class, Limits, Network};
use outbound::signing::{Signer, WebhookSecret};
use secrecy::{SecretSlice, SecretString};
use std::path::{Path, PathBuf};
use store::PoolLimits;
use store::embedded::Transport;
use store::jobs::WorkerLimits;
use telemetry::{LogFormat, LogSettings};

impl Config {
    pub(super) fn read(values: Values) -> Result<Self, Refused> {
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
            audit: audit(&values)?,
            workers: workers(&values)?,
            realtime: realtime(&values)?,
            messaging: messaging(&values)?,
            channels: channels(&values)?,
            values,
        })
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
    for (class, key) in Class::ALL.into_iter().zip(super::table::LIMITS) {
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

fn audit(values: &Values) -> Result<AuditConfig, Refused> {
    let addresses = |text: &str| {
        let read = |item: &str| match item.parse::<mail::Sender>() {
            Ok(_) => Ok(item.to_owned()),
            Err(_) => Err("must be a list of e-mail addresses".to_owned()),
        };
        forms::list(text).into_iter().map(read).collect::<Result<Vec<_>, String>>()
    };
    let secret = values.read("audit.heads_secret", |text| {
        let secret = WebhookSecret::parse(text).map_err(|error| error.to_string())?;
        Ok(Signer::new(secret, None))
    })?;
    let webhook = match (values.read("audit.heads_url", forms::web_url)?, secret) {
        (Some(_), None) => return Err(values.refuse("audit.heads_url", "needs audit.heads_secret beside it")),
        (url, secret) => url.zip(secret),
    };
    Ok(AuditConfig { mail_to: values.read("audit.heads_to", addresses)?.unwrap_or_default(), webhook })
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
