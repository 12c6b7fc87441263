//! `balcao config check|dump|document`.

use super::Session;
use crate::cli;
use crate::config::{dump, markdown};
use crate::failure::Failure;
use crate::print::{Printer, columns};
use serde_json::json;

/// What has been read is valid, or this would not run.
pub fn run(session: &Session, command: &cli::Config) -> Result<(), Failure> {
    match command {
        cli::Config::Check => {
            session.printer.answer(&json!({"valid": true}), |_| "The configuration is valid.".to_owned())
        }
        cli::Config::Dump => session.printer.answer(&dump(&session.config), |entries| {
            let row = |entry: &crate::config::Entry| {
                vec![entry.key.to_owned(), entry.value.clone().unwrap_or("-".to_owned()), entry.source.clone()]
            };
            columns(&entries.iter().map(row).collect::<Vec<_>>())
        }),
        cli::Config::Document => document(session.printer),
    }
    Ok(())
}

/// The page that docs/configuration.md is.
pub fn document(printer: Printer) {
    Printer { json: printer.json }.line(markdown().trim_end());
}
