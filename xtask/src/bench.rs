//! `cargo xtask bench`: the product beside pgbench and the reference servers, in one run.
//!
//! The measuring itself is `bench/run.sh` with wrk, pgbench and Python; here everything it needs is installed and built.

use crate::run::{self, Done, cargo, root, say};
use crate::server::Scratch;
use crate::tools::{self, Consent};
use std::path::PathBuf;
use std::process::Command;

const JOBS: &[&str] = &[
    "read", "list", "create", "path", "webhook", "cold", "memory", "queue", "latency", "validate", "login", "refresh",
];

/// `bench [JOB ..] [--rounds N] [--secs N] [--yes]`
pub fn run(args: &[String]) -> Done {
    let (mut rounds, mut secs, mut jobs) = ("3".to_owned(), "6".to_owned(), Vec::new());
    let mut consent = Consent { given: std::env::var_os("CI").is_some() };
    let mut words = args.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--rounds" => rounds = number(words.next())?,
            "--secs" => secs = number(words.next())?,
            "--yes" => consent.given = true,
            job if JOBS.contains(&job) => jobs.push(job),
            other => return Err(format!("bench {other}: jobs are {}", JOBS.join(", ")).into()),
        }
    }
    tools::postgres(consent)?;
    tools::node(consent)?;
    for (program, package) in [
        ("wrk", "wrk"),
        ("redis-server", "redis-server"),
        ("python3", "python3"),
        ("openssl", "openssl"),
        ("curl", "curl"),
    ] {
        tools::program(consent, program, package)?;
    }
    tools::npm_modules("bench/node-reference")?;
    let (binary, queue) = build()?;

    // Kept out of the repository: PostgreSQL's own user must be able to enter it.
    let scratch = Scratch::new("bench")?;
    let mut bench = Command::new("bash");
    bench.arg(root().join("bench/run.sh")).args(&jobs);
    bench.env("PEERS_RUN", scratch.path()).env("ROUNDS", rounds).env("SECS", secs).env("BALCAO_BIN", binary);
    if let Some(queue) = queue {
        bench.env("QUEUE_BENCH", queue);
    }
    let outcome = run::run(&mut bench);
    let results = root().join("target/bench-results.jsonl");
    if std::fs::copy(scratch.path().join("results.jsonl"), &results).is_ok() {
        eprintln!("every single result: {}", results.display());
    }
    outcome
}

fn number(word: Option<&String>) -> Done<String> {
    let word = word.ok_or("a number is missing")?;
    Ok(word.parse::<u32>().map_err(|_| format!("{word} is no number"))?.to_string())
}

/// The product and, when the store crate has it, its queue's bench. As they are shipped (profile `dist`): it takes longer
/// to build than what `up` serves.
fn build() -> Done<(PathBuf, Option<PathBuf>)> {
    let target = root().join("target/dist");
    let queue =
        root().join("crates/store/examples/queue_bench.rs").is_file().then(|| target.join("examples/queue_bench"));
    if let Some(given) = std::env::var_os("BALCAO_BIN") {
        return Ok((root().join(given), queue.filter(|q| q.is_file())));
    }
    say("building dist");
    run::run(cargo().args(["build", "--profile", "dist", "--package", "balcao"]).env("SQLX_OFFLINE", "true"))?;
    if queue.is_some() {
        let mut example = cargo();
        example.args(["build", "--profile", "dist", "--package", "store", "--example", "queue_bench"]);
        run::run(example.env("SQLX_OFFLINE", "true"))?;
    }
    Ok((target.join("balcao"), queue))
}
