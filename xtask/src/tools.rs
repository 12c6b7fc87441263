//! Programs that must be on the machine, and how they get there on Debian and Ubuntu.

use crate::postgres::Programs;
use crate::run::{Done, is_root, read, run, run_quietly, say, which};
use std::io::{IsTerminal, Write};
use std::process::Command;

/// The oldest Node that the Socket.IO client and the bench servers are tested with.
const OLDEST_NODE: u32 = 18;

/// How to go about installing: ask before `sudo`, or not.
#[derive(Clone, Copy)]
pub struct Consent {
    /// `--yes`: no questions.
    pub given: bool,
}

/// PostgreSQL's own programs (15 or newer), installed when they are missing.
pub fn postgres(consent: Consent) -> Done<Programs> {
    if let Some(found) = Programs::find() {
        return Ok(found);
    }
    install(consent, "PostgreSQL's programs (15 or newer)", &["postgresql", "postgresql-contrib"])?;
    Programs::find().ok_or_else(|| "PostgreSQL 15 or newer is still not found after installing `postgresql`".into())
}

/// Node and npm, for the Socket.IO client in `e2e/`.
pub fn node(consent: Consent) -> Done {
    if node_version().is_some_and(|v| v >= OLDEST_NODE) && which("npm").is_some() {
        return Ok(());
    }
    install(consent, "Node.js and npm", &["nodejs", "npm"])?;
    match node_version() {
        Some(version) if version >= OLDEST_NODE => Ok(()),
        Some(version) => Err(format!("Node {version} is too old: {OLDEST_NODE} or newer is needed").into()),
        None => Err("node is still not found after installing `nodejs`".into()),
    }
}

/// Any program, by the Debian package that brings it.
pub fn program(consent: Consent, name: &str, package: &str) -> Done {
    if which(name).is_some() { Ok(()) } else { install(consent, name, &[package]) }
}

/// The modules of a folder with a `package.json` and a lock file; does nothing when they are there and fresh.
pub fn npm_modules(folder: &str) -> Done {
    let dir = crate::run::root().join(folder);
    let installed = dir.join("node_modules/.package-lock.json");
    let newer = |a: &std::path::Path, b: &std::path::Path| -> Option<bool> {
        Some(a.metadata().ok()?.modified().ok()? >= b.metadata().ok()?.modified().ok()?)
    };
    if newer(&installed, &dir.join("package-lock.json")) == Some(true) {
        return Ok(());
    }
    say(&format!("npm packages of {folder}"));
    let npm = |verb: &str| run_quietly(Command::new("npm").args([verb, "--no-audit", "--no-fund"]).current_dir(&dir));
    // Some versions of npm find their own lock file incomplete about packages for other platforms; `install` takes it.
    npm("ci").or_else(|_| npm("install"))
}

fn node_version() -> Option<u32> {
    let text = read(Command::new("node").arg("--version")).ok()?;
    text.trim().trim_start_matches('v').split('.').next()?.parse().ok()
}

fn install(consent: Consent, what: &str, packages: &[&str]) -> Done {
    let by_hand = format!("{what} is missing. Install it and try again");
    if which("apt-get").is_none() {
        return Err(format!("{by_hand} (only Debian and Ubuntu are installed for you)").into());
    }
    let as_root = is_root();
    if !as_root && which("sudo").is_none() {
        return Err(format!("{by_hand}: as root, apt-get install {}", packages.join(" ")).into());
    }
    if !as_root && !consent.given && !agreed(what, packages)? {
        return Err(by_hand.into());
    }
    say(&format!("installing {}", packages.join(", ")));
    let apt = |args: &[&str]| {
        let mut command = if as_root { Command::new("env") } else { Command::new("sudo") };
        if !as_root {
            command.arg("env");
        }
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o=Dpkg::Use-Pty=0"]).args(args);
        command
    };
    run(&mut apt(&["update"]))?;
    let mut wanted = vec!["install", "-y", "--no-install-recommends"];
    wanted.extend(packages);
    run(&mut apt(&wanted))
}

fn agreed(what: &str, packages: &[&str]) -> Done<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(format!("{what} is missing and nobody is here to ask; say --yes to install it with sudo").into());
    }
    eprint!("{what} is missing. Run `sudo apt-get install {}`? [y/N] ", packages.join(" "));
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
