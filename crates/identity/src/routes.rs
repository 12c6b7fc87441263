//! The HTTP face of this domain.

pub(crate) mod auth;
mod jwks;
mod link_page;
mod links;
mod proof;
mod whole;

pub use jwks::well_known;
pub(crate) use whole::Whole;

use crate::handle::Identity;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// All routes, relative to `/api`.
pub fn router(identity: Identity) -> OpenApiRouter {
    // Routes of this state first: a merged router brings its own.
    OpenApiRouter::new()
        .routes(routes!(auth::login))
        .routes(routes!(auth::refresh))
        .routes(routes!(auth::logout))
        .routes(routes!(auth::validate))
        .with_state(identity.clone())
        .merge(crate::organizations::router(identity.clone()))
        .merge(crate::users::router(identity.clone()))
        .merge(crate::invitations::router(identity.clone()))
        .merge(crate::privacy::router(identity.clone()))
        .merge(crate::roles::router(identity.clone()))
        .merge(crate::assignments::router(identity.clone()))
        .merge(crate::explain::router(identity.clone()))
        .merge(crate::service_accounts::router(identity.clone()))
        .merge(crate::impersonation::router(identity.clone()))
        .merge(links::router(identity.clone()))
        .merge(proof::router(identity.clone()))
        .merge(crate::sessions::routes::router(identity.clone()))
        .merge(crate::mfa::routes::router(identity.clone()))
        .merge(crate::passkeys::routes::router(identity.clone()))
        .merge(crate::oidc::routes::router(identity))
}
