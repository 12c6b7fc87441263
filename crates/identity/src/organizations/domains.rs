//! Domains of an organization: added, proven by a DNS record, given up.

use super::events;
use super::letters::{self, Notice};
use crate::handle::Identity;
use crate::store::domains::{self as rows, DomainRow};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use kernel::{Ctx, Error, ErrorKind, FieldError, Permission, Resource};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::TenantTx;
use store::jobs::{Lane, NewJob};
use uuid::Uuid;

/// Domains of one organization at most.
const MOST: i64 = 50;

/// What a domain is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    Console,
    Portal,
    /// People with an e-mail there may register, and are managed here.
    SignIn,
    Email,
}

impl Purpose {
    pub fn name(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Portal => "portal",
            Self::SignIn => "sign_in",
            Self::Email => "email",
        }
    }
}

/// A domain to add.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "domain": "clinica.example", "purposes": ["sign_in", "email"] }))]
pub struct NewDomain {
    pub domain: String,
    pub purposes: Vec<Purpose>,
}

/// A domain with the record that proves it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct DomainView {
    pub id: Uuid,
    #[schema(example = "clinica.example")]
    pub domain: String,
    #[schema(example = json!(["sign_in", "email"]))]
    pub purposes: Vec<String>,
    /// Name of the TXT record.
    #[schema(example = "_balcao.clinica.example")]
    pub record_name: String,
    /// Its value.
    #[schema(example = "balcao-verification=Zk3v...")]
    pub verification_token: String,
    pub verified_at: Option<DateTime<Utc>>,
    pub last_checked_at: Option<DateTime<Utc>>,
}

impl From<DomainRow> for DomainView {
    fn from(row: DomainRow) -> Self {
        Self {
            id: row.id,
            record_name: record_name(&row.domain),
            domain: row.domain,
            purposes: row.purposes,
            verification_token: row.verification_token,
            verified_at: row.verified_at,
            last_checked_at: row.last_checked_at,
        }
    }
}

/// Where the proof is looked for.
pub fn record_name(domain: &str) -> String {
    format!("_balcao.{domain}")
}

/// All of them, by name.
///
/// # Errors
/// 403 without `organization.view`.
pub async fn list_domains(ctx: &Ctx, tx: &mut TenantTx) -> Result<Vec<DomainView>, Error> {
    ctx.require(Permission::ORGANIZATION_VIEW, &Resource::organization(tx.organization_id()))?;
    Ok(rows::list(tx).await?.into_iter().map(DomainView::from).collect())
}

/// Adds a domain, not proven yet. Others may add it too; who proves it last has it.
///
/// # Errors
/// 403 without `organization.manage`; 422 for what is no domain; 409 `DOMAIN_EXISTS`, `LIMIT_REACHED`.
pub async fn add_domain(ctx: &Ctx, tx: &mut TenantTx, new: NewDomain) -> Result<DomainView, Error> {
    ctx.require(Permission::ORGANIZATION_MANAGE, &Resource::organization(tx.organization_id()))?;
    let domain = normal_domain(&new.domain)?;
    let mut purposes: Vec<String> = new.purposes.iter().map(|purpose| purpose.name().to_owned()).collect();
    purposes.sort_unstable();
    purposes.dedup();
    if purposes.is_empty() {
        return Err(Error::invalid_field("purposes", "REQUIRED", "At least one."));
    }
    crate::store::lifecycle::lock(tx).await?;
    if rows::count(tx).await? >= MOST {
        return Err(Error::new(ErrorKind::Conflict, "LIMIT_REACHED", "An organization has at most 50 domains.")
            .with("limit", "domains")
            .with("current", MOST)
            .with("max", MOST));
    }
    let mut secret = [0; 24];
    ctx.ids.fill(&mut secret);
    let token = format!("balcao-verification={}", URL_SAFE_NO_PAD.encode(secret));
    let id: Uuid = ctx.new_id();
    rows::insert(tx, id, &domain, &purposes, &token, ctx.now()).await.map_err(|error| {
        error.conflict_on("organization_domains_domain_key", "DOMAIN_EXISTS", "This domain is in the list already.")
    })?;
    let row = rows::find(tx, id).await?.ok_or_else(Error::not_found)?;
    Ok(row.into())
}

/// Gives a domain up.
///
/// # Errors
/// 404; 403 without `organization.manage`.
pub async fn remove_domain(ctx: &Ctx, tx: &mut TenantTx, id: Uuid) -> Result<(), Error> {
    ctx.require(Permission::ORGANIZATION_MANAGE, &Resource::organization(tx.organization_id()))?;
    let row = rows::find(tx, id).await?.ok_or_else(Error::not_found)?;
    rows::delete(tx, id).await?;
    if row.verified_at.is_some() {
        let data = json!({ "domain_id": id, "domain": row.domain, "reason": "removed" });
        tx.append(ctx, events::domain(ctx, "organization.domain_lost", id, data));
    }
    Ok(())
}

/// Looks the record up and, where it is right, takes the domain: from whichever organization had it, which is told.
///
/// # Errors
/// 404; 403 without `organization.manage`; 409 `DOMAIN_NOT_PROVEN` with what was looked for; 503 `DNS_UNAVAILABLE`.
pub async fn verify_domain(identity: &Identity, ctx: &Ctx, id: Uuid) -> Result<DomainView, Error> {
    let db = &identity.0.db;
    let mut tx = db.tenant(ctx.organization_id()).await?;
    ctx.require(Permission::ORGANIZATION_MANAGE, &Resource::organization(tx.organization_id()))?;
    let row = rows::find(&mut tx, id).await?.ok_or_else(Error::not_found)?;
    tx.commit().await?;
    // Nothing is held while others are asked.
    let name = record_name(&row.domain);
    let found = identity.0.settings.dns.txt(&name).await?;
    let mut tx = db.tenant(ctx.organization_id()).await?;
    if !found.iter().any(|text| text.trim() == row.verification_token) {
        rows::checked(&mut tx, id, ctx.now()).await?;
        tx.commit().await?;
        let detail = "The TXT record is not there (yet): name servers may take a while.";
        return Err(Error::new(ErrorKind::Conflict, "DOMAIN_NOT_PROVEN", detail)
            .with("record_name", name)
            .with("record_value", row.verification_token)
            .with("found", found.len()));
    }
    prove(identity, ctx, &mut tx, &row).await?;
    let row = rows::find(&mut tx, id).await?.ok_or_else(Error::not_found)?;
    tx.commit().await?;
    Ok(row.into())
}

async fn prove(identity: &Identity, ctx: &Ctx, tx: &mut TenantTx, row: &DomainRow) -> Result<(), Error> {
    for (organization, domain_id) in rows::release_elsewhere(tx, &row.domain).await? {
        let lost = LostDomain { organization, domain_id, domain: row.domain.clone() };
        tx.enqueue(ctx, NewJob::new(Lane::Default, TELL_DOMAIN_LOST, &lost));
    }
    rows::verified(tx, row.id, ctx.now()).await?;
    if row.verified_at.is_none() {
        let data = json!({ "domain_id": row.id, "domain": row.domain, "purposes": row.purposes });
        tx.append(ctx, events::domain(ctx, "organization.domain_verified", row.id, data));
        letters::to_admins(identity, ctx, tx, Notice::DomainVerified(&row.domain)).await?;
    }
    Ok(())
}

/// Tells an organization that another one proved its domain later.
pub const TELL_DOMAIN_LOST: &str = "identity.tell_domain_lost";

/// Who lost which domain to a newer proof.
#[derive(Debug, Serialize, Deserialize)]
pub struct LostDomain {
    pub organization: kernel::ids::OrganizationId,
    pub domain_id: Uuid,
    pub domain: String,
}

/// The form that is stored and compared: lower case, ASCII, no dot at the end (RFC 1034, 3.1; RFC 5890).
///
/// # Errors
/// 422 on `domain`.
pub fn normal_domain(text: &str) -> Result<String, Error> {
    let wrong = || {
        Error::invalid(vec![FieldError {
            field: "domain".into(),
            code: "DOMAIN_INVALID".into(),
            message: "A domain name of your own, e.g. clinica.example.".into(),
        }])
    };
    let text = text.trim().trim_end_matches('.');
    let domain = idna::domain_to_ascii_strict(text).map_err(|_| wrong())?;
    let labels: Vec<&str> = domain.split('.').collect();
    let fits = |label: &&str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // A name without a dot is nobody's own, and one of digits is an address.
    let top_is_a_word = labels.last().is_some_and(|label| !label.bytes().all(|b| b.is_ascii_digit()));
    if labels.len() < 2 || domain.len() > 240 || !labels.iter().all(fits) || !top_is_a_word {
        return Err(wrong());
    }
    Ok(domain)
}

#[cfg(test)]
mod tests {
    use super::normal_domain;

    #[test]
    fn domains_are_compared_in_their_ascii_form() {
        assert_eq!(normal_domain(" Clinica.Example. ").unwrap(), "clinica.example");
        assert_eq!(normal_domain("clínica.com.br").unwrap(), "xn--clnica-4va.com.br");
        for wrong in ["", "localhost", "a..b", "-a.com", "10.0.0.1", "a b.com", "x@y.com", "http://a.com", "a_b.com"] {
            assert!(normal_domain(wrong).is_err(), "{wrong}");
        }
        assert!(normal_domain(&format!("{}.com", "a".repeat(64))).is_err());
    }
}
