//! A developer's own database below `.balcao-dev/`: the sqlx macros compile against it.

use crate::migrations;
use crate::postgres::Cluster;
use crate::run::{self, Done, read, root, say};
use crate::tools::{self, Consent};
use std::path::PathBuf;

const DATABASE: &str = "balcao";

/// `db start|stop|reset|url|psql`
pub fn run_command(what: &str, rest: &[String]) -> Done {
    let programs = tools::postgres(Consent { given: rest.iter().any(|a| a == "--yes") })?;
    if what == "stop" {
        remove_env()?;
        return Cluster::stop_kept(&programs, &folder());
    }
    let cluster = Cluster::kept(&programs, &folder())?;
    let known = "SELECT 1 FROM pg_database WHERE datname = 'balcao'";
    let exists = read(cluster.psql("postgres").args(["-At", "-c", known]))?.trim() == "1";
    if what == "reset" || !exists {
        say("applying migrations/");
        migrations::fresh_database(&cluster, DATABASE)?;
    }
    write_env(&cluster.url(DATABASE))?;
    match what {
        "start" | "reset" | "url" => {
            println!("{}", cluster.url(DATABASE));
            Ok(())
        }
        "psql" => run::run(cluster.psql(DATABASE).args(rest.iter().filter(|a| *a != "--yes"))),
        other => Err(format!("db {other}: one of start, stop, reset, url, psql").into()),
    }
}

/// The first word says what to do.
pub fn run(args: &[String]) -> Done {
    match args.split_first() {
        Some((what, rest)) => run_command(what, rest),
        None => Err("db: one of start, stop, reset, url, psql".into()),
    }
}

fn folder() -> PathBuf {
    root().join(".balcao-dev")
}

/// Keeps every other line of `.env` as it is.
fn write_env(url: &str) -> Done {
    let mut lines = other_lines()?;
    lines.push(format!("DATABASE_URL={url}"));
    Ok(std::fs::write(root().join(".env"), lines.join("\n") + "\n")?)
}

/// Without a database the macros must fall back to `.sqlx`.
fn remove_env() -> Done {
    let lines = other_lines()?;
    let file = root().join(".env");
    if lines.is_empty() {
        return if file.is_file() { Ok(std::fs::remove_file(file)?) } else { Ok(()) };
    }
    Ok(std::fs::write(file, lines.join("\n") + "\n")?)
}

fn other_lines() -> Done<Vec<String>> {
    let file = root().join(".env");
    if !file.is_file() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(file)?;
    Ok(text.lines().filter(|l| !l.starts_with("DATABASE_URL=")).map(str::to_owned).collect())
}
