//! Rate limits: the request beyond the limit is refused, with headers, and nobody else notices.

use crate::support::{Answer, House, limited};
use axum::body::Body;
use axum::extract::Request;
use chrono::Duration;
use http_kit::{Class, EdgeSettings};

async fn read_as(house: &House, token: &str) -> Answer {
    house.ask(Request::get("/api/things").header("authorization", format!("Bearer {token}")), Body::empty()).await
}

#[tokio::test]
async fn one_more_than_the_limit_is_refused_and_others_are_not() {
    let house = House::with(limited(Class::Reading, None, Some(3)));
    for left in [2, 1, 0] {
        let answer = read_as(&house, "ana").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("ratelimit"), format!("\"reading\";r={left};t=3600"));
        assert_eq!(answer.header("ratelimit-policy"), r#""reading";q=3;w=3600"#);
    }
    let answer = read_as(&house, "ana").await;
    assert_eq!(answer.problem(), (429, "RATE_LIMITED".into()));
    let wait: i64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=7_200).contains(&wait));
    assert_eq!(answer.header("ratelimit"), format!("\"reading\";r=0;t={wait}"));
    assert_eq!(read_as(&house, "bia").await.status, 200);
    // `/api/v1` is the same API.
    let request = Request::get("/api/v1/things").header("authorization", "Bearer ana");
    assert_eq!(house.ask(request, Body::empty()).await.status, 429);
    // Whoever waits as long as told is served.
    house.clock.advance(Duration::seconds(wait - 2));
    assert_eq!(read_as(&house, "ana").await.status, 429);
    house.clock.advance(Duration::seconds(2));
    assert_eq!(read_as(&house, "ana").await.status, 200);
}

#[tokio::test]
async fn strangers_are_counted_by_address() {
    let house = House::new();
    for _ in 0..100 {
        assert_eq!(house.anonymous("/api/things").await.status, 401);
    }
    let answer = house.anonymous("/api/things").await;
    assert_eq!(answer.problem(), (429, "RATE_LIMITED".into()));
    assert_eq!(answer.header("ratelimit-policy"), r#""anonymous";q=100;w=10"#);
    // Guessed tokens are counted like none, known people behind the same address are not held up.
    assert_eq!(read_as(&house, "guess").await.status, 429);
    assert_eq!(read_as(&house, "ana").await.status, 200);
    house.clock.advance(Duration::seconds(20));
    assert_eq!(house.anonymous("/api/things").await.status, 401);
}

#[tokio::test]
async fn guessed_tokens_run_into_the_limit() {
    let house = House::new();
    for _ in 0..100 {
        assert_eq!(read_as(&house, "guess").await.status, 401);
    }
    assert_eq!(read_as(&house, "guess").await.status, 429);
}

#[tokio::test]
async fn proxies_say_who_is_counted_if_they_are_trusted() {
    let ask = async |house: &House, client: &str| {
        let request = Request::post("/api/auth/login").header("x-forwarded-for", client);
        house.ask(request, Body::empty()).await
    };
    let mut settings = limited(Class::Login, Some(1), None);
    settings.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let house = House::with(settings);
    let answer = ask(&house, "203.0.113.9").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["ip"]), (200, &"203.0.113.9".into()));
    assert_eq!(ask(&house, "203.0.113.9").await.status, 429);
    assert_eq!(ask(&house, "203.0.113.10").await.status, 200);
    // Untrusted, the header changes nothing.
    let house = House::with(limited(Class::Login, Some(1), None));
    assert_eq!(ask(&house, "203.0.113.9").await.json()["ip"], "127.0.0.1");
    assert_eq!(ask(&house, "203.0.113.10").await.status, 429);
}

#[tokio::test]
async fn health_and_webhooks_are_not_counted() {
    let mut settings = EdgeSettings::default();
    for class in Class::ALL {
        settings.limits.set(class, Some(1), Some(1));
    }
    let house = House::with(settings);
    for _ in 0..5 {
        for path in ["/health", "/health/live", "/health/ready"] {
            let answer = house.anonymous(path).await;
            assert_eq!((answer.status.as_u16(), answer.header("ratelimit")), (200, ""));
        }
        let answer = house.ask(Request::post("/api/channels/webhooks/sim"), "body").await;
        assert_eq!((answer.status.as_u16(), answer.header("ratelimit")), (200, ""));
    }
    assert_eq!(house.anonymous("/api/openapi.json").await.status, 200);
    assert_eq!(house.anonymous("/api/openapi.json").await.status, 429);
}

#[tokio::test]
async fn the_tightest_of_two_windows_is_told() {
    let house = House::with(limited(Class::Login, Some(2), Some(3)));
    let ask = async || house.ask(Request::post("/api/auth/login"), Body::empty()).await;
    let answer = ask().await;
    assert_eq!(answer.header("ratelimit"), r#""login-minute";r=1;t=60"#);
    let policy = answer.header("ratelimit-policy");
    assert!(policy.starts_with(r#""login-minute";q=2;w=60, "login-hour";q=3;w=3600"#), "{policy}");
    ask().await;
    house.clock.advance(Duration::minutes(3));
    assert_eq!(ask().await.header("ratelimit"), r#""login-hour";r=0;t=3420"#);
    assert_eq!(ask().await.status, 429);
}
