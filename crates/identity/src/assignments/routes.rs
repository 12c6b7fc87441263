//! `/role-assignments`.

use super::{
    AssignmentChanges, AssignmentView, ListAssignments, change_assignment, delete_assignment, find_assignment,
    list_assignments,
};
use crate::handle::Identity;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http::StatusCode;
use http::header::ETAG;
use http_kit::{Caller, IfMatch, Json, Paging, Path, Query, Refusal, etag, page_response};
use kernel::Page;
use kernel::ids::{RoleId, UserId};
use serde::{Deserialize, Deserializer};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

/// Routes relative to `/api`.
pub fn router(identity: Identity) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(find, change, remove)).with_state(identity)
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AssignmentsQuery {
    /// Of this person.
    user_id: Option<UserId>,
    service_account_id: Option<Uuid>,
    role_id: Option<RoleId>,
    /// In this unit or channel account.
    scope_id: Option<Uuid>,
    #[serde(flatten)]
    #[param(inline)]
    paging: Paging,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "effective_to": "2027-01-31T03:00:00Z" }))]
pub struct AssignmentChangesBody {
    /// `null`: from the beginning on.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    effective_from: Option<Option<DateTime<Utc>>>,
    /// `null`: for good.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    effective_to: Option<Option<DateTime<Utc>>>,
}

/// Tells a field that is `null` from one that is left out.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<DateTime<Utc>>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Who has which role, where and when; oldest first.
#[utoipa::path(
    get, path = "/role-assignments", operation_id = "listRoleAssignments", tag = "identity",
    params(AssignmentsQuery),
    responses((status = 200, description = "A page of assignments", body = Page<AssignmentView>)),
    extensions(("x-permission" = json!("roles.view"))),
)]
pub async fn list(
    State(identity): State<Identity>,
    caller: Caller,
    Query(query): Query<AssignmentsQuery>,
) -> Result<Response, Refusal> {
    let filter = ListAssignments {
        user_id: query.user_id,
        service_account_id: query.service_account_id,
        role_id: query.role_id,
        scope_id: query.scope_id,
    };
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let page = list_assignments(&caller.ctx, &mut tx, identity.cursors(), filter, &query.paging.request()).await?;
    tx.commit().await?;
    page_response(&caller.info, &page)
}

/// One assignment.
#[utoipa::path(
    get, path = "/role-assignments/{assignment_id}", operation_id = "getRoleAssignment", tag = "identity",
    params(("assignment_id" = Uuid, Path)),
    responses((status = 200, description = "The assignment", body = AssignmentView)),
    extensions(("x-permission" = json!("roles.view"))),
)]
pub async fn find(State(identity): State<Identity>, caller: Caller, Path(id): Path<Uuid>) -> Result<Response, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let view = find_assignment(&caller.ctx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(([(ETAG, etag(view.version))], Json(view)).into_response())
}

/// Changes when an assignment counts.
#[utoipa::path(
    patch, path = "/role-assignments/{assignment_id}", operation_id = "updateRoleAssignment", tag = "identity",
    params(("assignment_id" = Uuid, Path)),
    request_body = AssignmentChangesBody,
    responses((status = 200, description = "The assignment as it is now", body = AssignmentView)),
    extensions(("x-permission" = json!("roles.assign"))),
)]
pub async fn change(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<AssignmentChangesBody>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    let changes = AssignmentChanges { effective_from: body.effective_from, effective_to: body.effective_to };
    change_assignment(&caller.ctx, &mut tx, id, if_match.0, changes).await?;
    let view = find_assignment(&caller.ctx, &mut tx, id).await?;
    let answer = caller.commit_with(tx, StatusCode::OK, [(ETAG, etag(view.version))], &view).await?;
    identity.rights_changed();
    Ok(answer)
}

/// Takes a role away.
#[utoipa::path(
    delete, path = "/role-assignments/{assignment_id}", operation_id = "deleteRoleAssignment", tag = "identity",
    params(("assignment_id" = Uuid, Path)),
    responses((status = 204, description = "Gone")),
    extensions(("x-permission" = json!("roles.assign"))),
)]
pub async fn remove(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    delete_assignment(&caller.ctx, &mut tx, id, if_match.0).await?;
    let answer = caller.commit(tx, StatusCode::NO_CONTENT, &()).await?;
    identity.rights_changed();
    Ok(answer)
}
