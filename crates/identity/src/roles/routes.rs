//! `/permissions` and `/roles`.

use super::{
    NewRole, PermissionView, RoleChanges, RoleView, catalogue, change_role, copy_role, create_role, delete_role,
    find_role, list_roles, replace_role, role_by_id,
};
use crate::assignments::{AssignmentView, Holder, PrincipalRef, ScopeRef, ScopeType, Wanted, assign, find_assignment};
use crate::handle::Identity;
use crate::store::assignments::membership_of;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http::header::{ETAG, LOCATION};
use http::{HeaderName, HeaderValue, StatusCode};
use http_kit::{Caller, IfMatch, Json, Path, Query, Refusal, etag};
use kernel::ids::RoleId;
use kernel::{Error, Permission, Resource};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

/// Routes relative to `/api`.
pub fn router(identity: Identity) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(permissions))
        .routes(routes!(list, create))
        .routes(routes!(find, change, remove))
        .routes(routes!(copy))
        .routes(routes!(assign_role))
        .with_state(identity)
}

/// A whole list: nobody has so many that it needs pages.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PermissionList {
    data: Vec<PermissionView>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct RoleList {
    data: Vec<RoleView>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Recepção noturna", "description": "Atende depois das 18h", "permissions": ["messaging.reply"] }))]
pub struct RoleBody {
    /// 2 to 50 characters, unique without case.
    name: String,
    #[serde(default)]
    description: String,
    /// Names of `GET /api/permissions`.
    permissions: Vec<String>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "permissions": ["messaging.reply", "contacts.view"] }))]
pub struct RoleChangesBody {
    name: Option<String>,
    description: Option<String>,
    permissions: Option<Vec<String>>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Recepção de sábado" }))]
pub struct CopyBody {
    name: String,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "principal": { "type": "user", "id": "5f6b2f6e-8f6a-4c00-8000-000000000001" }, "scope_type": "team" }))]
pub struct AssignBody {
    principal: PrincipalRef,
    /// Without it the role's default scope.
    scope_type: Option<ScopeType>,
    /// Unit or channel account, where the scope needs one.
    scope_id: Option<Uuid>,
    /// Counts from here on.
    effective_from: Option<DateTime<Utc>>,
    /// Does not count from here on.
    effective_to: Option<DateTime<Utc>>,
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RemoveQuery {
    /// The role that its holders get instead; needed where anybody has it.
    replace_with: Option<RoleId>,
}

/// The catalogue of permissions: names, meanings, what implies what, which must be granted by name, which scopes count.
#[utoipa::path(
    get, path = "/permissions", operation_id = "listPermissions", tag = "identity",
    responses((status = 200, description = "Every permission there is", body = PermissionList)),
    extensions(("x-permission" = json!("roles.view"))),
)]
pub async fn permissions(caller: Caller) -> Result<Json<PermissionList>, Refusal> {
    Ok(Json(PermissionList { data: catalogue(&caller.ctx)? }))
}

/// Roles of the organization, built-in ones first.
#[utoipa::path(
    get, path = "/roles", operation_id = "listRoles", tag = "identity",
    responses((status = 200, description = "All roles", body = RoleList)),
    extensions(("x-permission" = json!("roles.view"))),
)]
pub async fn list(State(identity): State<Identity>, caller: Caller) -> Result<Json<RoleList>, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let data = list_roles(&caller.ctx, &mut tx).await?;
    tx.commit().await?;
    Ok(Json(RoleList { data }))
}

/// Makes a custom role, within what the caller holds.
#[utoipa::path(
    post, path = "/roles", operation_id = "createRole", tag = "identity",
    request_body = RoleBody,
    responses((status = 201, description = "The new role", body = RoleView)),
    extensions(("x-permission" = json!("roles.manage"))),
)]
pub async fn create(
    State(identity): State<Identity>,
    caller: Caller,
    Json(body): Json<RoleBody>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    let new = NewRole { name: body.name, description: body.description, permissions: body.permissions };
    let role = create_role(&caller.ctx, &mut tx, new).await?;
    caller.commit_with(tx, StatusCode::CREATED, made(&role)?, &role).await
}

/// One role.
#[utoipa::path(
    get, path = "/roles/{role_id}", operation_id = "getRole", tag = "identity",
    params(("role_id" = RoleId, Path)),
    responses((status = 200, description = "The role", body = RoleView)),
    extensions(("x-permission" = json!("roles.view"))),
)]
pub async fn find(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<RoleId>,
) -> Result<Response, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let role = find_role(&caller.ctx, &mut tx, id).await?;
    tx.commit().await?;
    let version = role.version;
    Ok(([(ETAG, etag(version))], Json(role)).into_response())
}

/// Changes a custom role; its holders have the new rights at once. Needs `If-Match`.
#[utoipa::path(
    patch, path = "/roles/{role_id}", operation_id = "updateRole", tag = "identity",
    params(("role_id" = RoleId, Path), ("If-Match" = String, Header, example = "\"v1\"")),
    request_body = RoleChangesBody,
    responses((status = 200, description = "The role as it is now", body = RoleView)),
    extensions(("x-permission" = json!("roles.manage"))),
)]
pub async fn change(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<RoleId>,
    if_match: IfMatch,
    Json(body): Json<RoleChangesBody>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    // What is not there is not there, whatever version was expected.
    find_role(&caller.ctx, &mut tx, id).await?;
    let changes = RoleChanges { name: body.name, description: body.description, permissions: body.permissions };
    let role = change_role(&caller.ctx, &mut tx, id, if_match.required()?, changes).await?;
    let answer = caller.commit_with(tx, StatusCode::OK, [(ETAG, etag(role.version))], &role).await?;
    identity.rights_changed();
    Ok(answer)
}

/// Deletes a custom role. One that somebody has goes only with another one in its place.
#[utoipa::path(
    delete, path = "/roles/{role_id}", operation_id = "deleteRole", tag = "identity",
    params(("role_id" = RoleId, Path), RemoveQuery),
    responses((status = 204, description = "Gone")),
    extensions(("x-permission" = json!("roles.manage"))),
)]
pub async fn remove(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<RoleId>,
    if_match: IfMatch,
    Query(query): Query<RemoveQuery>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    match query.replace_with {
        None => delete_role(&caller.ctx, &mut tx, id, if_match.0).await?,
        Some(other) => replace_role(&caller.ctx, &mut tx, id, if_match.0, other).await?,
    }
    let answer = caller.commit(tx, StatusCode::NO_CONTENT, &()).await?;
    identity.rights_changed();
    Ok(answer)
}

/// Makes a custom role that holds what this one holds.
#[utoipa::path(
    post, path = "/roles/{role_id}/copy", operation_id = "copyRole", tag = "identity",
    params(("role_id" = RoleId, Path)),
    request_body = CopyBody,
    responses((status = 201, description = "The new role", body = RoleView)),
    extensions(("x-permission" = json!("roles.manage"))),
)]
pub async fn copy(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<RoleId>,
    Json(body): Json<CopyBody>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    let role = copy_role(&caller.ctx, &mut tx, id, body.name).await?;
    caller.commit_with(tx, StatusCode::CREATED, made(&role)?, &role).await
}

/// Gives a role to a member or a service account, somewhere, for a time.
#[utoipa::path(
    post, path = "/roles/{role_id}/assign", operation_id = "assignRole", tag = "identity",
    params(("role_id" = RoleId, Path)),
    request_body = AssignBody,
    responses((status = 201, description = "The assignment", body = AssignmentView)),
    extensions(("x-permission" = json!("roles.assign"))),
)]
pub async fn assign_role(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<RoleId>,
    Json(body): Json<AssignBody>,
) -> Result<Response, Refusal> {
    // Asked again by the command: whoever may not give roles learns nothing here of who there is.
    caller.ctx.require(Permission::ROLES_ASSIGN, &Resource::organization(caller.ctx.organization_id()))?;
    let mut tx = caller.begin(&identity.0.db).await?;
    let role = role_by_id(&mut tx, id).await?;
    let kind = body.scope_type.map_or(role.default_scope(), ScopeType::as_str);
    let wanted = Wanted {
        holder: holder(&mut tx, body.principal).await?,
        scope: ScopeRef::checked(&mut tx, kind, body.scope_id).await?,
        role: &role,
        effective_from: body.effective_from,
        effective_to: body.effective_to,
    };
    let made = assign(&caller.ctx, &mut tx, wanted).await?;
    let view = find_assignment(&caller.ctx, &mut tx, made.id).await?;
    let location = HeaderValue::try_from(format!("/api/role-assignments/{}", view.id)).map_err(Error::internal)?;
    let headers = [(LOCATION, location), (ETAG, etag(view.version))];
    let answer = caller.commit_with(tx, StatusCode::CREATED, headers, &view).await?;
    identity.rights_changed();
    Ok(answer)
}

async fn holder(tx: &mut store::TenantTx, principal: PrincipalRef) -> Result<Holder, Error> {
    Ok(match principal {
        PrincipalRef::ServiceAccount(id) => Holder::ServiceAccount(id),
        PrincipalRef::User(id) => Holder::Member(membership_of(tx, id).await?.ok_or_else(|| {
            Error::invalid_field("principal", "PRINCIPAL_INVALID", "This is nobody who can hold roles here.")
        })?),
    })
}

fn made(role: &RoleView) -> Result<[(HeaderName, HeaderValue); 2], Error> {
    let location = HeaderValue::try_from(format!("/api/roles/{}", role.id)).map_err(Error::internal)?;
    Ok([(LOCATION, location), (ETAG, etag(role.version))])
}
