//! One file a command. Each gets what it needs open, prints one answer, and gives everything back.

mod audit;
mod catalogue;
mod channel;
mod config;
mod doctor;
mod erasures;
mod events;
mod jobs;
mod keys;
mod mail;
mod migrate;
mod openapi;
mod organization;
mod platform;
mod seed;
mod sent;
mod settings;
mod simulate;
mod user;
mod webhook;

pub use erasures::apply_unseen as apply_unseen_erasures;

use crate::cli::{Cli, Command};
use crate::config::{Config, installation_key};
use crate::database::OpenDatabase;
use crate::failure::{Failure, REFUSED};
use crate::house::{House, Materials};
use crate::print::Printer;
use files::Files;
use kernel::{Clock, Ids};
use secrecy::SecretString;
use std::io::IsTerminal;
use store::Sealer;
use tokio::runtime::Runtime;

/// Does what the command line asks for.
///
/// # Errors
/// One sentence and an exit code.
pub fn run(cli: Cli) -> Result<(), Failure> {
    let printer = Printer { json: cli.everywhere.json };
    // Needs neither a configuration nor a database.
    if let Command::Config(crate::cli::Config::Document) = cli.command {
        config::document(printer);
        return Ok(());
    }
    if let Command::Mail(command) = &cli.command {
        return mail::run(printer, command);
    }
    let config = Config::load(&cli.flags())?;
    let session = Session { config, printer, clock: Clock::system(), ids: Ids::system() };
    let command = match cli.command {
        Command::Config(command) => return config::run(&session, &command),
        command => command,
    };
    if let Command::Serve(_) = command {
        return serve(&session);
    }
    telemetry::logs::install(&session.config.log.of_command(), session.clock.clone()).map_err(Failure::plain)?;
    runtime(1)?.block_on(async {
        match command {
            Command::Migrate(command) => migrate::run(&session, command).await,
            Command::Erasures(command) => erasures::run(&session, command).await,
            Command::Events(command) => events::run(&session, command).await,
            Command::Audit(command) => audit::run(&session, command).await,
            Command::Jobs(command) => jobs::run(&session, command).await,
            Command::Doctor => doctor::run(&session).await,
            Command::Openapi => openapi::run(&session),
            Command::Catalogue => catalogue::run(&session),
            Command::Organization(command) => organization::run(&session, command).await,
            Command::Keys(command) => keys::run(&session, command).await,
            Command::Settings(command) => settings::run(&session, command).await,
            Command::User(command) => user::run(&session, command).await,
            Command::Platform(command) => platform::run(&session, command).await,
            Command::Channel(command) => channel::run(&session, command).await,
            Command::Seed(command) => seed::run(&session, command).await,
            Command::Simulate(command) => simulate::run(&session, command).await,
            // Done above.
            Command::Serve(_) | Command::Config(_) | Command::Mail(_) => Ok(()),
        }
    })
}

/// Runs the server on a runtime as wide as the machine.
fn serve(session: &Session) -> Result<(), Failure> {
    telemetry::logs::install(&session.config.log.of_server(), session.clock.clone()).map_err(Failure::plain)?;
    // Before the first figure is recorded.
    telemetry::Metrics::install().map_err(Failure::plain)?;
    telemetry::panics::install_hook();
    outbound::describe_metrics();
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    runtime(session.config.threads.unwrap_or(cores))?.block_on(crate::serve::run(session))
}

/// What every command works with.
pub struct Session {
    pub config: Config,
    pub printer: Printer,
    pub clock: Clock,
    pub ids: Ids,
}

impl Session {
    /// The sealer with the installation's key.
    ///
    /// # Errors
    /// When the key cannot be read or made.
    pub fn sealer(&self) -> Result<Sealer, Failure> {
        Ok(installation_key(&self.config, &self.ids)?)
    }

    /// The database, ready for use.
    ///
    /// # Errors
    /// What stands between us and it.
    pub async fn open(&self) -> Result<OpenDatabase, Failure> {
        OpenDatabase::for_command(&self.config, &self.sealer()?).await
    }
}

/// Runs `work` with an open database and gives it back, whatever came of the work.
///
/// # Errors
/// The work's failure, or else what closing says.
pub async fn with_database<T>(
    session: &Session,
    work: impl AsyncFnOnce(&OpenDatabase) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let opened = session.open().await?;
    let done = work(&opened).await;
    let closed = opened.close().await;
    let done = done?;
    closed.map(|()| done)
}

/// The same with the domains made.
///
/// # Errors
/// The work's failure, or what stands in its way.
pub async fn with_house<T>(
    session: &Session,
    work: impl AsyncFnOnce(&House) -> Result<T, Failure>,
) -> Result<T, Failure> {
    with_database(session, async |opened| {
        let house = House::build(Materials {
            config: &session.config,
            db: opened.db.clone(),
            sealer: session.sealer()?.with_lasting(&opened.db, &session.ids, session.clock.now()).await?,
            clock: session.clock.clone(),
            ids: session.ids.clone(),
            files: Files::local(&session.config.data_dir)?,
            address: session.config.listen,
        })?;
        work(&house).await
    })
    .await
}

/// The organization of this slug or id.
///
/// # Errors
/// When there is none.
pub async fn find_organization(house: &House, name: &str) -> Result<identity::Organization, Failure> {
    let found = house.domains.identity.organization(name).await?;
    found.ok_or_else(|| Failure::new(REFUSED, format!("there is no organization {name}")))
}

/// One line of standard input; on a terminal it is asked for.
///
/// # Errors
/// When nothing is there.
pub fn read_secret_line(what: &str) -> Result<SecretString, Failure> {
    if std::io::stdin().is_terminal() {
        eprint!("Type {what}, it will be visible: ");
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    match line.trim_end_matches(['\r', '\n']) {
        "" => Err(Failure::new(REFUSED, format!("standard input holds no line with {what}"))),
        line => Ok(SecretString::from(line)),
    }
}

/// A runtime with this many threads.
///
/// # Errors
/// What the system answered.
pub fn runtime(threads: usize) -> Result<Runtime, Failure> {
    let built = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    built.map_err(Failure::plain)
}
