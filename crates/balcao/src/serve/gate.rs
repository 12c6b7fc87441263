//! The door of the server: it answers from the first moment, with health and a refusal until the house is ready.

use crate::failure::Failure;
use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use axum::routing::future::RouteFuture;
use futures_util::FutureExt as _;
use http_kit::health::{self, Check};
use http_kit::{Class, Edge, EdgeSettings, Refusal};
use kernel::{Clock, Error, ErrorKind, Ids};
use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use tokio::sync::watch;

/// Hands requests to the house once it is there. Cheap to clone.
#[derive(Clone)]
pub struct Gate(Arc<Door>);

struct Door {
    early: Router,
    house: OnceLock<Router>,
    phase: watch::Sender<String>,
}

impl Gate {
    pub fn new(mut edge: EdgeSettings, clock: Clock, ids: Ids) -> Self {
        // Nothing is worked on yet, so nothing is limited: a provider must be asked to come again (503), not slowed (429).
        for class in Class::ALL {
            edge.limits.set(class, None, None);
        }
        let phase = watch::Sender::new("starting".to_owned());
        let told = phase.subscribe();
        let check = Check {
            name: "start",
            critical: true,
            run: Arc::new(move || {
                let reason = told.borrow().clone();
                async move { Err(reason) }.boxed()
            }),
        };
        let (health, _) = health::routes(vec![check]).split_for_parts();
        let early = health.fallback(not_yet).layer(Edge::new(edge, clock, ids)).with_state(());
        Self(Arc::new(Door { early, house: OnceLock::new(), phase }))
    }

    /// Says what the start waits for, in `/health`.
    pub fn waits_for(&self, reason: &str) {
        self.0.phase.send_replace(reason.to_owned());
    }

    /// From here on requests go to the house.
    ///
    /// # Errors
    /// When it was opened before.
    pub fn open(&self, house: Router) -> Result<(), Failure> {
        self.0.house.set(house).map_err(|_| Failure::plain("the house was opened twice"))
    }
}

impl tower::Service<Request> for Gate {
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // A router is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let mut router = self.0.house.get().unwrap_or(&self.0.early).clone();
        tower::Service::call(&mut router, request)
    }
}

async fn not_yet() -> Response {
    let error = Error::new(ErrorKind::Unavailable, "STARTING", "The server is starting; try again in a moment.");
    Refusal::from(error.with_retry_after_ms(1_000)).into_response()
}
