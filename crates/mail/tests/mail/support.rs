//! A real SMTP server (npm's `smtp-server`, in `e2e/`), and letters.

use chrono::{DateTime, TimeZone as _, Utc};
use mail::{Letter, Mailer, Settings, Template, Way};
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// How long the server may take for anything.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct SmtpServer {
    _child: Child,
    facts: Lines<BufReader<ChildStdout>>,
    pub port: u16,
}

impl SmtpServer {
    pub async fn start(arguments: &[&str]) -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../e2e");
        let mut child = Command::new("node")
            .arg("smtp.mjs")
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node, with the packages of e2e/ installed (cargo xtask test does both)");
        let facts = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut server = Self { _child: child, facts, port: 0 };
        server.port = u16::try_from(server.next().await["port"].as_u64().unwrap()).unwrap();
        server
    }

    /// The next mail that it took.
    pub async fn next(&mut self) -> Value {
        let line = tokio::time::timeout(PATIENCE, self.facts.next_line()).await.expect("nothing came").unwrap();
        serde_json::from_str(&line.expect("the server has ended; are the packages of e2e/ installed?")).unwrap()
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }
}

pub fn mailer(way: Way, timeout: Duration) -> Mailer {
    let from = "Balcao da Clínica <no-reply@desk.example>".parse().unwrap();
    Mailer::new(&Settings { way, from, timeout }).unwrap()
}

pub fn letter(to: &str) -> Letter {
    Letter {
        to: to.to_owned(),
        language: "pt-BR".to_owned(),
        template: Template::MagicLink,
        data: json!({ "link": "https://desk.example/link/magic-link#segredo-do-link", "minutes": 15 }),
    }
}

pub fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 20, 12, 0, 0).unwrap()
}

/// Header and decoded body parts of a mail, as far as the tests look: folded lines joined, quoted-printable undone.
pub fn readable(raw: &str) -> String {
    let unfolded = raw.replace("=\r\n", "").replace("\r\n ", " ").replace("\r\n", "\n");
    let mut bytes = Vec::new();
    let mut rest = unfolded.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match hex.and_then(|pair| u8::from_str_radix(pair, 16).ok()).filter(|_| first == b'=') {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
