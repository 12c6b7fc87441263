//! The command line: what can be asked for. What each command does is in `commands`.

use crate::config::Flags;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// The front desk of an organization, self-hosted: messages, conversations, people.
#[derive(Debug, Parser)]
#[command(name = "balcao", version, max_term_width = 110, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    pub everywhere: Everywhere,
    #[command(subcommand)]
    pub command: Command,
}

/// Flags of every command.
#[derive(Debug, Args)]
pub struct Everywhere {
    /// The configuration file [BALCAO_CONFIG; else balcao.toml in the data folder]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The data folder [BALCAO_DATA_DIR; else ./.balcao]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server until SIGTERM or Ctrl-C
    Serve(Serve),
    /// Change the database's schema, or show where it stands
    #[command(subcommand)]
    Migrate(Migrate),
    /// Organizations
    #[command(subcommand)]
    Organization(Organization),
    /// People
    #[command(subcommand)]
    User(User),
    /// Channel accounts
    #[command(subcommand)]
    Channel(Channel),
    /// Fill the database with something to look at
    #[command(subcommand)]
    Seed(Seed),
    /// Act as a provider would, against the running server
    #[command(subcommand)]
    Simulate(Simulate),
    /// The event log
    #[command(subcommand)]
    Events(Events),
    /// Background work: what waits, what is dead
    #[command(subcommand)]
    Jobs(Jobs),
    /// Look at everything that can be wrong with an installation
    Doctor,
    /// Print the OpenAPI document
    Openapi,
    /// The configuration
    #[command(subcommand)]
    Config(Config),
}

#[derive(Debug, Args)]
pub struct Serve {
    /// Where to listen [BALCAO_LISTEN; else 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// What this process does: api, realtime, worker, scheduler [BALCAO_ROLES; else all]
    #[arg(long, value_name = "LIST")]
    pub roles: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Migrate {
    /// Create the roles and apply every missing migration
    Up,
    /// Undo migrations; what they held is lost
    Down {
        /// Keep this version and those before it; without it everything is undone
        #[arg(long, value_name = "VERSION", default_value_t = 0)]
        to: i64,
        /// Do it without asking
        #[arg(long)]
        yes: bool,
    },
    /// Show each migration and whether it is applied
    Status,
    /// Print the SQL that makes the roles, for an administrator to run where DATABASE_URL's user may not
    Roles,
}

#[derive(Debug, Subcommand)]
pub enum Organization {
    /// Create an organization with its roles and units; may be repeated
    Create {
        /// Its short name: lower case letters, digits and hyphens
        #[arg(long)]
        slug: String,
        #[arg(long)]
        name: String,
        /// clinic, hospital, laboratory, imaging, pharmacy or company
        #[arg(long, default_value = "clinic")]
        kind: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum User {
    /// Create a person with a login in an organization
    Create {
        /// Slug of the organization
        #[arg(long)]
        organization: String,
        #[arg(long)]
        email: String,
        #[arg(long)]
        name: String,
        /// Name of a role, such as admin, supervisor or agent
        #[arg(long)]
        role: String,
        /// Read the password from standard input (one line)
        #[arg(long, required = true)]
        password_stdin: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Channel {
    /// Create a channel account and activate it in the organization's fallback unit
    #[command(subcommand)]
    Create(NewChannel),
}

#[derive(Debug, Subcommand)]
pub enum NewChannel {
    /// A number of the WhatsApp Business Cloud API
    Whatsapp {
        /// Slug of the organization
        #[arg(long)]
        organization: String,
        #[arg(long)]
        name: String,
        #[arg(long)]
        phone_number_id: String,
        /// The number as people know it, such as +551130001234
        #[arg(long)]
        display_number: String,
        /// Id of the WhatsApp business account
        #[arg(long)]
        waba_id: String,
        /// Read the access token from standard input (one line)
        #[arg(long, required = true)]
        access_token_stdin: bool,
        /// Let nothing leave: replies stop at accepted
        #[arg(long)]
        simulation: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Seed {
    /// The organization clinica-demo with a user of each role, a WhatsApp number in simulation and conversations.
    /// For development: it prints passwords
    Demo,
}

#[derive(Debug, Subcommand)]
pub enum Simulate {
    /// Post a correctly signed WhatsApp webhook to the running server
    Whatsapp(SimulateWhatsapp),
}

#[derive(Debug, Args)]
pub struct SimulateWhatsapp {
    /// What the customer writes
    #[arg(long, required_unless_present = "status", conflicts_with = "status")]
    pub text: Option<String>,
    /// Who writes: digits with the country code
    #[arg(long, default_value = "5511990000017", value_name = "NUMBER")]
    pub from: String,
    /// The customer's profile name
    #[arg(long, default_value = "Marina Exemplo")]
    pub name: String,
    /// Instead of a message: what became of a reply (sent, delivered, read or failed), with the steps before it
    #[arg(long, value_name = "STATUS")]
    pub status: Option<String>,
    /// Which reply, by the id of the message; without it the newest one
    #[arg(long, value_name = "MESSAGE", requires = "status")]
    pub of: Option<uuid::Uuid>,
    /// The organization, by slug, where the installation has several
    #[arg(long)]
    pub organization: Option<String>,
    /// The server's address, if it is not the one that runs on the data folder
    #[arg(long)]
    pub url: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Events {
    /// Print the newest events, oldest first
    Tail {
        /// Only of this organization (slug)
        #[arg(long)]
        organization: Option<String>,
        /// Keep printing what comes
        #[arg(long)]
        follow: bool,
        /// How many to begin with
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(0..=1000))]
        last: u16,
    },
}

#[derive(Debug, Subcommand)]
pub enum Jobs {
    /// Show what waits in each lane, and the dead jobs
    List {
        /// Only dead jobs of this organization (slug)
        #[arg(long)]
        organization: Option<String>,
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
    },
    /// Put dead jobs back into their lanes
    Replay {
        /// Their numbers, as `jobs list` shows them
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        ids: Vec<i64>,
        /// All of them
        #[arg(long)]
        all: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Config {
    /// Read everything, start nothing
    Check,
    /// Show every setting, its value and where that comes from; secrets are hidden
    Dump,
    /// Print the documentation of every setting, in Markdown
    Document,
}

impl Cli {
    /// What the flags say about the configuration.
    pub fn flags(&self) -> Flags {
        let (listen, roles) = match &self.command {
            Command::Serve(serve) => (serve.listen.clone(), serve.roles.clone()),
            _ => (None, None),
        };
        Flags { config: self.everywhere.config.clone(), data_dir: self.everywhere.data_dir.clone(), listen, roles }
    }
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
