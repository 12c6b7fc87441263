//! One connection: requests into the router, one after another.

use super::ServerSettings;
use super::body::PacedBody;
use super::stream::{Phase, Stream};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use http::{Request, StatusCode};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Serves requests until the client goes, a time limit cuts it, or `stop` ends it after the running request.
pub(super) async fn serve_connection<S: Answers>(
    stream: Stream,
    service: Service<S>,
    settings: &ServerSettings,
    stop: &CancellationToken,
) {
    let connection = http1::Builder::new()
        .max_buf_size(settings.max_head.max(8_192))
        .max_header_size(settings.max_head)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Clients go as they like; it is of interest only while looking for something.
        tracing::debug!(reason = %error, "a connection ended with an error");
    }
}

/// What requests are handed to: an [`axum::Router`], or a service around one.
pub trait Answers:
    tower::Service<Request<Body>, Response = Response, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static
{
}

impl<S> Answers for S where
    S: tower::Service<Request<Body>, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// Hands hyper's requests on.
pub(super) struct Service<S> {
    answers: S,
    peer: SocketAddr,
    phase: Arc<Phase>,
    body_stall: Duration,
    body_rate: u32,
}

impl<S> Service<S> {
    pub fn new(answers: S, peer: SocketAddr, phase: Arc<Phase>, settings: &ServerSettings) -> Self {
        Self { answers, peer, phase, body_stall: settings.body_stall, body_rate: settings.body_rate }
    }
}

impl<S: Answers> hyper::service::Service<Request<Incoming>> for Service<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.phase.set_busy();
        let mut request = request.map(|body| {
            if body.is_end_stream() {
                return Body::empty();
            }
            Body::new(PacedBody::new(body, self.body_stall, self.body_rate))
        });
        request.extensions_mut().insert(ConnectInfo(self.peer));
        let phase = self.phase.clone();
        let mut answers = self.answers.clone();
        // It is always ready.
        let answer = tower::Service::call(&mut answers, request);
        Box::pin(async move {
            let response = answer.await?;
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                phase.set_upgraded();
            } else {
                phase.set_answered();
            }
            Ok(response)
        })
    }
}
