//! What every request passes, in one layer: its facts, limits, CORS, the time limit, and around the answer the problem
//! form, security headers, compression, metrics and the access log.
//!
//! One layer rather than ten: each costs a boxed future and a copy of the inner service a request.

use crate::address::{Network, client_address};
use crate::compress::{Coding, compress};
use crate::cors::Cors;
use crate::idempotency::GivenKey;
use crate::problem::{self, PROBLEM_JSON, Problem};
use crate::rate_limit::{Limiter, Limits, charge_by_address};
use crate::refusal::Refusal;
use crate::request::{RequestFacts, RequestInfo, request_id};
use crate::route::{METHOD_SLOTS, Route, method_slot};
use crate::security;
use axum::body::Body;
use axum::extract::{ConnectInfo, DefaultBodyLimit, MatchedPath, Request};
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use hyper::body::Body as _;
use kernel::{Clock, Error, Ids};
use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use telemetry::{LoggedRequest, TraceContext};

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the operator may set.
#[derive(Clone, Debug)]
pub struct EdgeSettings {
    /// Origins whose pages may call the API, such as `https://console.example.org`. Exact, no patterns.
    pub cors_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Clients reach us by HTTPS (a proxy ends it): adds HSTS.
    pub behind_tls: bool,
    /// Largest body in bytes; a route may set another by axum's `DefaultBodyLimit`.
    pub body_limit: usize,
    /// How long a handler may take until its answer begins.
    pub request_timeout: Duration,
    /// Requests slower than this are logged though they went well.
    pub slow_request: Duration,
    pub limits: Limits,
}

impl Default for EdgeSettings {
    fn default() -> Self {
        Self {
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            behind_tls: false,
            body_limit: 1_024 * 1_024,
            request_timeout: Duration::from_secs(30),
            slow_request: Duration::from_secs(1),
            limits: Limits::default(),
        }
    }
}

/// The layer. Goes around a whole router with [`axum::Router::layer`], outside of everything else.
#[derive(Clone)]
pub struct Edge(Arc<Gate>);

struct Gate {
    settings: EdgeSettings,
    cors: Cors,
    limiter: Arc<Limiter>,
    clock: Clock,
    ids: Ids,
}

impl Edge {
    pub fn new(settings: EdgeSettings, clock: Clock, ids: Ids) -> Self {
        let cors = Cors::new(&settings.cors_origins);
        let limiter = Arc::new(Limiter::new(settings.limits.clone(), clock.clone()));
        Self(Arc::new(Gate { settings, cors, limiter, clock, ids }))
    }
}

impl<S> tower::Layer<S> for Edge {
    type Service = EdgeService<S>;

    fn layer(&self, inner: S) -> EdgeService<S> {
        EdgeService { inner, gate: self.0.clone(), routes: Arc::default() }
    }
}

/// The layer around one route; axum makes one for each.
#[derive(Clone)]
pub struct EdgeService<S> {
    inner: S,
    gate: Arc<Gate>,
    /// What is known of the route, by method, once its first request came.
    routes: Arc<[OnceLock<Arc<Route>>; METHOD_SLOTS]>,
}

impl<S> tower::Service<Request> for EdgeService<S>
where
    S: tower::Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let next = self.inner.clone();
        // The service that was ready is the one to call.
        let inner = std::mem::replace(&mut self.inner, next);
        let route = self.route_of(&request);
        Box::pin(self.gate.clone().pass(inner, request, route))
    }
}

impl<S> EdgeService<S> {
    fn route_of(&self, request: &Request) -> Arc<Route> {
        let method = request.method();
        let known = &self.routes[method_slot(method)];
        let make = || {
            let matched = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
            Arc::new(Route::new(method, matched, &self.gate.limiter))
        };
        known.get_or_init(make).clone()
    }
}

impl Gate {
    async fn pass<S>(self: Arc<Self>, inner: S, request: Request, route: Arc<Route>) -> Result<Response, Infallible>
    where
        S: tower::Service<Request, Response = Response, Error = Infallible> + Send,
        S::Future: Send,
    {
        let began = Instant::now();
        let coding = Coding::accepted(request.headers());
        let origin = request.headers().get(header::ORIGIN).cloned();
        let key = GivenKey::of(request.method(), request.headers());
        let (key, refused) = match key {
            Ok(key) => (key, None),
            Err(error) => (None, Some(Refusal::from(error))),
        };
        let facts = Arc::new(self.facts(&request, route, key));
        let named_trace = request.headers().contains_key(telemetry::traceparent::TRACEPARENT);
        let logged = LoggedRequest {
            request_id: facts.request_id.clone(),
            trace_id: named_trace.then(|| facts.trace.trace_id().to_string()),
        };
        let response = if let Some((status, headers)) = self.cors.preflight(request.method(), request.headers()) {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            response
        } else {
            let refused = refused.map_or_else(|| charge_by_address(&facts), Err);
            let mut response = match refused {
                Ok(()) => logged.clone().scope(self.run(inner, request, &facts)).await,
                Err(refusal) => refusal.into_response(),
            };
            self.cors.write(origin.as_ref(), response.headers_mut());
            response
        };
        Ok(self.finish(response, &facts, coding, began, logged).await)
    }

    fn facts(&self, request: &Request, route: Arc<Route>, idempotency: Option<GivenKey>) -> RequestFacts {
        let headers = request.headers();
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map_or(
            // Only a router without a server has no peer: tests and tools.
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            |ConnectInfo(peer)| peer.ip(),
        );
        RequestFacts {
            request_id: request_id(headers, &self.ids, &self.clock),
            ip: client_address(peer, headers, &self.settings.trusted_proxies),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            trace: trace_of(headers, &self.ids),
            method: request.method().clone(),
            uri: request.uri().clone(),
            user_agent: headers.get(header::USER_AGENT).cloned(),
            presented_credential: headers.contains_key(header::AUTHORIZATION),
            route,
            limiter: self.limiter.clone(),
            charge: Mutex::default(),
            idempotency,
        }
    }

    /// Runs the handler within its time, catching panics.
    async fn run<S>(&self, mut inner: S, mut request: Request, facts: &Arc<RequestFacts>) -> Response
    where
        S: tower::Service<Request, Response = Response, Error = Infallible> + Send,
        S::Future: Send,
    {
        if !request.body().is_end_stream() {
            DefaultBodyLimit::max(self.settings.body_limit).apply(&mut request);
        }
        request.extensions_mut().insert(RequestInfo(facts.clone()));
        if let Some(key) = &facts.idempotency {
            request = request.map(|body| key.watch(body));
        }
        let answer = AssertUnwindSafe(inner.call(request)).catch_unwind();
        match tokio::time::timeout(self.settings.request_timeout, answer).await {
            Ok(Ok(Ok(response))) => response,
            Ok(Err(_)) => Refusal::from(Error::internal("the handler panicked")).into_response(),
            Err(_) => StatusCode::GATEWAY_TIMEOUT.into_response(),
        }
    }

    async fn finish(
        &self,
        response: Response,
        facts: &Arc<RequestFacts>,
        coding: Option<Coding>,
        began: Instant,
        logged: LoggedRequest,
    ) -> Response {
        let route = &facts.route;
        let response = logged.clone().in_scope(|| as_problem(response, facts));
        let mut response = compress(response, coding, route.holds_secrets()).await;
        let headers = response.headers_mut();
        security::write(headers, self.settings.behind_tls);
        if let Ok(id) = HeaderValue::try_from(&*facts.request_id) {
            headers.insert(X_REQUEST_ID, id);
        }
        self.limiter.write_headers(facts, headers);
        let took = began.elapsed();
        route.measure(response.status(), took);
        logged.in_scope(|| self.log(facts, response.status(), took));
        response
    }

    /// The access log: what changed something, went wrong or was slow; plain reads only for those who ask for `debug`.
    /// Templates rather than paths, no queries, no addresses: nothing personal.
    fn log(&self, facts: &RequestFacts, status: StatusCode, took: Duration) {
        let (method, route, status) = (facts.method.as_str(), facts.route_template(), status.as_u16());
        let ms = took.as_secs_f64() * 1_000.0;
        let notable = !facts.method.is_safe() || status >= 400 || took >= self.settings.slow_request;
        if notable && !facts.route.exempt {
            tracing::info!(target: "access", method, route, status, ms, "answered");
        } else {
            tracing::debug!(target: "access", method, route, status, ms, "answered");
        }
    }
}

/// Makes every failure a problem answer: our own get the request's path and id, the framework's bare ones a body.
fn as_problem(mut response: Response, facts: &RequestFacts) -> Response {
    let own = response.extensions_mut().remove::<Problem>();
    let status = response.status();
    if own.is_none() && (status.as_u16() < 400 || speaks_for_itself(&response)) {
        return response;
    }
    let problem = own.unwrap_or_else(|| Problem::of_status(status));
    problem::record(&problem);
    let (given, _) = response.into_parts();
    let mut response = problem::render(&problem, Some(facts));
    for (name, value) in &given.headers {
        // `Allow`, `Retry-After` and the like stay; what describes the old body goes.
        let of_body = [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING].contains(name);
        if !of_body && !response.headers().contains_key(name) {
            response.headers_mut().append(name, value.clone());
        }
    }
    response
}

/// Whether a failure already has a body for machines.
fn speaks_for_itself(response: &Response) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    content_type.is_some_and(|value| *value == PROBLEM_JSON || value.as_bytes().starts_with(b"application/json"))
}

fn trace_of(headers: &HeaderMap, ids: &Ids) -> TraceContext {
    if !headers.contains_key(telemetry::traceparent::TRACEPARENT) {
        return TraceContext::root(ids, false);
    }
    let all = |name| -> Vec<&str> { headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect() };
    let (parents, states) = (all(telemetry::traceparent::TRACEPARENT), all(telemetry::traceparent::TRACESTATE));
    TraceContext::continue_from(&parents, &states, ids)
}
