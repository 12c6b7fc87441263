//! What a log line looks like and what never gets into it.

use kernel::Clock;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::io::Write;
use std::sync::{Arc, Mutex};
use telemetry::logs::{LogError, LogFormat, LogSettings, subscriber};
use telemetry::{Redacted, panics};
use tracing_subscriber::fmt::MakeWriter;

/// Collects what is written.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Paper {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

fn logged(format: LogFormat, filter: &str, speak: impl FnOnce()) -> String {
    let paper = Paper::default();
    let settings = LogSettings { format, filter: filter.to_owned(), color: false };
    let clock = Clock::manual("2026-11-21T10:00:00Z".parse().unwrap());
    tracing::subscriber::with_default(subscriber(&settings, clock, paper.clone()).unwrap(), speak);
    let bytes = paper.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

fn json_of(speak: impl FnOnce()) -> Value {
    let text = logged(LogFormat::Json, "info", speak);
    assert_eq!(text.matches('\n').count(), 1, "{text}");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_json_line_has_time_level_target_message_fields_and_context() {
    let line = json_of(|| {
        let outer = tracing::info_span!("request", request_id = "r1", route = "/x", status = tracing::field::Empty);
        let _outer = outer.enter();
        let _inner = tracing::info_span!("command", route = "/y").entered();
        outer.record("status", 404_u64);
        tracing::info!(attempts = 3, ratio = 0.5, fresh = true, reason = ?Some("x"), "not {}", "found");
    });
    let expected = json!({
        "at": "2026-11-21T10:00:00.000000Z",
        "level": "INFO",
        "target": "telemetry::log_lines",
        "message": "not found",
        "span": "command",
        "fields": {"attempts": 3, "ratio": 0.5, "fresh": true, "reason": "Some(\"x\")"},
        "context": {"request_id": "r1", "route": "/y", "status": 404},
    });
    assert_eq!(line["target"].as_str().map(|target| target.contains("log_lines")), Some(true));
    let mut line = line;
    line["target"] = expected["target"].clone();
    assert_eq!(line, expected);
}

#[test]
fn a_text_line_is_readable() {
    let text = logged(LogFormat::Text, "info", || {
        tracing::warn!(target: "jobs", lane = "bulk", reason = "two words", attempts = 3, "late");
    });
    assert_eq!(text, "2026-11-21T10:00:00.000000Z WARN  jobs late attempts=3 lane=bulk reason=\"two words\"\n");
}

#[test]
fn the_filter_decides_and_a_bad_one_is_named() {
    let text = logged(LogFormat::Text, "warn,loud=debug", || {
        tracing::info!("hidden");
        tracing::debug!(target: "loud", "shown");
    });
    assert!(text.contains("shown") && !text.contains("hidden"), "{text}");
    let settings = LogSettings { filter: "a=b=c".to_owned(), ..LogSettings::default() };
    let refused = subscriber(&settings, Clock::system(), Paper::default()).map(|_| ());
    assert!(matches!(refused, Err(LogError::Filter(_))));
    assert!(subscriber(&LogSettings::default(), Clock::system(), Paper::default()).is_ok());
}

#[test]
fn canaries_never_arrive() {
    const CANARIES: [&str; 9] = [
        "ana.silva@clinica.example",
        "+5511987654321",
        "5511987654321",
        "123.456.789-09",
        "hunter2",
        "blc_live_abcdefgh_0123456789",
        "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2ln",
        "Maria Aparecida",
        "dor no peito",
    ];
    for format in [LogFormat::Json, LogFormat::Text] {
        let text = logged(format, "info", || {
            let span =
                tracing::info_span!("request", authorization = "Bearer hunter2", email = "ana.silva@clinica.example");
            let _span = span.enter();
            tracing::info!(password = "hunter2", token = ?"hunter2", name = %"Maria Aparecida", phone = 5_511_987_654_321_u64, "signed in");
            tracing::info!(message_text = "dor no peito", contact.phone = "x +5511987654321", body = %"dor no peito", "came in");
            let secret = Redacted::new("hunter2");
            tracing::info!(harmless = %secret, other = ?secret, "wrapped");
            tracing::info!(
                "no mail to ana.silva@clinica.example or +5511987654321 (5511987654321), cpf 123.456.789-09."
            );
            let url = "https://x.example/?access_token=hunter2&a=1";
            tracing::info!(cause = url, "Authorization: Bearer eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2ln");
            let error = std::io::Error::other("refused for ana.silva@clinica.example");
            tracing::info!(error = &error as &(dyn std::error::Error + 'static), r#"{{"password":"hunter2"}}"#);
            tracing::info!("key blc_live_abcdefgh_0123456789");
        });
        assert_eq!(text.lines().count(), 7, "{text}");
        for canary in CANARIES {
            assert!(!text.contains(canary), "{canary} is in\n{text}");
        }
        assert!(text.contains("signed in") && text.contains("refused for"), "{text}");
    }
}

#[test]
fn nobody_writes_a_line_of_their_own() {
    let evil = "a\nb\r\n2026 ERROR forged\u{1b}[2J\u{9b}\u{2028}\u{202e}\0";
    for format in [LogFormat::Json, LogFormat::Text] {
        let text = logged(format, "info", || {
            let _span = tracing::info_span!("request", path = evil).entered();
            tracing::info!(path = evil, "{evil}");
        });
        assert_eq!(text.lines().count(), 1, "{text}");
        let rest = text.trim_end_matches('\n');
        assert!(!rest.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{202e}')), "{text:?}");
    }
}

#[test]
fn a_value_without_end_is_cut() {
    let line = json_of(|| tracing::info!(reason = "x".repeat(1_000_000), "long"));
    assert_eq!(line["fields"]["reason"].as_str().unwrap().chars().count(), 4097);
}

#[test]
fn a_panic_is_one_scrubbed_line() {
    panics::install_hook();
    let line = json_of(|| {
        let panicked = std::panic::catch_unwind(|| panic!("bad row\nof ana.silva@clinica.example"));
        assert!(panicked.is_err());
    });
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["message"], "panic: bad row\\nof [redacted]");
    assert!(line["fields"]["location"].as_str().unwrap().contains("log_lines.rs:"), "{line}");
}

proptest! {
    #[test]
    fn any_text_is_one_parseable_line(text in any::<String>(), other in any::<String>()) {
        let line = logged(LogFormat::Json, "info", || tracing::info!(path = text, "{other}"));
        prop_assert_eq!(line.lines().count(), 1);
        prop_assert!(serde_json::from_str::<Value>(&line).is_ok());
        let line = logged(LogFormat::Text, "info", || tracing::info!(path = text, "{other}"));
        prop_assert_eq!(line.matches('\n').count(), 1);
        prop_assert!(!line.trim_end_matches('\n').chars().any(char::is_control));
    }
}
