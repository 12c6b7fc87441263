//! Health and metrics: whether the process lives, whether it should get requests, and why not.

use crate::json::{Json, json_response};
use axum::Router;
use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::future::{BoxFuture, join_all};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::Error;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// A check that takes longer has failed.
const LONGEST_CHECK: Duration = Duration::from_secs(2);
/// How long results are given again: health is not rate limited, so asking must cost nothing.
const FRESH: Duration = Duration::from_secs(1);

/// One thing that can be well or not: the database, migrations, workers, the disk.
#[derive(Clone)]
pub struct Check {
    pub name: &'static str,
    /// Whether requests should go elsewhere while it fails.
    pub critical: bool,
    /// `Ok` with a word on its state, `Err` with a reason that everybody may read.
    pub run: Arc<dyn Fn() -> BoxFuture<'static, Result<String, String>> + Send + Sync>,
}

/// The checks and what they last said.
pub struct Health {
    checks: Vec<Check>,
    last: Mutex<Option<(Instant, Arc<Report>)>>,
}

/// The state of the house and of its parts.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = HealthReport)]
struct Report {
    /// `ok`, `degraded` (something fails that is not critical) or `failing`.
    #[schema(example = "ok")]
    status: &'static str,
    checks: Vec<Outcome>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = HealthCheck)]
struct Outcome {
    #[schema(example = "database")]
    name: &'static str,
    ok: bool,
    critical: bool,
    /// Its state, or why it fails.
    #[schema(example = "reachable")]
    reason: String,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = HealthStatus)]
struct Status {
    #[schema(example = "ok")]
    status: &'static str,
}

/// Routes `/health/live`, `/health/ready` and `/health`.
pub fn routes(checks: Vec<Check>) -> OpenApiRouter {
    let health = Arc::new(Health { checks, last: Mutex::default() });
    OpenApiRouter::new().routes(routes!(live)).routes(routes!(ready)).routes(routes!(report)).with_state(health)
}

/// The process lives
///
/// Asks nothing else: a failing database is no reason to restart this.
#[utoipa::path(get, path = "/health/live", operation_id = "health_live", tag = "health",
    responses((status = 200, description = "It lives.", body = Status)), extensions(("x-permission" = json!("public"))))]
async fn live() -> Response {
    Json(Status { status: "ok" }).into_response()
}

/// Requests may come
#[utoipa::path(get, path = "/health/ready", operation_id = "health_ready", tag = "health",
    responses(
        (status = 200, description = "Requests are welcome.", body = Status),
        (status = 503, description = "Something critical fails.", body = Status),
    ),
    extensions(("x-permission" = json!("public"))))]
async fn ready(State(health): State<Arc<Health>>) -> Response {
    let report = health.report().await;
    (status_of(&report), Json(Status { status: report.status })).into_response()
}

/// Every check and its reason
#[utoipa::path(get, path = "/health", operation_id = "health_report", tag = "health",
    responses(
        (status = 200, description = "Nothing critical fails.", body = Report),
        (status = 503, description = "Something critical fails.", body = Report),
    ),
    extensions(("x-permission" = json!("public"))))]
async fn report(State(health): State<Arc<Health>>) -> Response {
    let report = health.report().await;
    (status_of(&report), Json(&*report)).into_response()
}

fn status_of(report: &Report) -> StatusCode {
    if report.status == "failing" { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
}

impl Health {
    /// Runs the checks side by side; who asks meanwhile waits for the same result.
    async fn report(&self) -> Arc<Report> {
        let mut last = self.last.lock().await;
        if let Some((at, report)) = &*last
            && at.elapsed() < FRESH
        {
            return report.clone();
        }
        let report = Arc::new(self.run().await);
        *last = Some((Instant::now(), report.clone()));
        report
    }

    async fn run(&self) -> Report {
        let outcomes = self.checks.iter().map(|check| async {
            let result =
                timeout(LONGEST_CHECK, (check.run)()).await.unwrap_or_else(|_| Err("no answer in time".into()));
            let (ok, reason) = result.map_or_else(|reason| (false, reason), |state| (true, state));
            Outcome { name: check.name, ok, critical: check.critical, reason }
        });
        let checks = join_all(outcomes).await;
        let failing = checks.iter().any(|check| !check.ok && check.critical);
        let degraded = checks.iter().any(|check| !check.ok);
        let status = if failing {
            "failing"
        } else if degraded {
            "degraded"
        } else {
            "ok"
        };
        Report { status, checks }
    }
}

/// Writes the metrics in the Prometheus text format.
pub type Render = Arc<dyn Fn() -> String + Send + Sync>;

/// The route `/metrics`: with a token for whoever presents it as a bearer; without one only for this machine, asked
/// directly (a proxy on it would open the figures to everybody).
pub fn metrics_route(render: Render, token: Option<String>) -> Router {
    let token = token.map(|token| Sha256::digest(token.as_bytes()));
    let serve = move |peer: Option<axum::Extension<ConnectInfo<SocketAddr>>>, headers: HeaderMap| async move {
        let allowed = match &token {
            Some(token) => presented(&headers).is_some_and(|given| Sha256::digest(given.as_bytes()) == *token),
            None => {
                let proxied = ["forwarded", "x-forwarded-for", "via"].iter().any(|name| headers.contains_key(*name));
                !proxied
                    && peer.is_some_and(|axum::Extension(ConnectInfo(peer))| peer.ip().to_canonical().is_loopback())
            }
        };
        if !allowed {
            // As if there were nothing: what stands behind is nobody's business.
            return crate::Refusal::from(Error::not_found()).into_response();
        }
        let mut response = json_response(render().into_bytes());
        response.headers_mut().insert(header::CONTENT_TYPE, METRICS_TEXT);
        response
    };
    Router::new().route("/metrics", get(serve))
}

const METRICS_TEXT: HeaderValue = HeaderValue::from_static(telemetry::metrics::CONTENT_TYPE);

fn presented(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}
