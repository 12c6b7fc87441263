//! `/audit` and `/history`.

mod exports;
mod history;
mod logs;

use crate::handle::Audit;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// All routes, relative to `/api`.
pub fn router(audit: Audit) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(logs::list))
        .routes(routes!(logs::find))
        .routes(routes!(logs::head))
        .routes(routes!(logs::verify))
        .routes(routes!(exports::create))
        .routes(routes!(exports::find))
        .routes(routes!(exports::file))
        .routes(routes!(history::list))
        .with_state(audit)
}
