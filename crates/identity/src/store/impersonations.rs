//! `impersonations`.

use super::api_keys::Reader;
use crate::impersonation::Impersonation;
use chrono::{DateTime, Utc};
use kernel::ids::{MembershipId, OrganizationId, SessionId, UserId};
use store::{DbError, PlatformTx, TenantTx};
use uuid::Uuid;

pub async fn insert(tx: &mut TenantTx, new: &Impersonation) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "insert into impersonations (id, organization_id, kind, mode, status, reason, minutes, by_user_id, by_name, membership_id,
           requested_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        new.id,
        *organization_id,
        new.kind,
        new.mode,
        new.status,
        new.reason,
        new.minutes,
        *new.by_user_id,
        new.by_name,
        new.membership_id.map(|id| id.0),
        new.requested_at,
        new.expires_at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<Impersonation>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Impersonation,
        r#"select i.id, i.kind, i.mode, i.status, i.reason, i.minutes, i.by_user_id as "by_user_id: UserId", i.by_name,
             i.membership_id as "membership_id: MembershipId", m.user_id as "user_id?: UserId", i.session_id as "session_id: SessionId",
             i.requested_at, i.expires_at, i.decided_by, i.decided_at, i.started_at, i.ended_at, i.ended_by
           from impersonations i
           left join memberships m on m.id = i.membership_id and m.organization_id = i.organization_id
           where i.id = $1 and i.organization_id = $2"#,
        id,
        *organization_id
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// The same, kept for this transaction alone.
pub async fn lock(tx: &mut TenantTx, id: Uuid) -> Result<Option<Impersonation>, DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!("select from impersonations where id = $1 and organization_id = $2 for update", id, *organization_id)
        .fetch_optional(tx.conn())
        .await?;
    find(tx, id).await
}

/// Those of the support, newest first.
pub async fn support(tx: &mut TenantTx) -> Result<Vec<Impersonation>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Impersonation,
        r#"select i.id, i.kind, i.mode, i.status, i.reason, i.minutes, i.by_user_id as "by_user_id: UserId", i.by_name,
             i.membership_id as "membership_id: MembershipId", m.user_id as "user_id?: UserId", i.session_id as "session_id: SessionId",
             i.requested_at, i.expires_at, i.decided_by, i.decided_at, i.started_at, i.ended_at, i.ended_by
           from impersonations i
           left join memberships m on m.id = i.membership_id and m.organization_id = i.organization_id
           where i.organization_id = $1 and i.kind = 'support' order by i.id desc limit 200"#,
        *organization_id
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Those whose time is over and that nobody has closed.
pub async fn ended(tx: &mut TenantTx, now: DateTime<Utc>) -> Result<Vec<Impersonation>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Impersonation,
        r#"select i.id, i.kind, i.mode, i.status, i.reason, i.minutes, i.by_user_id as "by_user_id: UserId", i.by_name,
             i.membership_id as "membership_id: MembershipId", m.user_id as "user_id?: UserId", i.session_id as "session_id: SessionId",
             i.requested_at, i.expires_at, i.decided_by, i.decided_at, i.started_at, i.ended_at, i.ended_by
           from impersonations i
           left join memberships m on m.id = i.membership_id and m.organization_id = i.organization_id
           where i.organization_id = $1 and i.status in ('requested', 'approved', 'started') and i.expires_at <= $2
           for no key update of i skip locked"#,
        *organization_id,
        now
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Notes an answer; `host` is in whose name it will act.
pub async fn decide(
    tx: &mut TenantTx,
    id: Uuid,
    status: &str,
    by: Option<Uuid>,
    host: Option<MembershipId>,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update impersonations set status = $3, decided_by = $4, membership_id = $5, expires_at = $6, decided_at = $7
         where id = $1 and organization_id = $2",
        id,
        *organization_id,
        status,
        by,
        host.map(|id| id.0),
        until,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub async fn start(
    tx: &mut TenantTx,
    id: Uuid,
    membership_id: MembershipId,
    session_id: SessionId,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update impersonations set status = 'started', membership_id = $3, session_id = $4, expires_at = $5, started_at = $6
         where id = $1 and organization_id = $2",
        id,
        *organization_id,
        *membership_id,
        *session_id,
        until,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub async fn end(
    tx: &mut TenantTx,
    id: Uuid,
    status: &str,
    by: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update impersonations set status = $3, ended_by = $4, ended_at = $5 where id = $1 and organization_id = $2",
        id,
        *organization_id,
        status,
        by,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The admin who is here longest.
pub async fn first_admin(tx: &mut TenantTx, now: DateTime<Utc>) -> Result<Option<(MembershipId, UserId)>, DbError> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        r#"select m.id as "id: MembershipId", m.user_id as "user_id: UserId"
           from memberships m join users u on u.id = m.user_id
           where m.organization_id = $1 and m.status = 'active' and u.status = 'active' and exists (
             select from role_assignments a join roles r on r.id = a.role_id and r.organization_id = a.organization_id
             where a.organization_id = m.organization_id and a.membership_id = m.id and a.scope_type = 'organization'
               and r.is_system and r.name_folded = 'admin'
               and (a.effective_from is null or a.effective_from <= $2) and (a.effective_to is null or $2 < a.effective_to))
           order by m.joined_at, m.id limit 1"#,
        *organization_id,
        now
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| (row.id, row.user_id)))
}

/// Where a letter to a member goes, and the name of the organization.
pub async fn reader(tx: &mut TenantTx, user: UserId) -> Result<Option<(Reader, String)>, DbError> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        "select u.email, u.language, o.name from memberships m
         join users u on u.id = m.user_id join organizations o on o.id = m.organization_id
         where m.organization_id = $1 and m.user_id = $2 and m.status = 'active'",
        *organization_id,
        *user
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| (Reader { email: row.email, language: row.language }, row.name)))
}

pub async fn organization_name(tx: &mut TenantTx) -> Result<String, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!("select name from organizations where id = $1", *organization_id)
        .fetch_one(tx.conn())
        .await?)
}

/// In which organization a staff member asked.
pub async fn place(tx: &mut PlatformTx, id: Uuid, staff: UserId) -> Result<Option<OrganizationId>, DbError> {
    Ok(sqlx::query_scalar!(r#"select support_session_place($1, $2) as "id: OrganizationId""#, id, *staff)
        .fetch_one(tx.conn())
        .await?)
}

pub async fn organizations_with_ended(tx: &mut PlatformTx, now: DateTime<Utc>) -> Result<Vec<OrganizationId>, DbError> {
    Ok(sqlx::query_scalar!(r#"select organizations_with_ended_impersonations($1) as "id!: OrganizationId""#, now)
        .fetch_all(tx.conn())
        .await?)
}
