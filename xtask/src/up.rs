//! `cargo xtask up`: from a bare machine to a running demo.

use crate::http;
use crate::run::{self, Done, cargo, read, root, say};
use crate::server::{Options, Scratch, Server, free_port};
use crate::tools::{self, Consent};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[derive(Debug)]
struct Wishes {
    yes: bool,
    once: bool,
    dev: bool,
    port: u16,
    data_dir: Option<PathBuf>,
}

/// Installs what is missing, builds, starts, seeds, and says where to look. Runs until Ctrl-C.
/// `--once` is for CI: everything in a scratch folder on a free port, a few requests, and down again. `--dev` builds
/// the dev profile.
pub fn run(args: &[String]) -> Done {
    let wishes = read_wishes(args)?;
    let consent = Consent { given: wishes.yes };
    tools::postgres(consent)?;
    tools::node(consent)?;
    let binary = build(wishes.dev)?;
    tools::npm_modules("e2e")?;

    let scratch = if wishes.once && wishes.data_dir.is_none() { Some(Scratch::new("up")?) } else { None };
    let kept = wishes.data_dir.unwrap_or_else(|| root().join(".balcao"));
    let options = Options {
        binary,
        port: if wishes.once { free_port()? } else { wishes.port },
        data_dir: scratch.as_ref().map_or(kept, |s| s.path().join("data")),
        settings: Vec::new(),
        log: None,
    };
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, interrupted.clone())?;
    }
    say("starting");
    let mut server = Server::start(options, Duration::from_secs(120))?;
    say("seeding the demo");
    let seeded: Value = serde_json::from_str(&read(server.options.command().args(["seed", "demo", "--json"]))?)?;
    print_guide(&server.options, &seeded);
    if wishes.once {
        smoke(&server.options, &seeded)?;
        return server.stop();
    }
    println!("Ctrl-C stops it.");
    while !interrupted.load(Ordering::Relaxed) {
        if let Some(status) = server.ended()? {
            return Err(format!("the server ended with {status}").into());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    server.stop()
}

fn read_wishes(args: &[String]) -> Done<Wishes> {
    let mut wishes =
        Wishes { yes: std::env::var_os("CI").is_some(), once: false, dev: false, port: 8080, data_dir: None };
    let mut words = args.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--yes" => wishes.yes = true,
            "--once" => wishes.once = true,
            "--dev" => wishes.dev = true,
            "--port" => wishes.port = value()?.parse().map_err(|_| "--port needs a number from 1 to 65535")?,
            "--data-dir" => wishes.data_dir = Some(std::path::absolute(value()?)?),
            other => return Err(format!("up: {other} is unknown").into()),
        }
    }
    Ok(wishes)
}

fn build(dev: bool) -> Done<PathBuf> {
    if let Some(given) = std::env::var_os("BALCAO_BIN") {
        return Ok(root().join(given));
    }
    let (profile, folder) = if dev { ("dev", "debug") } else { ("release", "release") };
    say(&format!("building balcao ({profile}); the first time takes some minutes"));
    let mut command = cargo();
    command.args(["build", "--package", "balcao", "--profile", profile]).env("SQLX_OFFLINE", "true");
    run::run(&mut command)?;
    Ok(root().join("target").join(folder).join("balcao"))
}

fn print_guide(options: &Options, seeded: &Value) {
    let base = format!("http://{}", options.address());
    println!("\nBalcao is up.\n");
    println!("  address     {base}");
    println!("  reference   {base}/api/docs   ({base}/api/openapi.json)");
    println!("  health      {base}/health     metrics {base}/metrics");
    println!("  data        {}", options.data_dir.display());
    if let Some(name) = seeded.pointer("/organization/slug").and_then(Value::as_str) {
        println!("  demo        organization {name}");
    }
    for user in seeded.get("users").and_then(Value::as_array).into_iter().flatten() {
        println!("  login       {:<28} {:<20} {}", field(user, "email"), field(user, "password"), field(user, "role"));
    }
    for account in seeded.get("channel_accounts").and_then(Value::as_array).into_iter().flatten() {
        let (number, id) = (field(account, "display_number"), field(account, "phone_number_id"));
        println!("  {:<11} {number} (phone number id {id}, simulation)", field(account, "kind"));
    }
    let user = seeded.pointer("/users/0").cloned().unwrap_or_default();
    let data = options.data_dir.display();
    println!("\nTry, each in a terminal of its own:\n");
    println!("  # a person's screen: events as they happen");
    println!(
        "  node e2e/listen.mjs --url {base} --email {} --password '{}'\n",
        field(&user, "email"),
        field(&user, "password")
    );
    println!("  # a patient writes");
    println!(
        "  {} simulate whatsapp --data-dir {data} --text \"Oi, quero marcar uma consulta\"\n",
        options.binary.display()
    );
    println!("  # what is stored, and what is still to do");
    println!("  {} events tail --data-dir {data}", options.binary.display());
    println!("  {} jobs list --data-dir {data}\n", options.binary.display());
}

fn field<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// What a person would look at first, each with the status it must have.
fn smoke(options: &Options, seeded: &Value) -> Done {
    let address = options.address();
    for (path, status) in [
        ("/health/live", 200),
        ("/health/ready", 200),
        ("/health", 200),
        ("/metrics", 200),
        ("/api/openapi.json", 200),
        ("/api/v1/openapi.json", 200),
        ("/api/conversations", 401),
        ("/api/no-such-thing", 404),
    ] {
        let answer = http::ask(&address, path, None)?;
        if answer.status != status {
            return Err(format!("GET {path} answers {} instead of {status}: {}", answer.status, answer.body).into());
        }
    }
    let users: Vec<&Value> = seeded.get("users").and_then(Value::as_array).into_iter().flatten().collect();
    if users.is_empty() {
        return Err("`seed demo --json` names no users".into());
    }
    for user in users {
        let body = serde_json::json!({"email": field(user, "email"), "password": field(user, "password")}).to_string();
        let answer = http::ask(&address, "/api/auth/login", Some(&body))?;
        if answer.status != 200 {
            return Err(format!("{} cannot log in: {} {}", field(user, "email"), answer.status, answer.body).into());
        }
    }
    let again: Value = serde_json::from_str(&read(options.command().args(["seed", "demo", "--json"]))?)?;
    if again.pointer("/organization/id") != seeded.pointer("/organization/id") {
        return Err("seeding twice made a second organization".into());
    }
    run::run(options.command().args(["simulate", "whatsapp", "--text", "Oi, quero marcar uma consulta"]))
}
