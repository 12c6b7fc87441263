//! `/authorize/explain`.

use super::{About, Explanation, explain};
use crate::assignments::PrincipalRef;
use crate::handle::Identity;
use axum::extract::State;
use http_kit::{Caller, Json, Refusal};
use kernel::{Error, Permission};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes relative to `/api`.
pub fn router(identity: Identity) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(ask)).with_state(identity)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "principal": { "type": "user", "id": "5f6b2f6e-8f6a-4c00-8000-000000000001" },
    "action": "messaging.reply",
    "resource": { "type": "conversation", "id": "0199f0a0-0000-7000-8000-000000000001" }
}))]
pub struct ExplainBody {
    principal: PrincipalRef,
    /// A name of `GET /api/permissions`.
    action: String,
    #[serde(default)]
    resource: About,
}

/// Why somebody may or may not do something, and what would allow it.
///
/// About a thing of the organization by `type` and `id`, or, without an id, about one with these facts.
#[utoipa::path(
    post, path = "/authorize/explain", operation_id = "explainAuthorization", tag = "identity",
    request_body = ExplainBody,
    responses((status = 200, description = "The decision", body = Explanation)),
    extensions(("x-permission" = json!("roles.view"))),
)]
pub async fn ask(
    State(identity): State<Identity>,
    caller: Caller,
    Json(body): Json<ExplainBody>,
) -> Result<Json<Explanation>, Refusal> {
    let action = Permission::parse(&body.action)
        .ok_or_else(|| Error::invalid_field("action", "PERMISSION_UNKNOWN", "There is no permission of this name."))?;
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let explanation = explain(&identity, &caller.ctx, &mut tx, body.principal, action, &body.resource).await?;
    tx.commit().await?;
    Ok(Json(explanation))
}
