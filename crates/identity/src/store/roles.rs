//! `roles`.

use crate::roles::Role;
use chrono::{DateTime, Utc};
use kernel::ids::RoleId;
use store::{DbError, TenantTx};

/// Built-in ones first, then by name.
pub async fn list(tx: &mut TenantTx) -> Result<Vec<Role>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Role,
        r#"select r.id as "id: RoleId", r.name, r.description, r.is_system, r.permissions as named, r.version,
             (select count(*) from role_assignments a where a.role_id = r.id and a.organization_id = r.organization_id) as "assignments!",
             r.created_at, r.updated_at
           from roles r where r.organization_id = $1
           order by not r.is_system, case when r.is_system then r.created_at end, case when r.is_system then r.id end, r.name_folded"#,
        *organization_id
    )
    .fetch_all(tx.conn())
    .await?)
}

pub async fn find(tx: &mut TenantTx, id: RoleId) -> Result<Option<Role>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Role,
        r#"select r.id as "id: RoleId", r.name, r.description, r.is_system, r.permissions as named, r.version,
             (select count(*) from role_assignments a where a.role_id = r.id and a.organization_id = r.organization_id) as "assignments!",
             r.created_at, r.updated_at
           from roles r where r.id = $1 and r.organization_id = $2"#,
        *id,
        *organization_id
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// The same, kept for this transaction alone: nobody gets or loses the role meanwhile.
pub async fn lock(tx: &mut TenantTx, id: RoleId) -> Result<Option<Role>, DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!("select from roles where id = $1 and organization_id = $2 for update", *id, *organization_id)
        .fetch_optional(tx.conn())
        .await?;
    find(tx, id).await
}

/// By the folded name.
pub async fn by_name(tx: &mut TenantTx, folded: &str) -> Result<Option<Role>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Role,
        r#"select r.id as "id: RoleId", r.name, r.description, r.is_system, r.permissions as named, r.version,
             (select count(*) from role_assignments a where a.role_id = r.id and a.organization_id = r.organization_id) as "assignments!",
             r.created_at, r.updated_at
           from roles r where r.organization_id = $1 and r.name_folded = $2"#,
        *organization_id,
        folded
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// `false` where the name is taken.
pub async fn insert(
    tx: &mut TenantTx,
    id: RoleId,
    name: &str,
    folded: &str,
    description: &str,
    permissions: &[String],
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    let added = sqlx::query!(
        "insert into roles (id, organization_id, name, name_folded, description, is_system, permissions, created_at, updated_at)
         values ($1, $2, $3, $4, $5, false, $6, $7, $7) on conflict (organization_id, name_folded) do nothing",
        *id,
        *organization_id,
        name,
        folded,
        description,
        permissions,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(added.rows_affected() == 1)
}

pub async fn update(
    tx: &mut TenantTx,
    id: RoleId,
    name: &str,
    folded: &str,
    description: &str,
    permissions: &[String],
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update roles set name = $3, name_folded = $4, description = $5, permissions = $6, version = version + 1, updated_at = $7
         where id = $1 and organization_id = $2 and not is_system",
        *id,
        *organization_id,
        name,
        folded,
        description,
        permissions,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub async fn delete(tx: &mut TenantTx, id: RoleId) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!("delete from roles where id = $1 and organization_id = $2 and not is_system", *id, *organization_id)
        .execute(tx.conn())
        .await?;
    Ok(())
}
