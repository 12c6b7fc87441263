//! Headers of every answer: security, CORS, compression, request ids.

use crate::support::{Answer, House, name};
use axum::body::Body;
use axum::extract::Request;
use http_kit::EdgeSettings;
use std::io::Read as _;

const ALWAYS: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
];

#[tokio::test]
async fn every_class_of_answer_is_guarded() {
    let house = House::new();
    for path in
        ["/api/things", "/api/nothing", "/api/odd/panic", "/health", "/api/openapi.json", "/api/docs/", "/elsewhere"]
    {
        let answer = house.get(path).await;
        for (header, value) in ALWAYS {
            assert_eq!(answer.header(header), value, "{path} {header}");
        }
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'"),
            "{path} {policy}"
        );
        assert_eq!(policy.contains("script-src"), path == "/api/docs/", "{path}");
        assert_eq!(answer.header("strict-transport-security"), "", "{path}");
        assert!(answer.header("server").is_empty() && answer.header("x-powered-by").is_empty());
    }
    assert_eq!(house.get("/api/things").await.header("cache-control"), "no-store");
    let own = house.get("/api/odd/own-headers").await;
    assert_eq!((own.header("cache-control"), own.header("content-security-policy")), ("private, no-cache", "sandbox"));
}

#[tokio::test]
async fn behind_tls_browsers_are_told_to_stay_there() {
    let house = House::with(EdgeSettings { behind_tls: true, ..EdgeSettings::default() });
    for path in ["/api/things", "/api/nothing", "/health"] {
        let answer = house.get(path).await;
        assert_eq!(answer.header("strict-transport-security"), "max-age=31536000; includeSubDomains", "{path}");
    }
}

fn with_origins() -> House {
    House::with(EdgeSettings { cors_origins: vec!["https://app.example".into()], ..EdgeSettings::default() })
}

#[tokio::test]
async fn only_listed_origins_may_read() {
    let house = with_origins();
    let ask = async |origin: &str| {
        let request = Request::get("/api/things").header("authorization", "Bearer ana").header("origin", origin);
        house.ask(request, Body::empty()).await
    };
    let answer = ask("https://app.example").await;
    assert_eq!(answer.header("access-control-allow-origin"), "https://app.example");
    assert!(answer.header("access-control-expose-headers").contains("ratelimit"));
    assert!(!answer.headers.contains_key("access-control-allow-credentials"));
    for origin in ["https://evil", "https://app.example.evil", "http://app.example", "null", "https://APP.example"] {
        let answer = ask(origin).await;
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{origin}");
        assert_eq!(answer.header("vary"), "origin", "{origin}");
    }
    // Without a list there is nothing to vary by.
    assert_eq!(House::new().get("/api/things").await.header("vary"), "");
}

#[tokio::test]
async fn preflights_are_answered_by_the_edge() {
    let house = with_origins();
    let ask = async |origin: &str, path: &str| {
        let request = Request::options(path).header("origin", origin).header("access-control-request-method", "PATCH");
        house.ask(request, Body::empty()).await
    };
    for path in ["/api/things", "/api/v1/things/01990c5e-8f6a-7000-8000-000000000001"] {
        let answer = ask("https://app.example", path).await;
        assert_eq!(answer.status, 204);
        assert!(answer.header("access-control-allow-methods").contains("PATCH"));
        assert!(answer.header("access-control-allow-headers").contains("idempotency-key"));
        let answer = ask("https://evil", path).await;
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
        assert!(!answer.headers.contains_key("access-control-allow-methods"));
    }
    // Without the question it is a method like others.
    let answer = house.ask(Request::options("/api/things"), Body::empty()).await;
    assert_eq!(answer.problem(), (405, "METHOD_NOT_ALLOWED".into()));
}

fn unpacked(answer: &Answer) -> Vec<u8> {
    let mut plain = Vec::new();
    match answer.header("content-encoding") {
        "br" => {
            brotli::Decompressor::new(&answer.body[..], 4_096).read_to_end(&mut plain).unwrap();
        }
        "gzip" => {
            flate2::read::GzDecoder::new(&answer.body[..]).read_to_end(&mut plain).unwrap();
        }
        _ => plain.clone_from(&answer.body),
    }
    plain
}

#[tokio::test]
async fn large_texts_are_compressed_as_the_client_wishes() {
    let house = House::new();
    let ask = async |path: &str, wish: &str| {
        let request = Request::get(path).header("authorization", "Bearer ana").header("accept-encoding", wish);
        house.ask(request, Body::empty()).await
    };
    let plain = ask("/api/odd/large", "identity").await;
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), ("", "accept-encoding"));
    for (wish, coding) in [("gzip, deflate, br", "br"), ("gzip", "gzip")] {
        let answer = ask("/api/odd/large", wish).await;
        assert_eq!(answer.header("content-encoding"), coding);
        assert_eq!(answer.header("vary"), "accept-encoding");
        assert!(answer.body.len() < plain.body.len() / 4);
        assert_eq!(unpacked(&answer), plain.body);
    }
    // Short, and not text.
    assert_eq!(ask("/api/things", "gzip, br").await.header("content-encoding"), "");
    // The large files of the reference come through the blocking path.
    let script = ask("/api/docs/swagger-ui-bundle.js", "br").await;
    assert_eq!(script.header("content-encoding"), "br");
    assert!(unpacked(&script).len() > 500_000);
}

#[tokio::test]
async fn secrets_are_never_compressed() {
    let house = House::new();
    let answer = house.ask(Request::post("/api/auth/login").header("accept-encoding", "gzip, br"), Body::empty()).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.len() > 4_000);
    assert_eq!(answer.header("content-encoding"), "");
}

#[tokio::test]
async fn request_ids_are_taken_over_or_made() {
    let house = House::new();
    let ask = async |id: &[u8]| {
        let request = Request::get("/api/odd/facts").header("x-request-id", id);
        house.ask(request, Body::empty()).await
    };
    let answer = ask(b"console-17:a/b").await;
    assert_eq!((answer.header("x-request-id"), &answer.json()["id"]), ("console-17:a/b", &"console-17:a/b".into()));
    let long = "x".repeat(129);
    for bad in [&b""[..], b"with space", b"quote\"d", b"\xff\xfe", long.as_bytes()] {
        let answer = ask(bad).await;
        let id = answer.header("x-request-id").to_owned();
        assert!(uuid::Uuid::parse_str(&id).is_ok_and(|id| id.get_version_num() == 7), "{id}");
        assert_eq!(answer.json()["id"], id);
    }
    assert_ne!(
        house.get("/health").await.headers.get(name("x-request-id")),
        house.get("/health").await.headers.get(name("x-request-id"))
    );
}
