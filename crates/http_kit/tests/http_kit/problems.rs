//! Everything that goes wrong is a problem answer, and none of them tells what is nobody's business.

use crate::support::{House, hasty};
use axum::body::Body;
use axum::extract::Request;

#[tokio::test]
async fn every_failure_is_a_problem() {
    let house = House::with(hasty());
    let cases = [
        ("/api/nothing", 404, "NOT_FOUND"),
        ("/nothing", 404, "NOT_FOUND"),
        ("/api/odd/internal", 500, "INTERNAL_ERROR"),
        ("/api/odd/unavailable", 503, "DATABASE_UNAVAILABLE"),
        ("/api/odd/panic", 500, "INTERNAL_ERROR"),
        ("/api/odd/slow", 504, "TIMEOUT"),
        ("/api/odd/status", 409, "CONFLICT"),
        ("/api/odd/extra", 403, "PERMISSION_DENIED"),
        ("/api/things/no-uuid", 404, "NOT_FOUND"),
    ];
    for (path, status, code) in cases {
        for path in [path.to_owned(), path.replace("/api/", "/api/v1/")] {
            let answer = house.get(&path).await;
            assert_eq!(answer.problem(), (status, code.to_owned()), "{path}");
            let body = answer.json();
            assert_eq!(body["instance"], path);
            assert!(body["type"].as_str().unwrap().starts_with("/problems/"), "{path}");
            assert!(!body["title"].as_str().unwrap().is_empty() && !body["detail"].as_str().unwrap().is_empty());
        }
    }
}

#[tokio::test]
async fn the_private_half_never_leaves() {
    let house = House::new();
    for path in ["/api/odd/internal", "/api/odd/panic"] {
        let answer = house.get(path).await;
        let text = String::from_utf8(answer.body.clone()).unwrap() + &format!("{:?}", answer.headers);
        assert!(!text.contains("hunter2") && !text.contains("bug in a handler"), "{text}");
    }
}

#[tokio::test]
async fn members_are_those_of_the_rfc_and_ours() {
    let body = House::new().get("/api/odd/extra").await.json();
    let members: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = ["type", "title", "status", "detail", "instance", "code", "required", "request_id"];
    expected.sort_unstable();
    let mut found = members.clone();
    found.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!((&body["type"], &body["title"]), (&"/problems/permission-denied".into(), &"Permission denied".into()));
    assert_eq!(body["required"], "tags.view");
    // An extension cannot shadow a member.
    assert_eq!(body["status"], 403);
}

#[tokio::test]
async fn methods_and_waits_are_said_in_headers() {
    let house = House::new();
    let answer = house.ask(Request::delete("/api/things").header("authorization", "Bearer ana"), Body::empty()).await;
    assert_eq!(answer.problem(), (405, "METHOD_NOT_ALLOWED".into()));
    assert_eq!(answer.header("allow"), "GET,HEAD,POST");
    let answer = house.get("/api/odd/unavailable").await;
    assert_eq!(answer.header("retry-after"), "2");
}

#[tokio::test]
async fn who_is_not_signed_in_is_challenged() {
    let house = House::new();
    let answer = house.anonymous("/api/things").await;
    assert_eq!(answer.problem(), (401, "AUTH_TOKEN_MISSING".into()));
    assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="balcao""#);
    let answer = house.ask(Request::get("/api/things").header("authorization", "Bearer stolen"), Body::empty()).await;
    assert_eq!(answer.problem(), (401, "TOKEN_INVALID".into()));
    assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="balcao", error="invalid_token""#);
}

#[tokio::test]
async fn bodies_beyond_the_limit_are_refused() {
    let house = House::new();
    let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(1_100_000));
    assert_eq!(house.post("/api/things", &large).await.problem(), (413, "TOO_LARGE".into()));
    let answer = house.post("/api/odd/upload", &large).await;
    assert_eq!((answer.status.as_u16(), answer.body), (200, large.len().to_string().into_bytes()));
    let answer = house.post("/api/odd/upload", &"x".repeat(3_000_001)).await;
    assert_eq!(answer.problem(), (413, "TOO_LARGE".into()));
}
