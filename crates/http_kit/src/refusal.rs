//! The error of handlers: a problem, or an answer that was kept under an `Idempotency-Key`.

use crate::problem::{Problem, render};
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode};
use kernel::Error;
use store::idempotency::KeptAnswer;

/// Header that marks an answer given before under the same `Idempotency-Key`.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Why a handler does not answer itself. Any error that turns into [`kernel::Error`] (those of commands, of the
/// database) becomes one with `?`.
#[derive(Debug)]
pub struct Refusal(Box<Why>);

#[derive(Debug)]
enum Why {
    Problem(Problem),
    Replay(KeptAnswer),
}

impl Refusal {
    /// A problem whose status is not that of its kind (timeouts, methods).
    pub(crate) fn with_status(status: StatusCode, error: Error) -> Self {
        Self(Box::new(Why::Problem(Problem { status, error })))
    }

    /// The answer that the first request got.
    pub(crate) fn replay(answer: KeptAnswer) -> Self {
        Self(Box::new(Why::Replay(answer)))
    }

    /// The error inside, unless it is a kept answer.
    pub fn error(&self) -> Option<&Error> {
        match &*self.0 {
            Why::Problem(problem) => Some(&problem.error),
            Why::Replay(_) => None,
        }
    }
}

/// The error that an answer of a handler tells of, for middleware inside the edge.
pub fn error_of(response: &Response) -> Option<&Error> {
    response.extensions().get::<Problem>().map(|problem| &problem.error)
}

impl<E: Into<Error>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self(Box::new(Why::Problem(Problem::from(error.into()))))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match *self.0 {
            // The edge renders it again with the request's id and path; without an edge this is the whole answer.
            Why::Problem(problem) => {
                let mut response = render(&problem, None);
                response.extensions_mut().insert(problem);
                response
            }
            Why::Replay(kept) => replayed(kept),
        }
    }
}

fn replayed(kept: KeptAnswer) -> Response {
    let mut response = Response::new(axum::body::Body::from(kept.body));
    *response.status_mut() = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    for (name, value) in &kept.headers {
        // They were written by us; one that no longer parses is left out rather than failing the whole answer.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
