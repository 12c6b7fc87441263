//! `provision_organization`: an organization with what every one of them has. Idempotent.

use crate::handle::Identity;
use crate::limits::{Plan, TRIAL_DAYS};
use crate::organizations::{check_slug, events};
use crate::roles::BUILT_IN;
use crate::store::lifecycle::slug_is_kept;
use crate::store::limits;
use crate::store::organizations;
use crate::tax_id::parse_cnpj;
use chrono::Duration;
use kernel::ids::OrganizationId;
use kernel::text::clean_line;
use kernel::{Ctx, Error, ErrorKind, FieldError};
use serde::Serialize;
use store::{PlatformReason, TenantTx};

/// What an organization is called and where it is.
#[derive(Clone, Debug)]
pub struct NewOrganization {
    /// DNS label, 3 to 63 characters, unique in the installation.
    pub slug: String,
    /// 2 to 255 characters.
    pub name: String,
    /// clinic, hospital, laboratory, imaging, pharmacy or company.
    pub kind: String,
    pub legal_name: Option<String>,
    /// A CNPJ, with or without punctuation.
    pub tax_id: Option<String>,
    /// IANA id.
    pub timezone: String,
    /// BCP 47.
    pub default_language: String,
    /// Whether its channel accounts may pretend.
    pub simulation: bool,
    /// What it begins with.
    pub begins: Begins,
}

/// The subscription that an organization begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    /// Without limits: the operator's own organizations.
    Enterprise,
    /// 14 days of `pro`, then `free`: those that sign up.
    Trial,
}

impl NewOrganization {
    /// A Brazilian organization with the usual defaults.
    pub fn new(slug: impl Into<String>, name: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            slug: slug.into(),
            name: name.into(),
            kind: kind.into(),
            legal_name: None,
            tax_id: None,
            timezone: "America/Sao_Paulo".to_owned(),
            default_language: "pt-BR".to_owned(),
            simulation: false,
            begins: Begins::Enterprise,
        }
    }
}

/// An organization as sign-in and commands know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Organization {
    pub id: OrganizationId,
    pub slug: String,
    pub name: String,
    pub status: String,
    pub suspension_mode: Option<String>,
}

/// What an organization may be.
pub(crate) const KINDS: [&str; 6] = ["clinic", "hospital", "laboratory", "imaging", "pharmacy", "company"];

/// Makes the organization of this transaction, or finds it made: built-in roles that are missing are added, nothing
/// that was edited is overwritten. The binary runs every module's provisions after it, in the same transaction.
///
/// # Errors
/// 422 for wrong fields, 409 `SLUG_TAKEN` where another organization has the slug, 403 for anybody but the product.
pub async fn provision_organization(
    ctx: &Ctx,
    tx: &mut TenantTx,
    mut new: NewOrganization,
) -> Result<Organization, Error> {
    // Who may found one is decided where it is asked for: the operator's command, a sign-up, the platform's staff.
    if !matches!(ctx.subject.principal, kernel::Principal::System) {
        return Err(Error::new(ErrorKind::Forbidden, "PERMISSION_DENIED", "You may not do this.")
            .with("required", "platform.organizations"));
    }
    new.name = clean_line(&new.name);
    let tax_id = check(&new)?;
    if organizations::insert(tx, &new, tax_id.as_deref(), ctx.now()).await? {
        if slug_is_kept(tx, &new.slug, ctx.now()).await? {
            return Err(slug_taken());
        }
        let (plan, trial_ends_at) = match new.begins {
            Begins::Enterprise => (Plan::Enterprise, None),
            Begins::Trial => (Plan::Pro, Some(ctx.now() + Duration::days(TRIAL_DAYS))),
        };
        limits::insert(tx, plan, trial_ends_at, ctx.now()).await?;
        tx.append(ctx, events::created(ctx, &new.slug, &new.name, &new.kind));
    }
    let Some(organization) = organizations::find(tx).await? else {
        return Err(slug_taken());
    };
    provision_roles(ctx, tx).await?;
    Ok(organization)
}

fn slug_taken() -> Error {
    Error::new(ErrorKind::Conflict, "SLUG_TAKEN", "Another organization has this slug.")
}

/// This domain's part of provisioning: the built-in roles.
///
/// # Errors
/// When a statement fails.
pub async fn provision_roles(ctx: &Ctx, tx: &mut TenantTx) -> Result<(), Error> {
    for role in &BUILT_IN {
        organizations::insert_built_in_role(tx, ctx.new_id(), role.name, role.description, ctx.now()).await?;
    }
    Ok(())
}

impl Identity {
    /// The organization that `name` means: its slug or its id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn organization(&self, name: &str) -> Result<Option<Organization>, Error> {
        let name = name.trim();
        if let Ok(id) = name.parse::<OrganizationId>() {
            let mut tx = self.0.db.tenant(id).await?;
            let found = organizations::find(&mut tx).await?;
            tx.commit().await?;
            return Ok(found);
        }
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let slug = name.to_lowercase();
        let found = match organizations::by_slug(&mut tx, &slug).await? {
            Some(found) => Some(found),
            None => organizations::by_former_slug(&mut tx, &slug, self.0.clock.now()).await?,
        };
        tx.commit().await?;
        Ok(found)
    }
}

/// The stored form of the tax id, if everything fits.
fn check(new: &NewOrganization) -> Result<Option<String>, Error> {
    let mut wrong: Vec<FieldError> = check_slug(&new.slug).into_iter().collect();
    let mut refuse = |field: &'static str, code: &'static str, message: &'static str| {
        wrong.push(FieldError { field: field.into(), code: code.into(), message: message.into() });
    };
    if !(2..=255).contains(&new.name.chars().count()) {
        refuse("name", "LENGTH", "2 to 255 characters.");
    }
    if !KINDS.contains(&new.kind.as_str()) {
        refuse("kind", "UNKNOWN_VALUE", "One of clinic, hospital, laboratory, imaging, pharmacy, company.");
    }
    if !wrong.is_empty() {
        return Err(Error::invalid(wrong));
    }
    new.tax_id.as_deref().map(parse_cnpj).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let error = check(&NewOrganization::new("x", "y", "shop")).unwrap_err();
        let fields: Vec<_> = error.fields().iter().map(|field| field.field.as_ref()).collect();
        assert_eq!(fields, ["slug", "name", "kind"]);
    }
}
