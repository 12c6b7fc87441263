//! Everything that must hold before a change lands, each rule with the reason when it is broken.

mod audit;
mod drift;
mod imports;
mod licence;
mod metadata;
mod migrations;
mod tidy;
mod unused;

use crate::run::{Done, cargo, run_quietly, say, which};
use std::process::Command;
use std::time::Instant;

type Step = (&'static str, fn() -> Done);

/// In the order of their cost, so that the cheap ones speak first.
const STEPS: &[Step] = &[
    ("fmt", format),
    ("tidy", tidy::check),
    ("imports", imports::check),
    ("unused", unused::check),
    ("audit", audit::check),
    ("typos", typos),
    ("migrations", migrations::check),
    ("clippy", clippy),
    ("drift", drift::check),
];

/// `check [NAME..]`: runs the named steps, or all; says at the end which failed.
pub fn run(names: &[String]) -> Done {
    if let Some(unknown) = names.iter().find(|n| !STEPS.iter().any(|(s, _)| s == n)) {
        return Err(format!("there is no check `{unknown}`").into());
    }
    let mut failed = Vec::new();
    for (name, step) in STEPS.iter().filter(|(s, _)| names.is_empty() || names.iter().any(|n| n == s)) {
        say(&format!("check {name}"));
        let start = Instant::now();
        if let Err(problem) = step() {
            eprintln!("{problem}");
            failed.push(*name);
        }
        eprintln!("    {name}: {:.1} s", start.elapsed().as_secs_f64());
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("checks failed: {}", failed.join(", ")).into()) }
}

/// Several findings as one error, one a line.
pub fn findings(what: &str, mut list: Vec<String>) -> Done {
    if list.is_empty() {
        return Ok(());
    }
    list.sort();
    Err(format!("{what}:\n  {}", list.join("\n  ")).into())
}

fn format() -> Done {
    run_quietly(cargo().args(["fmt", "--all", "--", "--check"]))
}

fn clippy() -> Done {
    let mut command = cargo();
    command.args(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]);
    crate::run::run(command.env("SQLX_OFFLINE", "true"))
}

/// `typos` is a program of its own; where it is not installed (`pip install typos`) its rule is left to CI.
fn typos() -> Done {
    if which("typos").is_none() {
        eprintln!("    typos is not installed: skipped");
        return Ok(());
    }
    run_quietly(Command::new("typos").args(["--config", "_typos.toml"]).current_dir(crate::run::root()))
}
