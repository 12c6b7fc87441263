//! `provision_organization`: an organization with what every one of them has. Idempotent.

use crate::events;
use crate::handle::Identity;
use crate::roles::BUILT_IN;
use crate::store::organizations;
use crate::tax_id::parse_cnpj;
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

const KINDS: [&str; 6] = ["clinic", "hospital", "laboratory", "imaging", "pharmacy", "company"];

/// Names that would be mistaken for the product's own hosts.
const RESERVED_SLUGS: [&str; 24] = [
    "admin",
    "api",
    "app",
    "assets",
    "auth",
    "balcao",
    "blog",
    "cdn",
    "console",
    "docs",
    "health",
    "help",
    "login",
    "mail",
    "metrics",
    "platform",
    "portal",
    "socket",
    "static",
    "status",
    "support",
    "webhooks",
    "well-known",
    "www",
];

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
    // Signing up and the platform's staff come later; until then it is the operator's command alone.
    if !matches!(ctx.subject.principal, kernel::Principal::System) {
        return Err(Error::new(ErrorKind::Forbidden, "PERMISSION_DENIED", "You may not do this.")
            .with("required", "platform.organizations"));
    }
    new.name = clean_line(&new.name);
    let tax_id = check(&new)?;
    if organizations::insert(tx, &new, tax_id.as_deref(), ctx.now()).await? {
        tx.append(ctx, events::organization_created(tx.organization_id(), &new.slug, &new.name, &new.kind));
    }
    let Some(organization) = organizations::find(tx).await? else {
        return Err(Error::new(ErrorKind::Conflict, "SLUG_TAKEN", "Another organization has this slug."));
    };
    provision_roles(ctx, tx).await?;
    Ok(organization)
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
        let found = organizations::by_slug(&mut tx, &name.to_lowercase()).await?;
        tx.commit().await?;
        Ok(found)
    }
}

/// The stored form of the tax id, if everything fits.
fn check(new: &NewOrganization) -> Result<Option<String>, Error> {
    let mut wrong: Vec<FieldError> = Vec::new();
    let mut refuse = |field: &'static str, code: &'static str, message: &'static str| {
        wrong.push(FieldError { field: field.into(), code: code.into(), message: message.into() });
    };
    if !is_dns_label(&new.slug) {
        refuse("slug", "SLUG_INVALID", "3 to 63 lower case letters, digits and inner hyphens.");
    } else if RESERVED_SLUGS.contains(&new.slug.as_str()) {
        refuse("slug", "SLUG_RESERVED", "This name is reserved.");
    }
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

fn is_dns_label(text: &str) -> bool {
    (3..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_dns_labels_and_not_reserved() {
        for slug in ["abc", "clinica-1", "a1b", &"x".repeat(63)] {
            assert!(check(&NewOrganization::new(slug, "Clínica", "clinic")).is_ok(), "{slug}");
        }
        for slug in ["ab", "-abc", "abc-", "Abc", "a_b", "clínica", "admin", &"x".repeat(64)] {
            assert_eq!(
                check(&NewOrganization::new(slug, "Clínica", "clinic")).unwrap_err().fields()[0].field,
                "slug",
                "{slug}"
            );
        }
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let error = check(&NewOrganization::new("x", "y", "shop")).unwrap_err();
        let fields: Vec<_> = error.fields().iter().map(|field| field.field.as_ref()).collect();
        assert_eq!(fields, ["slug", "name", "kind"]);
    }
}
