//! `/contacts`.

use crate::card::ContactCard;
use crate::whole_value::{WholeValue, look_up};
use audit::Audit;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http_kit::{Caller, Json, Refusal};
use serde::Serialize;
use store::Database;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(Clone)]
struct Contacts {
    db: Database,
    audit: Audit,
}

/// All routes, relative to `/api`.
pub(crate) fn router(db: Database, audit: Audit) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(lookup)).with_state(Contacts { db, audit })
}

/// Whom a value belongs to.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct FoundContacts {
    data: Vec<ContactCard>,
}

/// Finds contacts by a whole phone number or e-mail.
///
/// Works for those who see these values masked too: the caller brings the value. Sixty a minute; every look is in the
/// audit.
#[utoipa::path(
    post, path = "/contacts/lookup", operation_id = "lookUpContact", tag = "contacts",
    request_body(content = WholeValue, example = json!({ "phone": "+55 11 99000-0017" })),
    responses(
        (status = 200, description = "Those who have it; nobody is an empty list", body = FoundContacts),
        (status = 422, description = "Not a whole value"),
    ),
    extensions(("x-permission" = json!("contacts.view"))),
)]
async fn lookup(
    State(contacts): State<Contacts>,
    caller: Caller,
    Json(wanted): Json<WholeValue>,
) -> Result<Response, Refusal> {
    let mut tx = contacts.db.tenant(caller.ctx.organization_id()).await?;
    let data = look_up(&caller.ctx, &mut tx, &wanted).await?;
    tx.commit().await?;
    if data.is_empty() {
        // Trying numbers out is noted as well, once in a while: there is no contact to name.
        contacts.audit.note_read(&caller.ctx, "contact_lookup", caller.ctx.organization_id().0);
    }
    for found in &data {
        contacts.audit.note_read(&caller.ctx, "contact", found.id.0);
    }
    Ok(Json(FoundContacts { data }).into_response())
}
