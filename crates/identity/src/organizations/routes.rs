//! The HTTP face of organizations.

mod domains;
mod exports;
mod founding;
mod own;
mod plan;
mod staff;

use crate::handle::Identity;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes, relative to `/api`.
pub fn router(identity: Identity) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(founding::set_up))
        .routes(routes!(own::list, founding::found))
        .routes(routes!(own::find, own::change))
        .routes(routes!(own::close))
        .routes(routes!(own::reopen))
        .routes(routes!(plan::settings, plan::change_settings))
        .routes(routes!(plan::limits))
        .routes(routes!(exports::request))
        .routes(routes!(exports::list))
        .routes(routes!(exports::content))
        .routes(routes!(domains::list, domains::add))
        .routes(routes!(domains::verify))
        .routes(routes!(domains::remove))
        .routes(routes!(staff::list))
        .routes(routes!(staff::change))
        .with_state(identity)
}
