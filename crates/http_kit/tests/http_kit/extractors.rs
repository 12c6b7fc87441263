//! What comes in is read strictly, and what is wrong with it is said exactly.

use crate::support::{Answer, House};
use axum::body::Body;
use axum::extract::Request;
use serde_json::{Value, json};

/// Code of the problem, then field and code of its first error.
fn wrong(answer: &Answer) -> (u16, String, String, String) {
    let (status, code) = answer.problem();
    let error = &answer.json()["errors"][0];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (status, code, text(&error["field"]), text(&error["code"]))
}

#[tokio::test]
async fn wrong_fields_are_named() {
    let house = House::new();
    let cases = [
        (r#"{"name":"a","colour":1}"#, "colour", "UNKNOWN_FIELD"),
        (r#"{"name":"a","parts":[{"size":1,"weight":2}]}"#, "parts.0.weight", "UNKNOWN_FIELD"),
        (r#"{"parts":[]}"#, "name", "REQUIRED"),
        (r#"{"name":"a","parts":[{"size":1},{}]}"#, "parts.1.size", "REQUIRED"),
        (r#"{"name":7}"#, "name", "WRONG_TYPE"),
        (r#"{"name":"a","parts":[{"size":"big"}]}"#, "parts.0.size", "WRONG_TYPE"),
        (r#"{"name":"a","parts":[{"size":-1}]}"#, "parts.0.size", "INVALID_VALUE"),
        (r#"{"name":"a","parts":[{"size":1,"kind":"odd"}]}"#, "parts.0.kind", "UNKNOWN_VALUE"),
        (r#"{"name":"a","name":"b"}"#, "name", "DUPLICATE_FIELD"),
        (r#"{"name":"a\u0000b"}"#, "", "NUL_CHARACTER"),
        ("[]", "", "INVALID_VALUE"),
    ];
    for (body, field, code) in cases {
        let answer = house.post("/api/things", body).await;
        let expected = (422, "VALIDATION_FAILED".to_owned(), field.to_owned(), code.to_owned());
        assert_eq!(wrong(&answer), expected, "{body}");
        assert!(!answer.json()["errors"][0]["message"].as_str().unwrap().contains(" at line "), "{body}");
    }
}

#[tokio::test]
async fn what_is_no_json_is_malformed() {
    let house = House::new();
    let deep = format!("{}{}", "[".repeat(33), "]".repeat(33));
    for body in ["", "{", r#"{"name":"a"} x"#, r#"{"name":NaN}"#, "{\"name\":\"a\u{0}\"}", "nonsense", &deep] {
        assert_eq!(house.post("/api/things", body).await.problem(), (400, "MALFORMED_JSON".into()), "{body}");
    }
    // Backslashes and quotes do not lead the scan astray, brackets in texts are no nesting.
    let fine = json!({"name": format!("\\u0000 \" {} \\", "[".repeat(40))}).to_string();
    assert_eq!(house.post("/api/things", &fine).await.status, 201, "{fine}");
}

#[tokio::test]
async fn only_json_is_taken() {
    let house = House::new();
    for content_type in
        ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "multipart/form-data; boundary=x"]
    {
        let request =
            Request::post("/api/things").header("authorization", "Bearer ana").header("content-type", content_type);
        let answer = house.ask(request, r#"{"name":"a"}"#).await;
        assert_eq!(answer.problem(), (415, "UNSUPPORTED_MEDIA_TYPE".into()), "{content_type}");
    }
    for content_type in ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"] {
        let request =
            Request::post("/api/things").header("authorization", "Bearer ana").header("content-type", content_type);
        assert_eq!(house.ask(request, r#"{"name":"a"}"#).await.status, 201, "{content_type}");
    }
    let request = Request::post("/api/things").header("authorization", "Bearer ana");
    assert_eq!(house.ask(request, r#"{"name":"a"}"#).await.status, 415);
}

#[tokio::test]
async fn queries_are_read_strictly() {
    let house = House::new();
    let data = |answer: &Answer| answer.json()["data"][0].clone();
    let answer = house.get("/api/things").await;
    assert_eq!((&data(&answer)["limit"], &data(&answer)["cursor"]), (&json!(25), &Value::Null));
    let answer = house.get("/api/things?limit=100&status=fancy&minimum=3&cursor=abc").await;
    let entry = data(&answer);
    assert_eq!(
        (&entry["limit"], &entry["status"], &entry["minimum"], &entry["cursor"]),
        (&json!(100), &json!("fancy"), &json!(3), &json!("abc"))
    );
    let cases = [
        ("colour=red", "UNKNOWN_PARAMETER", "colour", "UNKNOWN_FIELD"),
        ("status=odd", "INVALID_PARAMETER", "status", "UNKNOWN_VALUE"),
        ("minimum=many", "INVALID_PARAMETER", "minimum", "INVALID_VALUE"),
        ("minimum=1&minimum=2", "INVALID_PARAMETER", "minimum", "DUPLICATE_FIELD"),
    ];
    for (query, problem, field, code) in cases {
        let answer = house.get(&format!("/api/things?{query}")).await;
        assert_eq!(wrong(&answer), (400, problem.into(), field.into(), code.into()), "{query}");
    }
    for query in ["limit=0", "limit=101", "limit=-1", "limit=x", "limit=", "limit=1&limit=2", "cursor=%00"] {
        let answer = house.get(&format!("/api/things?{query}")).await;
        assert_eq!(answer.problem(), (400, "INVALID_PARAMETER".into()), "{query}");
    }
}

#[tokio::test]
async fn pages_link_to_the_next_one() {
    let answer = House::new().get("/api/v1/things?limit=2&cursor=old&minimum=3").await;
    assert_eq!(answer.header("link"), r#"</api/v1/things?limit=2&minimum=3&cursor=next%2Fone>; rel="next""#);
}

#[tokio::test]
async fn versions_are_compared() {
    let house = House::new();
    let path = "/api/things/01990c5e-8f6a-7000-8000-000000000001";
    assert_eq!(house.get(path).await.header("etag"), "\"v7\"");
    for (given, status, code) in [
        (None, 428, "PRECONDITION_REQUIRED"),
        (Some("*"), 428, "PRECONDITION_REQUIRED"),
        (Some("\"v7\""), 200, ""),
        (Some("W/\"v7\""), 200, ""),
        (Some("\"v6\""), 412, "PRECONDITION_FAILED"),
        (Some("\"somebody else's\""), 412, "PRECONDITION_FAILED"),
        (Some("v7"), 412, "PRECONDITION_FAILED"),
        (Some("\"v6\", \"v7\""), 400, "INVALID_IF_MATCH"),
    ] {
        let mut request = Request::patch(path).header("authorization", "Bearer ana");
        if let Some(given) = given {
            request = request.header("if-match", given);
        }
        let answer = house.ask(request, Body::empty()).await;
        assert_eq!(answer.status, status, "{given:?}");
        if status >= 400 {
            assert_eq!(answer.problem().1, code, "{given:?}");
        }
    }
    for (given, status) in [("\"v7\"", 304), ("W/\"v7\"", 304), ("\"v5\", \"v7\"", 304), ("\"v6\"", 200)] {
        let request = Request::get(path).header("authorization", "Bearer ana").header("if-none-match", given);
        assert_eq!(house.ask(request, Body::empty()).await.status, status, "{given}");
    }
}

#[tokio::test]
async fn idempotency_keys_are_checked_before_anything_runs() {
    let house = House::new();
    let with = |key: &str| {
        Request::post("/api/things")
            .header("authorization", "Bearer ana")
            .header("content-type", "application/json")
            .header("idempotency-key", key)
    };
    let long = "k".repeat(256);
    for key in ["", "\"\"", "two words", "\"open", "\"in\"side\"", "caf\u{e9}", &long] {
        let answer = house.ask(with(key), r#"{"name":"a"}"#).await;
        assert_eq!(answer.problem(), (400, "IDEMPOTENCY_KEY_INVALID".into()), "{key}");
    }
    let twice = with("a").header("idempotency-key", "b");
    assert_eq!(house.ask(twice, r#"{"name":"a"}"#).await.problem(), (400, "IDEMPOTENCY_KEY_INVALID".into()));
    for key in ["\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "8e03978e-40d5-43dd-bc93-6894a57f9324", &long[1..]] {
        assert_eq!(house.ask(with(key), r#"{"name":"a"}"#).await.status, 201, "{key}");
    }
    // It means nothing on a read.
    let read = Request::get("/api/things").header("authorization", "Bearer ana").header("idempotency-key", "two words");
    assert_eq!(house.ask(read, Body::empty()).await.status, 200);
}
