//! Pictures of people.

use crate::handle::Identity;
use crate::users::avatar::{self, Shown};
use crate::users::read::{UserView, show_user};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use http_kit::{Caller, Path, RawBody, Refusal, etag};
use kernel::Error;
use kernel::ids::UserId;

/// Another picture of oneself: PNG, JPEG or WebP, at most 512 KiB.
#[utoipa::path(
    put, path = "/me/avatar", operation_id = "putAvatar", tag = "identity",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, description = "Oneself", body = UserView)),
    extensions(("x-permission" = json!("own"))),
)]
pub async fn put(
    State(identity): State<Identity>,
    caller: Caller,
    RawBody(bytes): RawBody,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    let before = avatar::set(&identity, &caller.ctx, &mut tx, bytes).await?;
    let me = caller.ctx.subject.user_id().ok_or_else(Error::not_found)?;
    let user = show_user(&caller.ctx, &mut tx, &identity.0.persons, me).await?;
    let answer = caller.commit_with(tx, StatusCode::OK, [(header::ETAG, etag(user.version))], &user).await?;
    identity.forget_blob(before.as_deref()).await;
    Ok(answer)
}

/// Take one's picture away.
#[utoipa::path(
    delete, path = "/me/avatar", operation_id = "deleteAvatar", tag = "identity",
    responses((status = 204, description = "It is gone")),
    extensions(("x-permission" = json!("own"))),
)]
pub async fn remove(State(identity): State<Identity>, caller: Caller) -> Result<Response, Refusal> {
    let me = caller.ctx.require_person()?;
    let mut tx = caller.begin(&identity.0.db).await?;
    let before = avatar::clear(&caller.ctx, &mut tx, me).await?;
    let answer = caller.commit(tx, StatusCode::NO_CONTENT, &()).await?;
    identity.forget_blob(before.as_deref()).await;
    Ok(answer)
}

/// The picture of a person.
#[utoipa::path(
    get, path = "/users/{user_id}/avatar", operation_id = "getAvatar", tag = "identity",
    params(("user_id" = UserId, Path, description = "Id of the login")),
    responses((status = 200, description = "The picture", content_type = "image/png", body = Vec<u8>)),
    extensions(("x-permission" = json!("users.view"))),
)]
pub async fn show(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<UserId>,
) -> Result<Response, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let Shown { bytes, media_type } = avatar::show(&identity, &caller.ctx, &mut tx, id).await?;
    tx.commit().await?;
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::try_from(media_type).map_err(Error::internal)?);
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}
