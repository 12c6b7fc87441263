//! The SQL of this domain.

use crate::unit::{Place, Unit};
use chrono::{DateTime, Utc};
use kernel::ids::{MembershipId, UnitId};
use store::{DbError, TenantTx};

pub struct NewUnit<'a> {
    pub id: UnitId,
    pub name: &'a str,
    pub slug: &'a str,
    pub kind: &'a str,
    pub is_fallback: bool,
    pub position: i32,
}

/// Whether it was added: a slug that is taken or a second fallback unit adds nothing.
pub async fn insert(tx: &mut TenantTx, new: &NewUnit<'_>, now: DateTime<Utc>) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    let added = sqlx::query!(
        "insert into units (id, organization_id, name, slug, kind, is_fallback, position, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8) on conflict do nothing",
        *new.id,
        *organization_id,
        new.name,
        new.slug,
        new.kind,
        new.is_fallback,
        new.position,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(added.rows_affected() == 1)
}

pub async fn has_units(tx: &mut TenantTx) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select exists (select from units where organization_id = $1) as "has_units!""#,
        *organization_id
    )
    .fetch_one(tx.conn())
    .await?)
}

pub async fn fallback_unit(tx: &mut TenantTx) -> Result<Option<UnitId>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select id as "id: UnitId" from units where organization_id = $1 and is_fallback"#,
        *organization_id
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Whether it is there, archived or not.
pub async fn exists(tx: &mut TenantTx, id: UnitId) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select exists (select from units where id = $1 and organization_id = $2) as "there!""#,
        *id,
        *organization_id
    )
    .fetch_one(tx.conn())
    .await?)
}

pub async fn is_active(tx: &mut TenantTx, id: UnitId) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select exists (select from units where id = $1 and organization_id = $2 and status = 'active') as "active!""#,
        *id,
        *organization_id
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Units in the order of position, name and id, after the last one seen.
pub async fn list(
    tx: &mut TenantTx,
    archived_too: bool,
    after: Option<&Place>,
    limit: i64,
) -> Result<Vec<Unit>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Unit,
        r#"select id as "id: UnitId", name, kind, status, is_fallback, position from units
           where organization_id = $1 and (status = 'active' or $2)
             and ($3::integer is null or (position, name, id) > ($3, $4::text, $5::uuid))
           order by position, name, id limit $6"#,
        *organization_id,
        archived_too,
        after.map(|(position, _, _)| *position),
        after.map(|(_, name, _)| name.as_str()),
        after.map(|(_, _, id)| id.0),
        limit
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Whether the member was not there yet.
pub async fn add_member(
    tx: &mut TenantTx,
    unit: UnitId,
    membership: MembershipId,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    let added = sqlx::query!(
        "insert into unit_members (unit_id, organization_id, membership_id, created_at) values ($1, $2, $3, $4)
         on conflict do nothing",
        *unit,
        *organization_id,
        *membership,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(added.rows_affected() == 1)
}

pub async fn has_unit(tx: &mut TenantTx, membership: MembershipId) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select exists (select from unit_members where organization_id = $1 and membership_id = $2 and active) as "has_unit!""#,
        *organization_id,
        *membership
    )
    .fetch_one(tx.conn())
    .await?)
}
