//! `/users`, `/me`, and the switch to another organization.

mod create;
mod own;
mod picture;

use super::change::{Changed, UserChange, change_user};
use super::leave::{Left, remove_user};
use super::order::Order;
use super::read::{ListUsers, UserView, list_people, show_user};
use super::status::{restore_user, suspend_user};
use crate::handle::Identity;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use http_kit::{Caller, IfMatch, Json, Paging, Path, Query, Refusal, etag, page_response};
use kernel::ids::{UnitId, UserId};
use kernel::{Error, ErrorKind, Page};
use serde::Deserialize;
use store::TenantTx;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// All routes, relative to `/api`.
pub fn router(identity: Identity) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, create::create))
        .routes(routes!(own::find, own::put, own::patch, own::leave))
        .routes(routes!(find, put, patch, remove))
        .routes(routes!(suspend))
        .routes(routes!(restore))
        .routes(routes!(picture::show))
        .routes(routes!(picture::put, picture::remove))
        .routes(routes!(own::me))
        .routes(routes!(own::preferences, own::set_preferences))
        .routes(routes!(own::switch))
        .routes(routes!(own::undo_email_change))
        .with_state(identity)
}

/// Filters of the list; what is left out does not filter.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsersQuery {
    /// invited, active, suspended or removed; without it all but removed ones.
    status: Option<MembershipStatus>,
    /// Name of a role.
    role: Option<String>,
    /// Members of this unit.
    unit_id: Option<UnitId>,
    /// Beginning of a name (with `users.manage` of an e-mail too); accents and case do not count.
    q: Option<String>,
    /// `name` (as without it), `-name`, `last_login_at`, `-last_login_at`, or two of them with a comma between.
    #[param(example = "name,-last_login_at")]
    sort: Option<String>,
    #[serde(flatten)]
    #[param(inline)]
    paging: Paging,
}

#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MembershipStatus {
    Invited,
    Active,
    Suspended,
    Removed,
}

impl MembershipStatus {
    fn name(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Removed => "removed",
        }
    }
}

/// People of the organization.
///
/// E-mail, phone and last sign-in are shown of oneself, and of everybody with `users.manage`.
#[utoipa::path(
    get, path = "/users", operation_id = "listUsers", tag = "identity",
    params(UsersQuery),
    responses((status = 200, description = "A page of people", body = Page<UserView>)),
    extensions(("x-permission" = json!("users.view"))),
)]
pub async fn list(
    State(identity): State<Identity>,
    caller: Caller,
    Query(query): Query<UsersQuery>,
) -> Result<Response, Refusal> {
    for (field, text) in [("q", &query.q), ("role", &query.role)] {
        if text.as_deref().is_some_and(|text| text.len() > 200) {
            return Err(
                Error::new(ErrorKind::BadRequest, "INVALID_PARAMETER", format!("`{field}` is too long.")).into()
            );
        }
    }
    let filter = ListUsers {
        status: query.status.map(|status| status.name().to_owned()),
        role: query.role,
        unit_id: query.unit_id,
        q: query.q,
        order: query.sort.as_deref().map(Order::parse).transpose()?.unwrap_or_default(),
    };
    let parts = &identity.0;
    let mut tx = parts.db.tenant(caller.ctx.organization_id()).await?;
    let page = query.paging.request();
    let page = list_people(&caller.ctx, &mut tx, &parts.cursors, Some(&parts.persons), filter, &page).await?;
    tx.commit().await?;
    page_response(&caller.info, &page)
}

/// One person of the organization.
///
/// Takes the id of the login. A login without membership here is not there.
#[utoipa::path(
    get, path = "/users/{user_id}", operation_id = "getUser", tag = "identity",
    params(("user_id" = UserId, Path, description = "Id of the login")),
    responses((status = 200, description = "The person", body = UserView)),
    extensions(("x-permission" = json!("users.view"))),
)]
pub async fn find(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<UserId>,
) -> Result<Response, Refusal> {
    one(&identity, &caller, id).await
}

/// Change a person; the same as PATCH.
#[utoipa::path(
    put, path = "/users/{user_id}", operation_id = "putUser", tag = "identity",
    params(("user_id" = UserId, Path, description = "Id of the login")),
    request_body = UserChange,
    responses((status = 200, description = "The person", body = UserView)),
    extensions(("x-permission" = json!("users.manage"))),
)]
pub async fn put(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<UserId>,
    if_match: IfMatch,
    Json(change): Json<UserChange>,
) -> Result<Response, Refusal> {
    changed(&identity, &caller, id, &change, if_match).await
}

/// Change a person: absent fields stay, `null` clears.
///
/// Everybody changes the own profile; status, job title, units and roles need `users.manage`. What belongs to the login
/// itself (name, e-mail, phone, language, time zone, picture) others change only where the login is managed by the
/// organization. Another e-mail counts once it is proven.
#[utoipa::path(
    patch, path = "/users/{user_id}", operation_id = "patchUser", tag = "identity",
    params(("user_id" = UserId, Path, description = "Id of the login")),
    request_body = UserChange,
    responses((status = 200, description = "The person", body = UserView)),
    extensions(("x-permission" = json!("users.manage"))),
)]
pub async fn patch(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<UserId>,
    if_match: IfMatch,
    Json(change): Json<UserChange>,
) -> Result<Response, Refusal> {
    changed(&identity, &caller, id, &change, if_match).await
}

/// End a membership.
///
/// Access ends at once, live work returns to the queues, history stays. A login that was a member nowhere else is
/// disabled, and erased after 30 days unless it is invited again.
#[utoipa::path(
    delete, path = "/users/{user_id}", operation_id = "deleteUser", tag = "identity",
    params(("user_id" = UserId, Path, description = "Id of the login")),
    responses((status = 204, description = "The membership is over")),
    extensions(("x-permission" = json!("users.delete"))),
)]
pub async fn remove(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<UserId>,
) -> Result<Response, Refusal> {
    removed(&identity, &caller, id).await
}

/// Keep a member out.
#[utoipa::path(
    post, path = "/users/{user_id}/suspend", operation_id = "suspendUser", tag = "identity",
    params(("user_id" = UserId, Path, description = "Id of the login")),
    responses((status = 200, description = "The person", body = UserView)),
    extensions(("x-permission" = json!("users.manage"))),
)]
pub async fn suspend(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<UserId>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    let left = suspend_user(&caller.ctx, &mut tx, id).await?;
    let answer = shown(&identity, &caller, tx, id).await?;
    over(&identity, &left);
    Ok(answer)
}

/// Let a suspended member in again.
#[utoipa::path(
    post, path = "/users/{user_id}/restore", operation_id = "restoreUser", tag = "identity",
    params(("user_id" = UserId, Path, description = "Id of the login")),
    responses((status = 200, description = "The person", body = UserView)),
    extensions(("x-permission" = json!("users.manage"))),
)]
pub async fn restore(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<UserId>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    restore_user(&caller.ctx, &mut tx, id).await?;
    let answer = shown(&identity, &caller, tx, id).await?;
    identity.rights_changed();
    Ok(answer)
}

async fn one(identity: &Identity, caller: &Caller, id: UserId) -> Result<Response, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let user = show_user(&caller.ctx, &mut tx, &identity.0.persons, id).await?;
    tx.commit().await?;
    let tag = etag(user.version);
    let mut response = Json(user).into_response();
    response.headers_mut().insert(header::ETAG, tag);
    Ok(response)
}

async fn changed(
    identity: &Identity,
    caller: &Caller,
    id: UserId,
    change: &UserChange,
    if_match: IfMatch,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    let Changed { sessions, rights, old_picture } =
        change_user(identity, &caller.ctx, &mut tx, id, change, if_match).await?;
    let answer = shown(identity, caller, tx, id).await?;
    if rights {
        over(identity, &Left { sessions });
    }
    identity.forget_blob(old_picture.as_deref()).await;
    Ok(answer)
}

async fn removed(identity: &Identity, caller: &Caller, id: UserId) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    let left = remove_user(&caller.ctx, &mut tx, id).await?;
    let answer = caller.commit(tx, StatusCode::NO_CONTENT, &()).await?;
    over(identity, &left);
    Ok(answer)
}

/// Commits, and answers with the person as he is now.
async fn shown(identity: &Identity, caller: &Caller, mut tx: TenantTx, id: UserId) -> Result<Response, Refusal> {
    let user = show_user(&caller.ctx, &mut tx, &identity.0.persons, id).await?;
    caller.commit_with(tx, StatusCode::OK, [(header::ETAG, etag(user.version))], &user).await
}

/// After the commit: sessions are refused, and rights read anew.
fn over(identity: &Identity, left: &Left) {
    identity.sessions_ended(&left.sessions);
    identity.rights_changed();
}
