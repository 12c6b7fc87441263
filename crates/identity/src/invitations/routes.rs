//! `/invitations` and `/me/invitations`.

use super::accept::Acceptance;
use super::lookup::LookedUp;
use super::{InvitationView, manage};
use crate::authenticate::Presented;
use crate::handle::Identity;
use crate::routes::auth::{LoginAnswer, client, entered_response};
use crate::sign_in::{Transport, check_origin};
use crate::users::{NewMember, add_member};
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_kit::{Caller, Json, Paging, Path, Query, Refusal, RequestInfo, page_response};
use kernel::ids::{OrganizationId, UnitId};
use kernel::{Error, Page};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

/// All routes, relative to `/api`.
pub fn router(identity: Identity) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(lookup))
        .routes(routes!(accept))
        .routes(routes!(find, revoke))
        .routes(routes!(resend))
        .routes(routes!(own))
        .routes(routes!(accept_own))
        .with_state(identity)
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InvitationsQuery {
    /// pending, accepted, expired or revoked.
    status: Option<InvitationStatus>,
    #[serde(flatten)]
    #[param(inline)]
    paging: Paging,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvitationStatus {
    Pending,
    Accepted,
    Expired,
    Revoked,
}

impl InvitationStatus {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "bia@clinica.example", "name": "Bia Lima", "roles": ["agent"], "message": "Bem-vinda!" }))]
pub struct InviteBody {
    email: String,
    /// 1 to 150 characters; without it the part before the `@`.
    name: Option<String>,
    /// Names; `agent` where none is given.
    #[serde(default)]
    roles: Vec<String>,
    /// The fallback unit where none is given.
    #[serde(default)]
    units: Vec<UnitId>,
    /// A word to the person, at most 1 000 characters.
    message: Option<String>,
    /// That the letter is written in, BCP 47.
    language: Option<String>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "token": "Vb3oT0mC5pLd8gHsRfEjIaK7xWq1zVnY" }))]
pub struct LookupBody {
    token: String,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "token": "Vb3oT0mC5pLd8gHsRfEjIaK7xWq1zVnY", "password": "sete-saias-sete-cores" }))]
pub struct AcceptBody {
    token: String,
    /// Of a new login; without it the one that the organization wrote.
    name: Option<String>,
    /// Where one has to be chosen. Whoever has a login keeps its password.
    password: Option<String>,
    device_name: Option<String>,
    #[serde(default)]
    transport: Transport,
}

/// An invitation to oneself.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct OwnInvitationView {
    id: Uuid,
    organization: InvitingOrganization,
    message: Option<String>,
    expires_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct InvitingOrganization {
    id: OrganizationId,
    slug: String,
    name: String,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct OwnInvitationList {
    data: Vec<OwnInvitationView>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Accepted {
    /// Where one is a member now; `POST /api/auth/switch` leads there.
    organization_id: OrganizationId,
}

/// Invitations of the organization, the newest first.
#[utoipa::path(
    get, path = "/invitations", operation_id = "listInvitations", tag = "identity",
    params(InvitationsQuery),
    responses((status = 200, description = "A page of invitations", body = Page<InvitationView>)),
    extensions(("x-permission" = json!("users.manage"))),
)]
async fn list(
    State(identity): State<Identity>,
    caller: Caller,
    Query(query): Query<InvitationsQuery>,
) -> Result<Response, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let status = query.status.map(InvitationStatus::name);
    let page = manage::list(&caller.ctx, &mut tx, &identity.0.cursors, status, &query.paging.request()).await?;
    tx.commit().await?;
    page_response(&caller.info, &page)
}

/// Ask somebody by mail to become a member.
#[utoipa::path(
    post, path = "/invitations", operation_id = "createInvitation", tag = "identity",
    request_body = InviteBody,
    responses((status = 201, description = "The invitation", body = InvitationView)),
    extensions(("x-permission" = json!("users.manage"))),
)]
async fn create(
    State(identity): State<Identity>,
    caller: Caller,
    Json(body): Json<InviteBody>,
) -> Result<Response, Refusal> {
    let new = NewMember {
        email: body.email,
        name: body.name,
        roles: body.roles,
        units: body.units,
        language: body.language,
        message: body.message,
        send_invitation: true,
        ..NewMember::default()
    };
    let mut tx = caller.begin(&identity.0.db).await?;
    let added = add_member(&identity, &caller.ctx, &mut tx, new).await?;
    let id = added.invitation_id.ok_or_else(|| Error::internal("an invitation that was not made"))?;
    let view = manage::find(&caller.ctx, &mut tx, id).await?;
    let place = HeaderValue::try_from(format!("/api/invitations/{id}")).map_err(Error::internal)?;
    caller.commit_with(tx, StatusCode::CREATED, [(header::LOCATION, place)], &view).await
}

/// One invitation.
#[utoipa::path(
    get, path = "/invitations/{invitation_id}", operation_id = "getInvitation", tag = "identity",
    params(("invitation_id" = Uuid, Path, description = "Id of the invitation")),
    responses((status = 200, description = "The invitation", body = InvitationView)),
    extensions(("x-permission" = json!("users.manage"))),
)]
async fn find(State(identity): State<Identity>, caller: Caller, Path(id): Path<Uuid>) -> Result<Response, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let view = manage::find(&caller.ctx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(view).into_response())
}

/// Send a new link for seven more days; the older one is dead.
#[utoipa::path(
    post, path = "/invitations/{invitation_id}/resend", operation_id = "resendInvitation", tag = "identity",
    params(("invitation_id" = Uuid, Path, description = "Id of the invitation")),
    responses((status = 200, description = "The invitation", body = InvitationView)),
    extensions(("x-permission" = json!("users.manage"))),
)]
async fn resend(State(identity): State<Identity>, caller: Caller, Path(id): Path<Uuid>) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    let view = manage::resend(&identity, &caller.ctx, &mut tx, id).await?;
    caller.commit(tx, StatusCode::OK, &view).await
}

/// Take an invitation back.
#[utoipa::path(
    delete, path = "/invitations/{invitation_id}", operation_id = "revokeInvitation", tag = "identity",
    params(("invitation_id" = Uuid, Path, description = "Id of the invitation")),
    responses((status = 204, description = "Its link is dead")),
    extensions(("x-permission" = json!("users.manage"))),
)]
async fn revoke(State(identity): State<Identity>, caller: Caller, Path(id): Path<Uuid>) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    let left = manage::revoke(&caller.ctx, &mut tx, id).await?;
    let answer = caller.commit(tx, StatusCode::NO_CONTENT, &()).await?;
    identity.sessions_ended(&left.sessions);
    Ok(answer)
}

/// What an invitation's token opens.
#[utoipa::path(
    post, path = "/invitations/lookup", operation_id = "lookUpInvitation", tag = "identity",
    request_body = LookupBody,
    responses((status = 200, description = "Who asks, and whether a password has to be chosen", body = LookedUp)),
    extensions(("x-permission" = json!("public"))),
    security(()),
)]
async fn lookup(State(identity): State<Identity>, Json(body): Json<LookupBody>) -> Result<Json<LookedUp>, Refusal> {
    Ok(Json(identity.look_up_invitation(&body.token).await?))
}

/// Accept an invitation by its token; answers like a sign-in.
///
/// Makes or joins the login. Accepting once more right after is the same success; so it is for the same person signed in.
#[utoipa::path(
    post, path = "/invitations/accept", operation_id = "acceptInvitation", tag = "identity",
    request_body = AcceptBody,
    responses((status = 200, description = "Signed in, or the question for a second factor", body = LoginAnswer)),
    extensions(("x-permission" = json!("public"))),
    security((), ("bearer" = [])),
)]
async fn accept(
    State(identity): State<Identity>,
    info: RequestInfo,
    presented: Option<Extension<Presented>>,
    headers: HeaderMap,
    Json(body): Json<AcceptBody>,
) -> Result<Response, Refusal> {
    if body.transport == Transport::Cookie {
        check_origin(identity.settings(), &headers)?;
    }
    // Who still owes something is not signed in yet for anything but paying it.
    let settled = presented.filter(|Extension(presented)| presented.known.subject.debt().is_none());
    let signed_in = settled.and_then(|Extension(presented)| presented.known.subject.user_id());
    let given = Acceptance {
        token: body.token,
        name: body.name,
        password: body.password.map(SecretString::from),
        device_name: body.device_name,
    };
    let entered = identity.accept_invitation(given, signed_in, &client(&info)).await?;
    entered_response(&identity, entered, body.transport)
}

/// Invitations to oneself, from any organization.
#[utoipa::path(
    get, path = "/me/invitations", operation_id = "listOwnInvitations", tag = "identity",
    responses((status = 200, description = "The living ones", body = OwnInvitationList)),
    extensions(("x-permission" = json!("own"))),
)]
async fn own(State(identity): State<Identity>, caller: Caller) -> Result<Json<OwnInvitationList>, Refusal> {
    let me = caller.ctx.require_person()?;
    let views = identity.own_invitations(me).await?.into_iter().map(|one| OwnInvitationView {
        id: one.invitation_id,
        organization: InvitingOrganization { id: one.organization_id, slug: one.slug, name: one.name },
        message: one.message,
        expires_at: one.expires_at,
        created_at: one.created_at,
    });
    Ok(Json(OwnInvitationList { data: views.collect() }))
}

/// Accept an invitation to oneself. Twice is the same success.
#[utoipa::path(
    post, path = "/me/invitations/{invitation_id}/accept", operation_id = "acceptOwnInvitation", tag = "identity",
    params(("invitation_id" = Uuid, Path, description = "Id of the invitation")),
    responses((status = 200, description = "Member there now", body = Accepted)),
    extensions(("x-permission" = json!("own"))),
)]
async fn accept_own(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<Accepted>, Refusal> {
    let organization_id = identity.accept_own(&caller.ctx, id, &client(&caller.info)).await?;
    Ok(Json(Accepted { organization_id }))
}
