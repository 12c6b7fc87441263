//! The body as it came, for routes that check a signature over the bytes.

use crate::json::unreadable;
use crate::refusal::Refusal;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};

/// Extractor: the bytes of the body, within the route's limit (413 beyond it, 408 when it comes too slowly).
#[derive(Clone, Debug)]
pub struct RawBody(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        Ok(Self(Bytes::from_request(request, state).await.map_err(unreadable)?))
    }
}
