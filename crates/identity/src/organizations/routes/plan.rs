//! `/organization/settings` and `/organization/limits`.

use crate::handle::Identity;
use crate::limits::{LimitsView, read_limits};
use crate::settings::{self, SettingsChange, SettingsView, read_settings};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use http_kit::{Caller, IfMatch, Json, Refusal, etag};

/// All settings with what holds, who set it, and what each may hold.
#[utoipa::path(
    get, path = "/organization/settings", operation_id = "getOrganizationSettings", tag = "identity",
    responses((status = 200, description = "The settings; their version is the ETag", body = SettingsView)),
    extensions(("x-permission" = json!("organization.view"))),
)]
pub async fn settings(State(identity): State<Identity>, caller: Caller) -> Result<Response, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let view = read_settings(&caller.ctx, &mut tx).await?;
    tx.commit().await?;
    let tag = [(header::ETAG, etag(view.version))];
    Ok((tag, Json(view)).into_response())
}

/// Changes some settings.
///
/// Values by key; `null` gives a key back to the plan, the platform or the default. Needs `If-Match`.
#[utoipa::path(
    patch, path = "/organization/settings", operation_id = "changeOrganizationSettings", tag = "identity",
    request_body(content = Object, example = json!({ "session.idle_minutes": 480, "mfa.required_for": "admins" })),
    params(("If-Match" = String, Header, description = "The ETag that was read", example = "\"v1\"")),
    responses(
        (status = 200, description = "As they are now", body = SettingsView),
        (status = 412, description = "They were changed in the meantime"),
        (status = 422, description = "An unknown key, or a value that does not fit"),
        (status = 428, description = "Without If-Match"),
    ),
    extensions(("x-permission" = json!("organization.manage"))),
)]
pub async fn change_settings(
    State(identity): State<Identity>,
    caller: Caller,
    if_match: IfMatch,
    Json(body): Json<SettingsChange>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    let expected = Some(if_match.required()?);
    let view = settings::change_settings(&caller.ctx, &mut tx, &body, expected).await?;
    let tag = [(header::ETAG, etag(view.version))];
    let response = caller.commit_with(tx, StatusCode::OK, tag, &view).await?;
    identity.rights_changed();
    Ok(response)
}

/// Plan, limits with their use, and features.
#[utoipa::path(
    get, path = "/organization/limits", operation_id = "getOrganizationLimits", tag = "identity",
    responses((status = 200, description = "What the organization may use", body = LimitsView)),
    extensions(("x-permission" = json!("organization.view"))),
)]
pub async fn limits(State(identity): State<Identity>, caller: Caller) -> Result<Response, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let view = read_limits(&caller.ctx, &mut tx).await?;
    tx.commit().await?;
    Ok(Json(view).into_response())
}
