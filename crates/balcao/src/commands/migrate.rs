//! `balcao migrate up|down|status|roles`.

use super::Session;
use crate::cli::Migrate;
use crate::database::OpenDatabase;
use crate::database::prepare;
use crate::failure::{Failure, REFUSED};
use crate::print::columns;
use serde_json::json;
use std::io::{IsTerminal, Write};
use store::{MigrationState, Migrations};

pub async fn run(session: &Session, command: Migrate) -> Result<(), Failure> {
    if let Migrate::Down { to, yes: false } = &command {
        ask(*to)?;
    }
    let opened = OpenDatabase::unprepared(&session.config, &session.sealer()?).await?;
    let done = act(session, &opened, command).await;
    let closed = opened.close().await;
    done.and(closed)
}

async fn act(session: &Session, opened: &OpenDatabase, command: Migrate) -> Result<(), Failure> {
    let addresses = &opened.addresses;
    match command {
        Migrate::Up => {
            let connected = prepare::look(&opened.db).await.is_ok();
            prepare::ensure_roles(addresses, connected).await?;
            let applied = prepare::migrate(addresses).await?;
            // Proves that the roles can work with it.
            prepare::look(&opened.db).await?;
            session.printer.answer(&json!({"applied": applied}), |_| match applied {
                0 => "The schema is up to date.".to_owned(),
                1 => "Applied 1 migration.".to_owned(),
                many => format!("Applied {many} migrations."),
            });
        }
        Migrate::Down { to, .. } => {
            let mut migrations = connect(opened).await?;
            let before = migrations.status().await?;
            migrations.down(to).await.map_err(|error| prepare::schema_failure(&error))?;
            let undone = before.iter().filter(|migration| migration.applied && migration.version > to).count();
            session.printer.answer(&json!({"undone": undone}), |_| format!("Undone: {undone}."));
        }
        Migrate::Status => {
            let states = connect(opened).await?.status().await?;
            session.printer.answer(&states, |states| columns(&states.iter().map(row).collect::<Vec<_>>()));
        }
        Migrate::Roles => session.printer.line(prepare::roles_script(addresses).trim_end()),
    }
    Ok(())
}

/// The migrator's connection, on a database that exists.
async fn connect(opened: &OpenDatabase) -> Result<Migrations, Failure> {
    let connected = prepare::look(&opened.db).await.is_ok();
    prepare::ensure_roles(&opened.addresses, connected).await?;
    Ok(Migrations::connect(&opened.addresses.admin).await?)
}

fn row(state: &MigrationState) -> Vec<String> {
    let applied = if state.applied { "applied" } else { "missing" };
    vec![format!("{:04}", state.version), applied.to_owned(), state.description.clone()]
}

/// Asks on the terminal before data is lost.
fn ask(to: i64) -> Result<(), Failure> {
    let refused = || Failure::new(REFUSED, "nothing was changed: `migrate down` loses data, so it wants --yes");
    if !std::io::stdin().is_terminal() {
        return Err(refused());
    }
    eprint!("This undoes every migration above {to} and loses what their tables hold. Type yes to go on: ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    if answer.trim() == "yes" { Ok(()) } else { Err(refused()) }
}
