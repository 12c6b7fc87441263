//! Letters to the admins of an organization.

use crate::handle::Identity;
use crate::store::lifecycle as rows;
use chrono::{DateTime, Utc};
use kernel::{Ctx, Error};
use mail::{Letter, Template};
use serde_json::json;
use store::TenantTx;

/// What they are told.
#[derive(Clone, Copy, Debug)]
pub enum Notice<'a> {
    DomainVerified(&'a str),
    DomainLost(&'a str),
    /// To be erased then.
    Closing(DateTime<Utc>),
    Reopened,
    ExportReady,
}

/// Writes to every admin in his own language.
///
/// # Errors
/// When a statement fails.
pub async fn to_admins(identity: &Identity, ctx: &Ctx, tx: &mut TenantTx, notice: Notice<'_>) -> Result<(), Error> {
    let Some(organization) = rows::find(tx).await? else { return Ok(()) };
    let (change, detail) = match notice {
        Notice::DomainVerified(domain) => ("domain_verified", domain.to_owned()),
        Notice::DomainLost(domain) => ("domain_lost", domain.to_owned()),
        Notice::Closing(at) => ("closing", at.format("%d/%m/%Y").to_string()),
        Notice::Reopened => ("reopened", String::new()),
        Notice::ExportReady => ("export_ready", String::new()),
    };
    for admin in rows::admins(tx, ctx.now()).await? {
        let letter = Letter {
            to: admin.email,
            language: admin.language,
            template: Template::OrganizationNotice,
            data: json!({ "organization": organization.name, "change": change, "detail": detail }),
        };
        mail::post(ctx, tx, &identity.0.sealer, &letter)?;
    }
    Ok(())
}
