//! What the house says about requests: one log line with the trace, metrics by template, nothing personal.

use crate::support::House;
use axum::body::Body;
use axum::extract::Request;
use kernel::Clock;
use std::io;
use std::sync::{Arc, Mutex};
use telemetry::{LogSettings, Metrics};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The lines that `filter` lets through while the requests run.
async fn lines(filter: &str, requests: Vec<http::request::Builder>) -> Vec<serde_json::Value> {
    let captured = Captured::default();
    let settings = LogSettings { filter: filter.into(), ..LogSettings::default() };
    let subscriber = telemetry::logs::subscriber(&settings, Clock::system(), captured.clone()).unwrap();
    let guard = tracing::subscriber::set_default(subscriber);
    let house = House::new();
    for request in requests {
        house.ask(request, Body::empty()).await;
    }
    drop(guard);
    let text = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn the_access_log_has_the_template_and_nothing_personal() {
    let request = Request::get("/api/v1/things/01990c5e-8f6a-7000-8000-000000000001?phone=5511999990000")
        .header("authorization", "Bearer ana")
        .header("user-agent", "agent-of-ana")
        .header("x-request-id", "req-1")
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let lines = lines("off,access=debug,http_kit=info", vec![request]).await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line = &lines[0];
    assert_eq!((&line["target"], &line["level"]), (&"access".into(), &"DEBUG".into()));
    assert_eq!(line["fields"]["route"], "/api/things/{thing_id}");
    assert_eq!((&line["fields"]["method"], &line["fields"]["status"]), (&"GET".into(), &200.into()));
    assert_eq!(line["context"]["request_id"], "req-1");
    assert_eq!(line["context"]["trace_id"], "0af7651916cd43dd8448eb211c80319c");
    let text = line.to_string();
    for personal in ["5511999990000", "agent-of-ana", "01990c5e", "Bearer", "127.0.0.1"] {
        assert!(!text.contains(personal), "{personal} in {text}");
    }
}

#[tokio::test]
async fn reads_that_went_well_are_quiet_and_failures_are_told_once() {
    let request = |path: &str| Request::get(path).header("authorization", "Bearer ana");
    let lines = lines("info", vec![request("/api/things"), request("/health"), request("/api/odd/internal")]).await;
    let told: Vec<(&str, &str)> =
        lines.iter().map(|line| (line["level"].as_str().unwrap(), line["message"].as_str().unwrap())).collect();
    assert_eq!(told, [("ERROR", "a request failed"), ("INFO", "answered")], "{lines:?}");
    // The private half is in the log, with the request that it belongs to.
    assert!(lines[0]["fields"]["reason"].as_str().unwrap().contains("database"));
    assert_eq!(lines[0]["context"]["request_id"], lines[1]["context"]["request_id"]);
}

#[tokio::test]
async fn a_trace_is_continued_or_begun() {
    let house = House::new();
    let ask = async |parent: &str| {
        let request = Request::get("/api/odd/facts").header("traceparent", parent);
        house.ask(request, Body::empty()).await.json()["trace"].as_str().unwrap().to_owned()
    };
    let trace = "0af7651916cd43dd8448eb211c80319c";
    assert_eq!(ask(&format!("00-{trace}-b7ad6b7169203331-01")).await, trace);
    let made = ask("nonsense").await;
    assert!(made.len() == 32 && made != trace);
}

#[tokio::test]
async fn requests_are_measured_by_template() {
    let metrics = Metrics::install().unwrap();
    let house = House::new();
    for _ in 0..3 {
        house.get("/api/v1/things/01990c5e-8f6a-7000-8000-00000000000a").await;
    }
    house.get("/api/made/up/by/a/scanner").await;
    house.ask(Request::builder().method("BREW").uri("/api/things"), Body::empty()).await;
    let text = metrics.render();
    let count = |labels: &str| {
        let line = text.lines().find(|line| line.starts_with("http_requests_total") && line.contains(labels));
        line.unwrap_or_else(|| panic!("{labels} is not in\n{text}")).rsplit(' ').next().unwrap().parse::<u64>().unwrap()
    };
    assert!(count(r#"method="GET",route="/api/things/{thing_id}",status="200""#) >= 3);
    assert!(count(r#"method="GET",route="unmatched",status="404""#) >= 1);
    assert!(count(r#"method="OTHER",route="/api/things",status="405""#) >= 1);
    assert!(!text.contains("scanner") && !text.contains("BREW"));
    assert!(text.contains(r#"http_request_duration_seconds_bucket{method="GET",route="/api/things/{thing_id}""#));
}
