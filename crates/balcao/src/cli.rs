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
    /// The keys that data are sealed with
    #[command(subcommand)]
    Keys(Keys),
    /// Settings that hold for every organization, or for a plan
    #[command(subcommand)]
    Settings(Settings),
    /// People
    #[command(subcommand)]
    User(User),
    /// People who work for the installation itself
    #[command(subcommand)]
    Platform(Platform),
    /// Channel accounts
    #[command(subcommand)]
    Channel(Channel),
    /// Fill the database with something to look at
    #[command(subcommand)]
    Seed(Seed),
    /// Act as a provider would, against the running server
    #[command(subcommand)]
    Simulate(Simulate),
    /// The list of people who were erased
    #[command(subcommand)]
    Erasures(Erasures),
    /// The event log
    #[command(subcommand)]
    Events(Events),
    /// The security audit
    #[command(subcommand)]
    Audit(Audit),
    /// Background work: what waits, what is dead
    #[command(subcommand)]
    Jobs(Jobs),
    /// Mail that the product writes
    #[command(subcommand)]
    Mail(Mail),
    /// Look at everything that can be wrong with an installation
    Doctor,
    /// Print the OpenAPI document
    Openapi,
    /// Print what each domain brings: permissions, events, jobs, socket commands, rooms
    Catalogue,
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
pub enum Keys {
    /// Turn keys over: seal with the installation's key of now whatever an earlier one sealed. May be ended and run again
    Rotate {
        /// Slug of an organization: gets a new key of its own, what is sealed is sealed anew in the background
        #[arg(long)]
        organization: Option<String>,
        /// A new key signs the audit's heads, checkpoints and exports
        #[arg(long, conflicts_with = "organization")]
        audit: bool,
        /// A new key for access tokens is published, and signs in an hour
        #[arg(long, conflicts_with_all = ["organization", "audit"])]
        tokens: bool,
        /// With --tokens: it signs now, and what earlier keys signed is refused at once; clients refresh by themselves
        #[arg(long, requires = "tokens")]
        emergency: bool,
    },
    /// Show which of the installation's keys sealed how much
    Status,
    /// Check that nothing needs an earlier key any more, so that it can be taken out of the configuration
    Retire {
        /// Its name, as `keys status` shows it
        key: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Settings {
    /// Set what holds where an organization sets nothing itself
    Set {
        /// Name of a setting, such as session.idle_minutes
        key: String,
        /// JSON, such as 480, true or '["password"]'; plain words are taken as texts
        value: String,
        /// Only for organizations of this plan: free, pro or enterprise
        #[arg(long)]
        plan: Option<String>,
    },
    /// Take a value back
    Clear {
        key: String,
        #[arg(long)]
        plan: Option<String>,
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
pub enum Platform {
    /// Mark a login as staff; it counts in sessions with a second factor
    Grant {
        #[arg(long)]
        email: String,
        /// platform_admin or platform_support
        #[arg(long, default_value = "platform_support")]
        role: String,
    },
    /// Mark a login as staff no more
    Revoke {
        #[arg(long)]
        email: String,
    },
    /// List the staff
    List,
}

#[derive(Debug, Subcommand)]
pub enum Erasures {
    /// Erase again whoever is on the list and came back with a restored backup
    Apply {
        /// The list; without it the one in the data folder
        #[arg(long, value_name = "FILE")]
        list: Option<PathBuf>,
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
pub enum Audit {
    /// Check the chain of an organization, or an export without a database. Ends with 0 valid, 1 broken, 2 unreadable
    Verify {
        /// Slug of the organization
        #[arg(long, required_unless_present = "export")]
        organization: Option<String>,
        /// First entry
        #[arg(long, value_name = "SEQ")]
        from: Option<i64>,
        /// Last entry
        #[arg(long, value_name = "SEQ")]
        to: Option<i64>,
        /// A signed head that was kept elsewhere: only against it a cut tail shows
        #[arg(long, value_name = "FILE")]
        head: Option<PathBuf>,
        /// An export (jsonl) to check instead
        #[arg(long, value_name = "FILE", conflicts_with_all = ["organization", "from", "to", "head"])]
        export: Option<PathBuf>,
        /// The public key that must have signed the export (base64, as `audit keys` shows it)
        #[arg(long, value_name = "KEY", requires = "export")]
        key: Option<String>,
    },
    /// Print the public keys that sign heads, checkpoints and exports, the newest first
    Keys,
    /// Print the signed head of an organization's chain
    Head {
        /// Slug of the organization
        #[arg(long)]
        organization: String,
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
pub enum Mail {
    /// Print a letter as it would be sent, with data made up
    Preview {
        /// Which one, such as magic_link; `list` prints all names
        #[arg(value_name = "TEMPLATE")]
        template: String,
        /// pt-BR, en or es
        #[arg(long, default_value = "pt-BR")]
        language: String,
        /// Print the HTML part alone, for a browser
        #[arg(long)]
        html: bool,
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
