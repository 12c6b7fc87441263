//! Who connects where: the administrator, the application role and the worker role.

use crate::config::DatabaseConfig;
use crate::failure::{CONFIGURATION, Failure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;
use store::Sealer;
use store::embedded::Server;

/// The product's database in its own PostgreSQL.
pub const OWN_DATABASE: &str = "balcao";
const APP: &str = "balcao_app";
const WORKER: &str = "balcao_worker";

/// The three addresses and the passwords of the two roles.
#[derive(Clone)]
pub struct Addresses {
    pub admin: PgConnectOptions,
    pub app: PgConnectOptions,
    pub worker: PgConnectOptions,
    /// What the roles get as passwords; absent where an operator gave them.
    pub passwords: Option<Passwords>,
    /// Whether the server is the product's own.
    pub own: bool,
}

/// Derived from the installation's key, so that they are kept nowhere.
#[derive(Clone)]
pub struct Passwords {
    pub app: SecretString,
    pub worker: SecretString,
}

impl Passwords {
    pub fn derived(sealer: &Sealer) -> Self {
        let of = |role: &str| SecretString::from(URL_SAFE_NO_PAD.encode(sealer.derive(&format!("role:{role}"))));
        Self { app: of(APP), worker: of(WORKER) }
    }
}

impl Addresses {
    /// In the product's own PostgreSQL.
    pub fn of_own(server: &Server, sealer: &Sealer) -> Self {
        let passwords = Passwords::derived(sealer);
        let at = |options: PgConnectOptions| options.database(OWN_DATABASE);
        let role = |name: &str, password: &SecretString| {
            at(server.options()).username(name).password(password.expose_secret())
        };
        Self {
            admin: at(server.superuser_options()),
            app: named(role(APP, &passwords.app)),
            worker: named(role(WORKER, &passwords.worker)),
            passwords: Some(passwords),
            own: true,
        }
    }

    /// In the database that the operator named.
    ///
    /// # Errors
    /// When an address is none; the configuration has checked them.
    pub fn of_url(url: &SecretString, config: &DatabaseConfig, sealer: &Sealer) -> Result<Self, Failure> {
        let admin = options(url)?;
        let passwords = Passwords::derived(sealer);
        let role = |given: &Option<SecretString>, name: &str, password: &SecretString| match given {
            Some(url) => options(url),
            None => Ok(admin.clone().username(name).password(password.expose_secret())),
        };
        let app = role(&config.app_url, APP, &passwords.app)?;
        let worker = role(&config.worker_url, WORKER, &passwords.worker)?;
        let all_derived = config.app_url.is_none() && config.worker_url.is_none();
        Ok(Self {
            admin,
            app: named(app),
            worker: named(worker),
            passwords: all_derived.then_some(passwords),
            own: false,
        })
    }
}

fn options(url: &SecretString) -> Result<PgConnectOptions, Failure> {
    // Not the parser's own text: it may repeat the password.
    url.expose_secret().parse().map_err(|_| Failure::new(CONFIGURATION, "an address of the database is not valid"))
}

fn named(options: PgConnectOptions) -> PgConnectOptions {
    options.application_name("balcao")
}
