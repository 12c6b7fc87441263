//! `/units`.

use crate::unit::{Unit, list_units};
use axum::extract::State;
use axum::response::Response;
use http_kit::{Caller, Paging, Refusal, page_response};
use kernel::Page;
use kernel::cursor::CursorKey;
use store::Database;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(Clone)]
struct Units {
    db: Database,
    cursors: CursorKey,
}

/// All routes, relative to `/api`.
pub fn router(db: Database, cursors: CursorKey) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(list)).with_state(Units { db, cursors })
}

/// Units of the organization, in their order.
#[utoipa::path(
    get, path = "/units", operation_id = "listUnits", tag = "service_levels",
    params(Paging),
    responses((status = 200, description = "A page of units", body = Page<Unit>)),
    extensions(("x-permission" = json!("own"))),
)]
async fn list(State(units): State<Units>, caller: Caller, paging: Paging) -> Result<Response, Refusal> {
    let mut tx = units.db.tenant(caller.ctx.organization_id()).await?;
    let page = list_units(&caller.ctx, &mut tx, &units.cursors, &paging.request()).await?;
    tx.commit().await?;
    page_response(&caller.info, &page)
}
