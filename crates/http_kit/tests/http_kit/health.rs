//! Health says whether requests may come and why not; metrics are for those who may see them.

use crate::support::Answer;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use http_kit::health::{Check, metrics_route, routes};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tower::ServiceExt as _;

fn check(name: &'static str, critical: bool, result: Result<&'static str, &'static str>) -> Check {
    let result = result.map(str::to_owned).map_err(str::to_owned);
    Check { name, critical, run: Arc::new(move || Box::pin(std::future::ready(result.clone()))) }
}

async fn get(router: &Router, path: &str) -> Answer {
    Answer::read(router.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap()).await
}

async fn statuses(checks: Vec<Check>) -> (u16, u16, u16, String) {
    let router = Router::from(routes(checks));
    let whole = get(&router, "/health").await;
    let (live, ready) = (get(&router, "/health/live").await.status, get(&router, "/health/ready").await.status);
    (live.as_u16(), ready.as_u16(), whole.status.as_u16(), whole.json()["status"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_critical_failure_sends_requests_elsewhere() {
    assert_eq!(statuses(vec![check("database", true, Ok("reachable"))]).await, (200, 200, 200, "ok".into()));
    let disk = check("disk", false, Err("2 % left"));
    assert_eq!(
        statuses(vec![check("database", true, Ok("reachable")), disk.clone()]).await,
        (200, 200, 200, "degraded".into())
    );
    assert_eq!(
        statuses(vec![check("database", true, Err("unreachable")), disk]).await,
        (200, 503, 503, "failing".into())
    );
}

#[tokio::test]
async fn reasons_are_told() {
    let router = Router::from(routes(vec![check("disk", false, Err("2 % left"))]));
    let body = get(&router, "/health").await.json();
    assert_eq!(body["checks"], json!([{"name": "disk", "ok": false, "critical": false, "reason": "2 % left"}]));
    assert_eq!(get(&router, "/health/ready").await.json(), json!({"status": "degraded"}));
}

#[tokio::test]
async fn a_hanging_check_fails_and_results_are_shared_for_a_moment() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let hanging = Check {
        name: "database",
        critical: true,
        run: Arc::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Box::pin(std::future::pending())
        }),
    };
    let router = Router::from(routes(vec![hanging]));
    let body = get(&router, "/health").await.json();
    assert_eq!(body["checks"][0]["reason"], "no answer in time");
    get(&router, "/health").await;
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn metrics_are_not_for_everybody() {
    let ask = async |token: Option<&str>, peer: &str, header: Option<(&'static str, &str)>| {
        let router = metrics_route(Arc::new(|| "up 1\n".to_owned()), token.map(str::to_owned));
        let mut request = Request::get("/metrics");
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
        Answer::read(router.oneshot(request).await.unwrap()).await
    };
    let answer = ask(None, "127.0.0.1:5000", None).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, telemetry::metrics::CONTENT_TYPE));
    for (token, peer, header, status) in [
        (None, "203.0.113.9:5000", None, 404),
        (None, "127.0.0.1:5000", Some(("x-forwarded-for", "203.0.113.9")), 404),
        (Some("s3cret"), "127.0.0.1:5000", None, 404),
        (Some("s3cret"), "127.0.0.1:5000", Some(("authorization", "Bearer guess")), 404),
        (Some("s3cret"), "203.0.113.9:5000", Some(("authorization", "Bearer s3cret")), 200),
    ] {
        assert_eq!(ask(token, peer, header).await.status, status, "{token:?} {peer} {header:?}");
    }
}
