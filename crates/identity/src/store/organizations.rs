//! `organizations`, and the rows of `roles` that every one of them has.

use crate::provision::{NewOrganization, Organization};
use chrono::{DateTime, Utc};
use kernel::ids::{OrganizationId, RoleId};
use store::{DbError, PlatformTx, TenantTx};

/// Which organization a slug names, whoever asks.
pub async fn by_slug(tx: &mut PlatformTx, slug: &str) -> Result<Option<Organization>, DbError> {
    Ok(sqlx::query_as!(
        Organization,
        r#"select id as "id!: OrganizationId", slug as "slug!", name as "name!", status as "status!", suspension_mode
           from organization_by_slug($1)"#,
        slug
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Which organization had this slug and still answers to it.
pub async fn by_former_slug(
    tx: &mut PlatformTx,
    slug: &str,
    now: DateTime<Utc>,
) -> Result<Option<Organization>, DbError> {
    Ok(sqlx::query_as!(
        Organization,
        r#"select id as "id!: OrganizationId", slug as "slug!", name as "name!", status as "status!", suspension_mode
           from organization_by_former_slug($1, $2)"#,
        slug,
        now
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Why the organization of this transaction is in its state.
pub async fn status_reason(tx: &mut TenantTx) -> Result<Option<String>, DbError> {
    let id = tx.organization_id();
    Ok(sqlx::query_scalar!("select status_reason from organizations where id = $1", *id).fetch_one(tx.conn()).await?)
}

/// The organization of this transaction.
pub async fn find(tx: &mut TenantTx) -> Result<Option<Organization>, DbError> {
    let id = tx.organization_id();
    Ok(sqlx::query_as!(
        Organization,
        r#"select id as "id: OrganizationId", slug, name, status, suspension_mode from organizations where id = $1"#,
        *id
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Whether it was added; `false` also where another organization has the slug.
pub async fn insert(
    tx: &mut TenantTx,
    new: &NewOrganization,
    tax_id: Option<&str>,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let id = tx.organization_id();
    let added = sqlx::query!(
        "insert into organizations (id, slug, name, legal_name, kind, tax_id, timezone, default_language, languages, status,
           simulation, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, array[$8], 'active', $9, $10, $10)
         on conflict do nothing",
        *id,
        new.slug,
        new.name,
        new.legal_name,
        new.kind,
        tax_id,
        new.timezone,
        new.default_language,
        new.simulation,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(added.rows_affected() == 1)
}

/// Adds a built-in role unless it is there.
pub async fn insert_built_in_role(
    tx: &mut TenantTx,
    id: RoleId,
    name: &str,
    description: &str,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    let added = sqlx::query!(
        "insert into roles (id, organization_id, name, name_folded, description, is_system, created_at, updated_at)
         values ($1, $2, $3, $3, $4, true, $5, $5) on conflict (organization_id, name_folded) do nothing",
        *id,
        *organization_id,
        name,
        description,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(added.rows_affected() == 1)
}

/// Every organization there is or was, for work that spares none.
pub async fn every_id(tx: &mut PlatformTx) -> Result<Vec<OrganizationId>, DbError> {
    Ok(sqlx::query_scalar!(r#"select id as "id: OrganizationId" from organizations order by id"#)
        .fetch_all(tx.conn())
        .await?)
}

/// ISO 3166.
pub async fn country(tx: &mut TenantTx) -> Result<Option<String>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!("select country from organizations where id = $1", *organization_id)
        .fetch_optional(tx.conn())
        .await?)
}
