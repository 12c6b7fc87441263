//! `cargo xtask test`: all tests, from a clean clone, with everything they need started and stopped here.

use crate::postgres::{Cluster, Durability};
use crate::run::{self, Done, cargo, root, say, which};
use crate::server::{Options, Scratch, Server, free_port};
use crate::tools::{self, Consent};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// `test [CRATE] [-- FILTER..]`. With a crate only its own tests, without the black-box ones.
pub fn run(args: &[String]) -> Done {
    let (words, filter) = match args.iter().position(|a| a == "--") {
        Some(at) => (args.get(..at).unwrap_or_default(), args.get(at + 1..).unwrap_or_default()),
        None => (args, &[][..]),
    };
    let in_ci = std::env::var_os("CI").is_some();
    let consent = Consent { given: in_ci || words.iter().any(|a| a == "--yes") };
    let only = words.iter().find(|a| !a.starts_with("--"));
    let programs = tools::postgres(consent)?;
    let whole_house = only.is_none() && filter.is_empty();
    // The Rust tests of mail and sign-in talk to real servers that come as npm packages.
    tools::node(consent)?;
    tools::npm_modules("e2e")?;
    // An authenticator app that is not ours.
    tools::program(consent, "oathtool", "oathtool")?;
    if only.is_some_and(|c| c == "e2e") {
        return black_box(filter);
    }
    let cluster = Cluster::temporary(&programs, Durability::None)?;
    rust(&cluster, only, filter, in_ci)?;
    drop(cluster);
    if whole_house { black_box(&[]) } else { Ok(()) }
}

/// The Rust tests, on one cluster that needs no care: testkit makes roles and databases in it.
fn rust(cluster: &Cluster, only: Option<&String>, filter: &[String], in_ci: bool) -> Done {
    say("Rust tests");
    let nextest = which("cargo-nextest").is_some();
    let mut command = cargo();
    if nextest {
        command.args(["nextest", "run"]);
        if in_ci {
            command.args(["--profile", "ci"]);
        }
    } else {
        command.arg("test");
    }
    match only {
        Some(name) => command.args(["--package", name]),
        None => command.arg("--workspace"),
    };
    if !filter.is_empty() {
        if !nextest {
            command.arg("--");
        }
        command.args(filter);
    }
    command.env("SQLX_OFFLINE", "true").env("BALCAO_TEST_DATABASE_URL", cluster.url("postgres"));
    // A developer's own settings must not decide what a test sees.
    for name in ["DATABASE_URL", "REDIS_URL", "BALCAO_DATA_DIR", "BALCAO_LISTEN", "BALCAO_ENCRYPTION_KEY"] {
        command.env_remove(name);
    }
    run::run(&mut command)
}

/// The npm client against the real binary, which runs its own PostgreSQL, as a user would start it.
fn black_box(filter: &[String]) -> Done {
    say("black-box tests (e2e/)");
    let binary = built()?;
    let scratch = Scratch::new("e2e")?;
    let (secret, graph_port) = ("e2e-app-secret", free_port()?);
    let graph_url = format!("http://127.0.0.1:{graph_port}");
    let mail_port = free_port()?;
    let mail_url = format!("smtp://127.0.0.1:{mail_port}");
    let settings = [
        ("BALCAO_MAIL_SMTP_URL", mail_url.as_str()),
        ("BALCAO_WHATSAPP_APP_SECRET", secret),
        ("BALCAO_WHATSAPP_VERIFY_TOKEN", "e2e-verify-token"),
        ("BALCAO_WHATSAPP_GRAPH_URL", &graph_url),
    ];
    let options = Options {
        binary,
        port: free_port()?,
        data_dir: scratch.path().join("data"),
        settings: settings.map(|(k, v)| (k.into(), v.into())).to_vec(),
        log: Some(root().join("target/e2e-server.log")),
    };
    let mut server = Server::start(options, Duration::from_secs(120))?;
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec", "--test-concurrency=1"])
        .args(programs_in_e2e(filter)?)
        .current_dir(root().join("e2e"));
    node.env("BALCAO_URL", format!("http://{}", server.options.address()));
    node.env("BALCAO_BIN", &server.options.binary).env("BALCAO_DATA_DIR", &server.options.data_dir);
    node.env("BALCAO_LISTEN", server.options.address());
    node.env("BALCAO_WHATSAPP_APP_SECRET", secret).env("E2E_GRAPH_PORT", graph_port.to_string());
    node.env("E2E_MAIL_PORT", mail_port.to_string()).env("E2E_SERVER_LOG", root().join("target/e2e-server.log"));
    // The command line asks the provider too, when it activates a number.
    node.env("BALCAO_WHATSAPP_GRAPH_URL", &graph_url);
    let outcome = run::run(&mut node);
    server.stop()?;
    outcome.map_err(|e| format!("{e}; the server's log is target/e2e-server.log").into())
}

/// The test programs whose name has one of the words; all without words.
fn programs_in_e2e(words: &[String]) -> Done<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(root().join("e2e/tests"))?.flatten().map(|e| e.path()).collect();
    let named = |name: &str| words.is_empty() || words.iter().any(|w| name.contains(w.as_str()));
    found.retain(|p| p.to_string_lossy().ends_with(".test.mjs") && named(&p.to_string_lossy()));
    found.sort();
    if found.is_empty() { Err("no test program in e2e/tests has such a name".into()) } else { Ok(found) }
}

/// The binary that the Rust tests have just built, or a new one when they built none.
fn built() -> Done<PathBuf> {
    let path = root().join("target/debug/balcao");
    run::run(cargo().args(["build", "--quiet", "--package", "balcao"]).env("SQLX_OFFLINE", "true"))?;
    Ok(path)
}
