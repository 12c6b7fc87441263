//! Proven domains are looked at again every week; one whose record stays away is lost.

use super::domains::{LostDomain, record_name};
use super::events;
use super::letters::{self, Notice};
use crate::handle::Identity;
use crate::store::domains::{self as rows, DomainRow};
use chrono::Duration;
use kernel::{Ctx, Error};
use serde_json::json;
use store::PlatformReason;

/// How often a proof is looked at again.
pub const RECHECK: Duration = Duration::days(7);
/// After a check that found nothing the next one comes sooner.
const SOONER: Duration = Duration::days(1);
/// So many checks in a row find nothing before the domain is lost.
const PATIENCE: i32 = 3;

/// Looks at the domains of one organization that are due.
///
/// # Errors
/// When a statement fails. Name servers that do not answer are asked again tomorrow.
pub async fn recheck(identity: &Identity, ctx: &Ctx) -> Result<(), Error> {
    let mut tx = identity.0.db.tenant(ctx.organization_id()).await?;
    let due = rows::due(&mut tx, ctx.now() - RECHECK).await?;
    tx.commit().await?;
    for row in due {
        let name = record_name(&row.domain);
        let proven = match identity.0.settings.dns.txt(&name).await {
            Ok(found) => found.iter().any(|text| text.trim() == row.verification_token),
            Err(error) => {
                tracing::warn!(domain_id = %row.id, code = error.code(), "a domain could not be looked at");
                continue;
            }
        };
        let mut tx = identity.0.db.tenant(ctx.organization_id()).await?;
        if proven {
            rows::verified(&mut tx, row.id, ctx.now()).await?;
        } else {
            missing(identity, ctx, &mut tx, &row).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

async fn missing(identity: &Identity, ctx: &Ctx, tx: &mut store::TenantTx, row: &DomainRow) -> Result<(), Error> {
    let failures = rows::not_found(tx, row.id, ctx.now() - RECHECK + SOONER, PATIENCE).await?;
    if failures.is_some_and(|failures| failures >= PATIENCE) {
        lost(identity, ctx, tx, row.id, &row.domain, "no_record").await?;
    }
    Ok(())
}

/// Tells an organization that a newer proof took its domain.
///
/// # Errors
/// When a statement fails.
pub async fn tell_lost(identity: &Identity, lost_domain: &LostDomain, request: &Ctx) -> Result<(), Error> {
    let organization = lost_domain.organization;
    let ctx = Ctx::system(organization, request.clock.clone(), request.ids.clone(), request.request_id.clone());
    let mut tx = identity.0.db.tenant(organization).await?;
    lost(identity, &ctx, &mut tx, lost_domain.domain_id, &lost_domain.domain, "newer_proof").await?;
    tx.commit().await?;
    Ok(())
}

async fn lost(
    identity: &Identity,
    ctx: &Ctx,
    tx: &mut store::TenantTx,
    id: uuid::Uuid,
    domain: &str,
    reason: &str,
) -> Result<(), Error> {
    let data = json!({ "domain_id": id, "domain": domain, "reason": reason });
    tx.append(ctx, events::domain(ctx, "organization.domain_lost", id, data));
    letters::to_admins(identity, ctx, tx, Notice::DomainLost(domain)).await
}

/// Organizations with domains that are due.
///
/// # Errors
/// When the statement fails.
pub async fn due_organizations(identity: &Identity, ctx: &Ctx) -> Result<Vec<kernel::ids::OrganizationId>, Error> {
    let mut tx = identity.0.db.platform(PlatformReason::Maintenance).await?;
    let due = rows::organizations_due(&mut tx, ctx.now() - RECHECK).await?;
    tx.commit().await?;
    Ok(due)
}
