//! `/organization/domains`.

use crate::handle::Identity;
use crate::organizations::{DomainView, NewDomain, add_domain, list_domains, remove_domain, verify_domain};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use http_kit::{Caller, Json, Path, Refusal};
use kernel::Error;
use serde::Serialize;
use uuid::Uuid;

/// Domains of the organization.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Domains {
    data: Vec<DomainView>,
}

/// The organization's domains, with the record that proves each.
#[utoipa::path(
    get, path = "/organization/domains", operation_id = "listDomains", tag = "identity",
    responses((status = 200, description = "All of them, by name", body = Domains)),
    extensions(("x-permission" = json!("organization.view"))),
)]
pub async fn list(State(identity): State<Identity>, caller: Caller) -> Result<Response, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    let data = list_domains(&caller.ctx, &mut tx).await?;
    tx.commit().await?;
    Ok(Json(Domains { data }).into_response())
}

/// Adds a domain, to be proven by a TXT record.
#[utoipa::path(
    post, path = "/organization/domains", operation_id = "addDomain", tag = "identity",
    request_body = NewDomain,
    responses(
        (status = 201, description = "With the record to publish", body = DomainView),
        (status = 409, description = "`DOMAIN_EXISTS`, `LIMIT_REACHED`"),
    ),
    extensions(("x-permission" = json!("organization.manage"))),
)]
pub async fn add(
    State(identity): State<Identity>,
    caller: Caller,
    Json(body): Json<NewDomain>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&identity.0.db).await?;
    let domain = add_domain(&caller.ctx, &mut tx, body).await?;
    let place = HeaderValue::try_from(format!("/api/organization/domains/{}", domain.id)).map_err(Error::internal)?;
    caller.commit_with(tx, StatusCode::CREATED, [(header::LOCATION, place)], &domain).await
}

/// Looks for the record and, where it is there, takes the domain.
///
/// A domain belongs to the organization that proved it last; the one before is told.
#[utoipa::path(
    post, path = "/organization/domains/{domain_id}/verify", operation_id = "verifyDomain", tag = "identity",
    params(("domain_id" = Uuid, Path)),
    responses(
        (status = 200, description = "Proven", body = DomainView),
        (status = 409, description = "`DOMAIN_NOT_PROVEN`: the record is not there (yet)"),
        (status = 503, description = "`DNS_UNAVAILABLE`"),
    ),
    extensions(("x-permission" = json!("organization.manage"))),
)]
pub async fn verify(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Response, Refusal> {
    Ok(Json(verify_domain(&identity, &caller.ctx, id).await?).into_response())
}

/// Gives a domain up.
#[utoipa::path(
    delete, path = "/organization/domains/{domain_id}", operation_id = "removeDomain", tag = "identity",
    params(("domain_id" = Uuid, Path)),
    responses((status = 204, description = "Gone")),
    extensions(("x-permission" = json!("organization.manage"))),
)]
pub async fn remove(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Response, Refusal> {
    let mut tx = identity.0.db.tenant(caller.ctx.organization_id()).await?;
    remove_domain(&caller.ctx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
