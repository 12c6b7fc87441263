//! The HTTP face of this domain.

mod auth;
mod jwks;
mod users;

pub use jwks::well_known;

use crate::handle::Identity;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// All routes, relative to `/api`.
pub fn router(identity: Identity) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(auth::login))
        .routes(routes!(auth::refresh))
        .routes(routes!(auth::logout))
        .routes(routes!(auth::validate))
        .routes(routes!(users::list))
        .routes(routes!(users::me))
        .routes(routes!(users::find))
        .with_state(identity)
}
