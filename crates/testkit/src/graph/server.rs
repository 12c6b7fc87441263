//! The accept loop: HTTP/1.1 by hand, so that a connection can be cut instead of answered.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::behaviour::{Behaviour, Call, Fault};
use super::{Shared, ids, media, messages, objects};

/// Largest body that is read: a document of 100 MB and its frame.
const MAX_BODY: usize = 110 * 1024 * 1024;

pub(crate) async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Accepts until the task is dropped; its connections go with it.
pub(crate) async fn run(listener: TcpListener, shared: Arc<Shared>) {
    let router = Router::new()
        .route("/{version}/{object}/messages", post(messages::send))
        .route("/{version}/{object}/media", post(media::upload))
        .route("/{version}/{object}/subscribed_apps", get(objects::subscriptions).post(objects::subscribe))
        .route("/{version}/{object}", get(objects::look_up))
        .route("/media-files/{id}", get(media::download))
        .with_state(shared);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => { connections.spawn(connection(stream, router.clone())); }
                // Out of descriptors, most likely: the next one may work.
                Err(_) => tokio::task::yield_now().await,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

/// Marks an answer that must not be given: the connection is cut.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the connection is cut on purpose")]
pub(crate) struct Cut;

async fn connection(stream: TcpStream, router: Router) {
    let service = hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let router = router.clone();
        async move {
            let Ok(answer) = router.oneshot(request.map(Body::new)).await;
            if answer.extensions().get::<Cut>().is_some() { Err(Cut) } else { Ok(answer) }
        }
    });
    // An error here is a cut connection, by us or by the caller.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// The answer that cuts the connection.
pub(crate) fn cut() -> Response {
    let mut answer = StatusCode::NO_CONTENT.into_response();
    answer.extensions_mut().insert(Cut);
    answer
}

/// A Graph error as an answer.
pub(crate) fn refusal(shared: &Shared, fault: &Fault) -> Response {
    let status = StatusCode::from_u16(fault.http_status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut answer = (status, axum::Json(fault.body(&ids::trace_id(shared)))).into_response();
    if let Some(seconds) = fault.retry_after {
        answer.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    answer
}

/// A proxy's page.
pub(crate) fn html(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let page = "<!DOCTYPE html><html><body>Bad gateway</body></html>";
    (status, [(CONTENT_TYPE, "text/html")], page).into_response()
}

/// What an answer is recorded as.
pub(crate) fn answered(answer: &Response) -> Option<u16> {
    answer.extensions().get::<Cut>().is_none().then(|| answer.status().as_u16())
}

/// Waits as asked and returns what to do then.
pub(crate) async fn patience(mut behaviour: Behaviour) -> Behaviour {
    loop {
        behaviour = match behaviour {
            Behaviour::Delay(time, then) => {
                tokio::time::sleep(time).await;
                *then
            }
            Behaviour::Hold(gate, then) => {
                gate.notified().await;
                *then
            }
            other => return other,
        };
    }
}

/// Handles a call without effects of its own: asks the rules, then `work`s or makes the trouble asked for.
pub(crate) async fn simple(
    shared: &Shared,
    call: Call,
    request: (&str, &str),
    work: impl Future<Output = Result<Response, Fault>>,
) -> Response {
    let behaviour = shared.state().rules.take(call, &Value::Null);
    let answer = match patience(behaviour).await {
        Behaviour::Refuse(fault) => refusal(shared, &fault),
        Behaviour::Html(status) => html(status),
        Behaviour::DropBeforeReading => cut(),
        Behaviour::DropAfterAccepting => {
            let _ = work.await;
            cut()
        }
        Behaviour::Garble => {
            let _ = work.await;
            (StatusCode::OK, "\u{0}\u{1} not what you asked for").into_response()
        }
        Behaviour::Work | Behaviour::Delay(..) | Behaviour::Hold(..) => {
            work.await.unwrap_or_else(|fault| refusal(shared, &fault))
        }
    };
    shared.record_call(call, request.0, request.1, answered(&answer));
    answer
}

/// The bearer token of a request.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// `v` and a number with one decimal, else an unknown path.
pub(crate) fn version(version: &str) -> Result<(), Fault> {
    let number = version.strip_prefix('v').and_then(|rest| rest.strip_suffix(".0"));
    match number.and_then(|number| number.parse::<u16>().ok()) {
        Some(_) => Ok(()),
        None => Err(Fault::of(2_500).because(format!("unknown path component: /{version}"))),
    }
}

/// The whole body of a request; `None` when it broke off or is too long.
pub(crate) async fn read(request: Request) -> Option<Bytes> {
    axum::body::to_bytes(request.into_body(), MAX_BODY).await.ok()
}

/// What every handler takes.
pub(crate) type Shares = State<Arc<Shared>>;
pub(crate) type Object = Path<(String, String)>;
