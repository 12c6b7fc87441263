//! Every setting there is: the one table that the configuration is read by, checked against and documented from.

/// One row: a setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name in the file, dotted: `whatsapp.graph_url` is `graph_url` in the section `[whatsapp]`.
    pub key: &'static str,
    /// Its names in the environment, the first one preferred.
    pub env: &'static [&'static str],
    /// What it is when nobody says anything.
    pub default: Preset,
    /// What a value looks like.
    pub form: &'static str,
    /// Shown nowhere; may also come from a file (`.._FILE`, `.._file`).
    pub secret: bool,
    pub meaning: &'static str,
}

/// The value of a setting that nobody has set.
#[derive(Clone, Copy, Debug)]
pub enum Preset {
    /// This text, read like any other value.
    Text(&'static str),
    /// Nothing; the sentence says what happens then.
    Absent(&'static str),
}

impl Setting {
    const fn new(
        key: &'static str,
        env: &'static [&'static str],
        default: Preset,
        form: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self { key, env, default, form, secret: false, meaning }
    }

    const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }
}

use Preset::{Absent, Text};

/// What a limit looks like.
const LIMIT: &str = "N/m, N/h, both or off";

/// The table, in the order in which it is shown.
#[rustfmt::skip]
pub const SETTINGS: &[Setting] = &[
    Setting::new("listen", &["BALCAO_LISTEN"], Text("127.0.0.1:8080"), "address:port", "Where the server listens. Port 0 takes a free one; the file `address` in the data folder says which."),
    Setting::new("data_dir", &["BALCAO_DATA_DIR"], Text("./.balcao"), "folder", "Where everything lies that is not in the database: the encryption key, files, and the own PostgreSQL. Made if missing."),
    Setting::new("roles", &["BALCAO_ROLES"], Text("api,realtime,worker,scheduler"), "list of api, realtime, worker, scheduler", "What this process does: answers requests, holds sockets, works on jobs and events, fires schedules."),
    Setting::new("production", &["BALCAO_PRODUCTION"], Text("false"), "true or false", "Refuses what is for development only, such as the demo's users with printed passwords."),
    Setting::new("sign_up", &["BALCAO_SIGN_UP"], Text("false"), "true or false", "Whether anybody may found an organization with `POST /api/organizations`. The platform's staff always may."),
    Setting::new("conceal_accounts", &["BALCAO_CONCEAL_ACCOUNTS"], Text("false"), "true or false", "Whether registering answers alike for an e-mail that has a login and one that has none; the owner of the address is written to."),
    Setting::new("public_url", &["BALCAO_PUBLIC_URL"], Absent("http:// and the address of `listen`"), "http(s) URL", "How the outside reaches the server; used in links, never taken from a request."),
    Setting::new("threads", &["BALCAO_THREADS"], Absent("as many as there are cores"), "number from 1 to 256", "Threads that answer requests and run jobs."),
    Setting::new("shutdown_timeout", &["BALCAO_SHUTDOWN_TIMEOUT"], Text("15s"), "duration", "How long a stop waits for requests, sockets and jobs before it goes on without them."),

    Setting::new("log.filter", &["BALCAO_LOG"], Text("info,sqlx=warn,hyper=warn,h2=warn,engineioxide=warn"), "log directives", "What is logged: a level, or levels by part, such as `info,store=debug`. Commands log warnings only, unless it is set."),
    Setting::new("log.format", &["BALCAO_LOG_FORMAT"], Text("auto"), "json, text or auto", "How a log line looks; auto is text on a terminal and JSON elsewhere."),
    Setting::new("metrics.token", &["BALCAO_METRICS_TOKEN"], Absent("/metrics answers to this machine only"), "text of 16 or more characters", "Whoever sends it as a bearer token may read /metrics from anywhere.").secret(),

    Setting::new("encryption_key", &["BALCAO_ENCRYPTION_KEY"], Absent("made at the first start and kept in the file `encryption.key` of the data folder"), "32 bytes, base64 or hexadecimal", "The key of the installation: secrets in the database are sealed with it, passwords of the database roles derived from it. Without it the secrets are lost: back it up.").secret(),
    Setting::new("encryption_keys_previous", &["BALCAO_ENCRYPTION_KEYS_PREVIOUS"], Absent("none"), "list of keys", "Earlier keys, which still open what they sealed.").secret(),

    Setting::new("database.url", &["DATABASE_URL", "BALCAO_DATABASE_URL"], Absent("the own PostgreSQL in the data folder"), "postgres:// URL", "PostgreSQL 15 or newer, as a user that may create roles (once) and migrate; nothing of the product runs as this user.").secret(),
    Setting::new("database.app_url", &["DATABASE_APP_URL", "BALCAO_DATABASE_APP_URL"], Absent("`database.url` as balcao_app with a derived password"), "postgres:// URL", "Connections of requests, where an operator gave the role its password, or goes through a pooler.").secret(),
    Setting::new("database.worker_url", &["DATABASE_WORKER_URL", "BALCAO_DATABASE_WORKER_URL"], Absent("`database.url` as balcao_worker with a derived password"), "postgres:// URL", "Connections of queues and the event log, likewise.").secret(),
    Setting::new("database.app_connections", &["BALCAO_DATABASE_APP_CONNECTIONS"], Text("10"), "number from 2 to 500", "Connections for requests. About five a core; more are slower."),
    Setting::new("database.worker_connections", &["BALCAO_DATABASE_WORKER_CONNECTIONS"], Text("4"), "number from 2 to 500", "Connections for queues and the event log."),
    Setting::new("database.acquire_timeout", &["BALCAO_DATABASE_ACQUIRE_TIMEOUT"], Text("5s"), "duration", "How long a request waits for a connection before it is answered 503."),
    Setting::new("database.migrate_at_start", &["BALCAO_DATABASE_MIGRATE_AT_START"], Text("true"), "true or false", "Whether the server applies missing migrations when it starts; otherwise it is not ready until `balcao migrate up` has run."),
    Setting::new("postgres.bin_dir", &["BALCAO_POSTGRES_BIN_DIR"], Absent("searched on PATH and in the usual places"), "folder", "Programs of the own PostgreSQL (initdb, postgres)."),
    Setting::new("postgres.run_as", &["BALCAO_POSTGRES_RUN_AS"], Absent("the folder's owner, postgres or nobody"), "user name", "As whom the own PostgreSQL runs when the server runs as root."),
    Setting::new("postgres.transport", &["BALCAO_POSTGRES_TRANSPORT"], Text("auto"), "auto or loopback", "How the own PostgreSQL is reached: a socket where possible, or always TCP on this machine."),

    Setting::new("http.behind_tls", &["BALCAO_HTTP_BEHIND_TLS"], Text("false"), "true or false", "Whether browsers reach the server by https only: then answers carry HSTS."),
    Setting::new("http.docs", &["BALCAO_HTTP_DOCS"], Text("true"), "true or false", "Whether the interactive reference is served at /api/docs."),
    Setting::new("http.trusted_proxies", &["BALCAO_HTTP_TRUSTED_PROXIES"], Absent("none"), "list of addresses or networks (10.0.0.0/8)", "Whose X-Forwarded-For is believed."),
    Setting::new("http.cors_origins", &["BALCAO_HTTP_CORS_ORIGINS"], Absent("none: the same origin only"), "list of origins (https://desk.example)", "Web pages of other origins that may call the API and open sockets."),
    Setting::new("http.body_limit", &["BALCAO_HTTP_BODY_LIMIT"], Text("1MiB"), "size", "Longest body of a request to the API; webhooks and files have their own limits."),
    Setting::new("http.request_timeout", &["BALCAO_HTTP_REQUEST_TIMEOUT"], Text("30s"), "duration", "Longest time that a request may take."),
    Setting::new("http.max_connections", &["BALCAO_HTTP_MAX_CONNECTIONS"], Text("16384"), "number from 16 to 1000000", "Connections at once, sockets among them; further ones are answered 503."),
    Setting::new("limits.anonymous", &["BALCAO_LIMITS_ANONYMOUS"], Text("100/10s"), LIMIT, "Requests without a credential, by address; the first number is for 10 seconds."),
    Setting::new("limits.login", &["BALCAO_LIMITS_LOGIN"], Text("30/m,300/h"), LIMIT, "Sign-ins, by address. Failures of one e-mail are slowed down besides."),
    Setting::new("limits.login_pair", &["BALCAO_LIMITS_LOGIN_PAIR"], Text("5/m,100/h"), LIMIT, "Sign-ins, by address together with e-mail."),
    Setting::new("limits.session", &["BALCAO_LIMITS_SESSION"], Text("10/m,200/h"), LIMIT, "Refreshes and logouts, by session."),
    Setting::new("limits.validate", &["BALCAO_LIMITS_VALIDATE"], Text("100/m,1000/h"), LIMIT, "Looks at the own token, by person."),
    Setting::new("limits.mail", &["BALCAO_LIMITS_MAIL"], Text("5/m,20/h"), LIMIT, "Mails with links that strangers ask for, by address."),
    Setting::new("limits.mail_to", &["BALCAO_LIMITS_MAIL_TO"], Text("3/m,5/h"), LIMIT, "The same, by the e-mail that they go to."),
    Setting::new("limits.registration", &["BALCAO_LIMITS_REGISTRATION"], Text("5/m,20/h"), LIMIT, "Registrations, by address."),
    Setting::new("limits.auth", &["BALCAO_LIMITS_AUTH"], Text("10/m"), LIMIT, "Other calls below /api/auth, by person."),
    Setting::new("limits.people", &["BALCAO_LIMITS_PEOPLE"], Text("30/m,300/h"), LIMIT, "Calls about users and roles, by person."),
    Setting::new("limits.organization", &["BALCAO_LIMITS_ORGANIZATION"], Text("20/m,200/h"), LIMIT, "Calls about the organization and its settings, by person."),
    Setting::new("limits.writing", &["BALCAO_LIMITS_WRITING"], Text("1000/h"), LIMIT, "Everything else that changes something, by person."),
    Setting::new("limits.reading", &["BALCAO_LIMITS_READING"], Text("10000/h"), LIMIT, "Everything that reads, by person."),
    Setting::new("limits.sending", &["BALCAO_LIMITS_SENDING"], Text("100/m"), LIMIT, "Messages and notes, by person."),
    Setting::new("limits.uploads", &["BALCAO_LIMITS_UPLOADS"], Text("10/m"), LIMIT, "Uploads, by person."),
    Setting::new("limits.conversations", &["BALCAO_LIMITS_CONVERSATIONS"], Text("1000/h"), LIMIT, "Conversations begun, by organization."),
    Setting::new("limits.lookup", &["BALCAO_LIMITS_LOOKUP"], Text("60/m"), LIMIT, "Contacts looked up by a whole number or e-mail, by person."),

    Setting::new("realtime.sockets_per_user", &["BALCAO_REALTIME_SOCKETS_PER_USER"], Text("10"), "number from 1 to 1000000", "Sockets of one person on this node; the oldest one gives way."),
    Setting::new("realtime.sockets_per_organization", &["BALCAO_REALTIME_SOCKETS_PER_ORGANIZATION"], Text("5000"), "number from 1 to 1000000", "Sockets of one organization on this node."),
    Setting::new("realtime.events_per_second", &["BALCAO_REALTIME_EVENTS_PER_SECOND"], Text("50"), "number from 1 to 1000000", "Events that one person may send a second, over all sockets."),
    Setting::new("realtime.syncs_per_minute", &["BALCAO_REALTIME_SYNCS_PER_MINUTE"], Text("10"), "number from 1 to 1000000", "Catch-ups of one person a minute."),

    Setting::new("passwords.threads", &["BALCAO_PASSWORDS_THREADS"], Absent("one less than there are cores, at least one"), "number from 1 to 64", "Threads that check passwords (bcrypt takes a quarter of a second each)."),
    Setting::new("passwords.waiting", &["BALCAO_PASSWORDS_WAITING"], Text("32"), "number from 0 to 1000", "Sign-ins that may wait for such a thread; the next one is answered 503."),

    Setting::new("sign_in.providers", &["BALCAO_SIGN_IN_PROVIDERS"], Absent("none"), "JSON list of {key, name, issuer, client_id, client_secret}", "OpenID Connect providers for everybody, besides those of organizations. `key` is the name in URLs (lower-case letters, digits, hyphens); enter `<public_url>/api/auth/oidc/<key>/callback` there.").secret(),
    Setting::new("mail.smtp_url", &["BALCAO_MAIL_SMTP_URL"], Absent("mails are written into `mail.folder`"), "smtp(s):// URL", "The server that sends mail: `smtps://user:password@host`, `smtp://user:password@host:587?tls=required`, or `smtp://localhost:25`.").secret(),
    Setting::new("mail.from", &["BALCAO_MAIL_FROM"], Text("Balcao <no-reply@localhost>"), "address, with or without a name", "Whom mails come from."),
    Setting::new("mail.folder", &["BALCAO_MAIL_FOLDER"], Absent("`mail` in the data folder"), "folder", "Where mails lie as .eml files when there is no server. They hold links that let people in."),
    Setting::new("mail.timeout", &["BALCAO_MAIL_TIMEOUT"], Text("30s"), "duration", "How long one mail may take before it is tried again later."),

    Setting::new("audit.heads_to", &["BALCAO_AUDIT_HEADS_TO"], Absent("they are sent to nobody"), "list of e-mail addresses", "Who gets the audit's daily signed checkpoints by mail. Against them a tail shows that somebody cut off."),
    Setting::new("audit.heads_url", &["BALCAO_AUDIT_HEADS_URL"], Absent("they are posted nowhere"), "http(s) URL", "Where the same checkpoints are posted as JSON, signed as the Standard Webhooks specification says. Needs `audit.heads_secret`."),
    Setting::new("audit.heads_secret", &["BALCAO_AUDIT_HEADS_SECRET"], Absent("nothing can be posted"), "whsec_ and base64 of 24 to 64 bytes", "What these posts are signed with.").secret(),

    Setting::new("workers.interactive", &["BALCAO_WORKERS_INTERACTIVE"], Text("32"), "number from 1 to 1000", "Jobs at once that somebody waits for: inbound messages, replies."),
    Setting::new("workers.default", &["BALCAO_WORKERS_DEFAULT"], Text("16"), "number from 1 to 1000", "Other jobs at once: media, upkeep."),
    Setting::new("workers.bulk", &["BALCAO_WORKERS_BULK"], Text("8"), "number from 1 to 1000", "Bulk jobs at once: campaigns, imports."),
    Setting::new("workers.poll", &["BALCAO_WORKERS_POLL"], Text("500ms"), "duration", "How often a worker looks for jobs that another process added."),

    Setting::new("messaging.outbound_per_minute", &["BALCAO_MESSAGING_OUTBOUND_PER_MINUTE"], Text("100"), "number from 0 to 100000000", "Public messages of one person a minute, on all transports together; 0 means no limit."),
    Setting::new("messaging.outbound_per_ten_seconds", &["BALCAO_MESSAGING_OUTBOUND_PER_TEN_SECONDS"], Text("20"), "number from 0 to 100000000", "The same in ten seconds."),
    Setting::new("channels.intake_per_minute", &["BALCAO_CHANNELS_INTAKE_PER_MINUTE"], Text("10000"), "number from 1 to 100000000", "Genuine webhooks a minute that this node takes; further ones are answered 429, and the provider repeats them."),
    Setting::new("channels.keep_raw_days", &["BALCAO_CHANNELS_KEEP_RAW_DAYS"], Text("30"), "number from 7 to 90", "Days that bodies of webhooks are kept, sealed."),
    Setting::new("whatsapp.enabled", &["BALCAO_WHATSAPP_ENABLED"], Text("true"), "true or false", "Whether the WhatsApp connector is on."),
    Setting::new("whatsapp.graph_url", &["BALCAO_WHATSAPP_GRAPH_URL"], Text("https://graph.facebook.com"), "http(s) URL", "The Graph API, with or without a version at its end (/v26.0)."),
    Setting::new("whatsapp.graph_version", &["BALCAO_WHATSAPP_GRAPH_VERSION"], Text("v25.0"), "v and a number", "The version of the Graph API, where the URL names none."),
    Setting::new("whatsapp.number_per_second", &["BALCAO_WHATSAPP_NUMBER_PER_SECOND"], Text("80"), "number from 1 to 1000", "Messages a second that leave by one number."),
    Setting::new("whatsapp.app_secret", &["BALCAO_WHATSAPP_APP_SECRET"], Absent("derived from the encryption key: only `balcao simulate` can sign webhooks then"), "text", "The secret of the Meta app, which signs webhooks.").secret(),
    Setting::new("whatsapp.app_secret_previous", &["BALCAO_WHATSAPP_APP_SECRET_PREVIOUS"], Absent("none"), "text", "The secret before the last rotation, accepted too.").secret(),
    Setting::new("whatsapp.verify_token", &["BALCAO_WHATSAPP_VERIFY_TOKEN"], Absent("derived from the encryption key"), "text", "What Meta must present in the handshake of the webhook.").secret(),
];

/// Keys of the limits, in the order of `http_kit::Class::ALL`.
pub const LIMITS: [&str; http_kit::Class::ALL.len()] = [
    "limits.anonymous",
    "limits.login",
    "limits.login_pair",
    "limits.session",
    "limits.validate",
    "limits.mail",
    "limits.mail_to",
    "limits.registration",
    "limits.auth",
    "limits.people",
    "limits.organization",
    "limits.writing",
    "limits.reading",
    "limits.sending",
    "limits.uploads",
    "limits.conversations",
    "limits.lookup",
];

/// The row of this key.
pub fn setting(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// Variables that begin like ours and are no settings: of the command line and of the tools around the product.
pub const OTHER_VARIABLES: &[&str] =
    &["BALCAO_CONFIG", "BALCAO_BIN", "BALCAO_URL", "BALCAO_TOKEN", "BALCAO_TEST_DATABASE_URL"];

#[cfg(test)]
mod tests {
    use super::{LIMITS, SETTINGS};
    use std::collections::HashSet;

    #[test]
    fn limits_stand_in_the_order_of_their_classes() {
        for (class, key) in http_kit::Class::ALL.iter().zip(LIMITS) {
            assert_eq!(format!("limits.{}", class.name()), key);
        }
    }

    #[test]
    fn names_are_unique_and_follow_the_rule() {
        let mut seen = HashSet::new();
        for setting in SETTINGS {
            assert!(seen.insert(setting.key), "{}", setting.key);
            for env in setting.env {
                assert!(seen.insert(env), "{env}");
                assert!(env.starts_with("BALCAO_") || env.starts_with("DATABASE_"), "{env}");
            }
            assert!(
                setting
                    .env
                    .iter()
                    .any(|env| *env == format!("BALCAO_{}", setting.key.to_uppercase().replace('.', "_")))
                    || setting.key == "log.filter",
                "{}",
                setting.key
            );
            assert!(setting.meaning.ends_with('.') && !setting.env.is_empty(), "{}", setting.key);
        }
    }
}
