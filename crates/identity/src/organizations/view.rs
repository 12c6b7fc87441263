//! An organization as its members see it, and the organizations of one person.

use crate::store::lifecycle::{self as rows, OrganizationRow};
use crate::store::sign_in;
use chrono::{DateTime, Utc};
use kernel::ids::{FileId, MembershipId, OrganizationId};
use kernel::{Ctx, Error, Permission, Resource};
use serde::Serialize;
use store::TenantTx;

/// Everything that it shows of itself.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct OrganizationDetails {
    pub id: OrganizationId,
    #[schema(example = "clinica-bem-estar")]
    pub slug: String,
    #[schema(example = "Clínica Bem-Estar")]
    pub name: String,
    pub legal_name: Option<String>,
    /// clinic, hospital, laboratory, imaging, pharmacy or company.
    #[schema(example = "clinic")]
    pub kind: String,
    /// A CNPJ without punctuation.
    #[schema(example = "11222333000181")]
    pub tax_id: Option<String>,
    #[schema(example = "America/Sao_Paulo")]
    pub timezone: String,
    #[schema(example = "pt-BR")]
    pub default_language: String,
    pub languages: Vec<String>,
    #[schema(example = "BRL")]
    pub currency: String,
    #[schema(example = "BR")]
    pub country: String,
    pub municipality_code: Option<String>,
    pub logo_file_id: Option<FileId>,
    /// provisioning, active, suspended, closing or erased.
    #[schema(example = "active")]
    pub status: String,
    /// Of a suspended one: `read_only` or `blocked`.
    pub suspension_mode: Option<String>,
    pub status_reason: Option<String>,
    /// When a closing one is erased.
    pub closing_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i64,
}

impl From<OrganizationRow> for OrganizationDetails {
    fn from(row: OrganizationRow) -> Self {
        Self {
            id: row.id,
            slug: row.slug,
            name: row.name,
            legal_name: row.legal_name,
            kind: row.kind,
            tax_id: row.tax_id,
            timezone: row.timezone,
            default_language: row.default_language,
            languages: row.languages,
            currency: row.currency,
            country: row.country,
            municipality_code: row.municipality_code,
            logo_file_id: row.logo_file_id,
            status: row.status,
            suspension_mode: row.suspension_mode,
            status_reason: row.status_reason,
            closing_at: row.closing_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
        }
    }
}

/// One of the organizations that the caller is a member of.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct OwnOrganization {
    pub id: OrganizationId,
    #[schema(example = "clinica-bem-estar")]
    pub slug: String,
    #[schema(example = "Clínica Bem-Estar")]
    pub name: String,
    #[schema(example = "active")]
    pub status: String,
    pub suspension_mode: Option<String>,
    pub membership_id: MembershipId,
    /// invited, active or suspended.
    #[schema(example = "active")]
    pub membership_status: String,
}

/// The caller's organization.
///
/// # Errors
/// 403 without `organization.view`.
pub async fn find_organization(ctx: &Ctx, tx: &mut TenantTx) -> Result<OrganizationDetails, Error> {
    ctx.require(Permission::ORGANIZATION_VIEW, &Resource::organization(tx.organization_id()))?;
    let row = rows::find(tx).await?.ok_or_else(Error::not_found)?;
    Ok(row.into())
}

/// Every organization of the caller, by slug: the only list of a person that crosses organizations.
///
/// # Errors
/// 403 for keys, and for whoever acts in somebody's name.
pub async fn own_organizations(ctx: &Ctx, tx: &mut TenantTx) -> Result<Vec<OwnOrganization>, Error> {
    let me = ctx.require_person()?;
    let memberships = sign_in::memberships_of(tx.conn(), me).await?;
    let own = memberships.into_iter().map(|one| OwnOrganization {
        id: one.organization_id,
        slug: one.slug,
        name: one.name,
        status: one.organization_status,
        suspension_mode: one.suspension_mode,
        membership_id: one.membership_id,
        membership_status: one.membership_status,
    });
    Ok(own.collect())
}
