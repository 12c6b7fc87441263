//! All automation of the house. `cargo xtask` without an argument prints the commands.
//!
//! Owns no product rule: it starts programs, compares files and prints. Needs nothing but std, JSON and Ctrl-C.

mod bench;
mod check;
mod db;
mod errors;
mod generate;
mod http;
mod migrations;
mod new_slice;
mod postgres;
mod run;
mod server;
mod test;
mod tools;
mod up;

use run::Done;
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask COMMAND

  up [--yes] [--port N] [--data-dir DIR] [--once]
                       install what is missing, build, start, seed a demo and say where to look
  test [CRATE] [-- FILTER..]
                       every test, from a clean clone; with a crate, only its own
  check [NAME..]       fmt, tidy, imports, unused, audit, typos, migrations, clippy, drift (all when none is named)
  gen [errors|openapi|schema|sqlx ..]
                       write the generated files that are committed
  db start|stop|reset|url|psql
                       a developer's database, migrated, with its address in .env for the sqlx macros
  new-slice NAME       the files of a new domain crate
  bench [JOB ..]       measure the product beside pgbench and the reference servers
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("xtask: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: &[String]) -> Done {
    let Some((command, rest)) = args.split_first() else {
        print!("{USAGE}");
        return Ok(());
    };
    match command.as_str() {
        "up" => up::run(rest),
        "test" => test::run(rest),
        "check" => check::run(rest),
        "gen" => generate::run(rest),
        "db" => db::run(rest),
        "new-slice" => new_slice::run(rest),
        "bench" => bench::run(rest),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        other => Err(format!("there is no command `{other}`\n\n{USAGE}").into()),
    }
}
