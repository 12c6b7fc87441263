//! The binary: command line, configuration, the list of modules, and the roles that a process can have.
//!
//! Owns no table and no rule of the business. What is here: reading the configuration (`config`), getting to a fit
//! database (`database`), the one list of domains (`modules`), the server process (`serve`), one file a command
//! (`commands`). Everything a command or a request does is done by the domains' own commands.

mod cli;
mod commands;
mod config;
mod database;
mod disk;
mod failure;
mod house;
mod modules;
mod print;
mod serve;
mod upkeep;

use clap::Parser;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Before anything makes a TLS connection; a second one would be an error of ours, and harmless.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match commands::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // A log line may have coloured the terminal; this sentence stands for itself.
            eprintln!("balcao: {failure}");
            ExitCode::from(failure.code)
        }
    }
}
