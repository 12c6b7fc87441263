//! `/users`.

use crate::handle::Identity;
use crate::users::{ListUsers, UserView, find_user, list_users};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http_kit::{Caller, Json, Paging, Path, Query, Refusal, page_response};
use kernel::ids::{UnitId, UserId};
use kernel::{Error, ErrorKind, Page};
use serde::Deserialize;

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
    /// Beginning of a name; accents and case do not count.
    q: Option<String>,
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

/// People of the organization, by name.
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
    };
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let page = list_users(&caller.ctx, &mut tx, &identity.0.cursors, filter, &query.paging.request()).await?;
    tx.commit().await?;
    page_response(&caller.info, &page)
}

/// Oneself.
#[utoipa::path(
    get, path = "/users/me", operation_id = "getMe", tag = "identity",
    responses((status = 200, description = "The caller as a member of the organization", body = UserView)),
    extensions(("x-permission" = json!("own"))),
)]
pub async fn me(State(identity): State<Identity>, caller: Caller) -> Result<Response, Refusal> {
    let id = caller.ctx.subject.user_id().ok_or_else(Error::not_found)?;
    one(&identity, &caller, id).await
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

async fn one(identity: &Identity, caller: &Caller, id: UserId) -> Result<Response, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let user = find_user(&caller.ctx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(user).into_response())
}
