//! People as an organization may know them (the view `people`), and what is changed about them.

use crate::users::{Member, Order, PageOfPeople};
use chrono::{DateTime, Utc};
use kernel::ids::{MembershipId, UnitId, UserId};
use serde_json::Value;
use store::{DbError, TenantTx};
use uuid::Uuid;

/// One member by the id of the login; those removed only where `removed_too`.
pub async fn find(tx: &mut TenantTx, user_id: UserId, removed_too: bool) -> Result<Option<Member>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Member,
        r#"select p.user_id as "id!: UserId", p.membership_id as "membership_id!: MembershipId", p.name as "name!",
             p.email as "email!", p.email_verified_at, p.phone_sealed, p.signature_sealed,
             p.avatar_file_id, p.language as "language!", p.timezone, p.last_login_at, p.display_name, p.job_title,
             p.languages as "languages!", p.status as "status!", p.joined_at, p.suspended_at,
             p.version + (select case when m.known_name is null then u.version - 1 else 0 end
               from memberships m join users u on u.id = m.user_id
               where m.organization_id = p.organization_id and m.id = p.membership_id) as "version!",
             p.erased_at, '' as "first!", '' as "second!",
             array(select distinct r.name from role_assignments a
               join roles r on r.id = a.role_id and r.organization_id = a.organization_id
               where a.organization_id = p.organization_id and a.membership_id = p.membership_id order by 1) as "roles!",
             array(select um.unit_id from unit_memberships um
               where um.organization_id = p.organization_id and um.membership_id = p.membership_id order by 1) as "units!: Vec<UnitId>"
           from people p
           where p.organization_id = $1 and p.user_id = $2 and (p.status <> 'removed' or $3)"#,
        *organization_id,
        *user_id,
        removed_too
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Keeps a membership for this transaction alone until its end; its status.
pub async fn lock(tx: &mut TenantTx, user_id: UserId) -> Result<Option<(MembershipId, String)>, DbError> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        r#"select id as "id: MembershipId", status from memberships where organization_id = $1 and user_id = $2 for update"#,
        *organization_id,
        *user_id
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| (row.id, row.status)))
}

/// Members in the order asked for; the page begins after the place given.
pub async fn list(tx: &mut TenantTx, page: &PageOfPeople<'_>) -> Result<Vec<Member>, DbError> {
    let organization_id = tx.organization_id();
    let (filter, Order { first, second }) = (page.filter, page.order);
    let after = page.after;
    Ok(sqlx::query_as!(
        Member,
        r#"select q.user_id as "id!: UserId", q.membership_id as "membership_id!: MembershipId", q.name as "name!",
             q.email as "email!", q.email_verified_at, q.phone_sealed, q.signature_sealed,
             q.avatar_file_id, q.language as "language!", q.timezone, q.last_login_at, q.display_name, q.job_title,
             q.languages as "languages!", q.status as "status!", q.joined_at, q.suspended_at,
             q.version + (select case when m.known_name is null then u.version - 1 else 0 end
               from memberships m join users u on u.id = m.user_id
               where m.organization_id = q.organization_id and m.id = q.membership_id) as "version!",
             q.erased_at, q.first as "first!", q.second as "second!",
             array(select distinct r.name from role_assignments a
               join roles r on r.id = a.role_id and r.organization_id = a.organization_id
               where a.organization_id = q.organization_id and a.membership_id = q.membership_id order by 1) as "roles!",
             array(select um.unit_id from unit_memberships um
               where um.organization_id = q.organization_id and um.membership_id = q.membership_id order by 1) as "units!: Vec<UnitId>"
           from (
             select p.*,
               case $6::text when 'name' then p.name_norm
                 else coalesce(to_char(p.last_login_at at time zone 'UTC', 'YYYYMMDDHH24MISSUS'), '') end as first,
               case $8::text when 'name' then p.name_norm when '' then ''
                 else coalesce(to_char(p.last_login_at at time zone 'UTC', 'YYYYMMDDHH24MISSUS'), '') end as second
             from people p
             where p.organization_id = $1
               and case when $2::text is null then p.status <> 'removed' else p.status = $2 end
               and ($3::text is null or exists (
                 select from role_assignments a join roles r on r.id = a.role_id and r.organization_id = a.organization_id
                 where a.organization_id = p.organization_id and a.membership_id = p.membership_id and r.name_folded = $3))
               and ($4::uuid is null or exists (
                 select from unit_memberships um
                 where um.organization_id = p.organization_id and um.membership_id = p.membership_id and um.unit_id = $4))
               and ($5::text is null or starts_with(p.name_norm, $5) or position(' ' || $5 in p.name_norm) > 0
                 or ($13 and starts_with(lower(p.email), $5)))
           ) q
           where $10::text is null
             or case when $7::boolean then q.first < $10 else q.first > $10 end
             or (q.first = $10 and case when $9::boolean then q.second < $11 else q.second > $11::text end)
             or (q.first = $10 and q.second = $11 and q.user_id > $12::uuid)
           order by case when not $7 then q.first end, case when $7 then q.first end desc,
             case when not $9 then q.second end, case when $9 then q.second end desc, q.user_id
           limit $14"#,
        *organization_id,
        filter.status.as_deref(),
        filter.role.as_deref(),
        filter.unit_id.map(|unit| unit.0),
        filter.q.as_deref(),
        first.by.name(),
        first.descending,
        second.map_or("", |key| key.by.name()),
        second.is_some_and(|key| key.descending),
        after.map(|after| after.0.as_str()),
        after.map(|after| after.1.as_str()),
        after.map(|after| after.2.0),
        page.by_email,
        page.limit
    )
    .fetch_all(tx.conn())
    .await?)
}

/// What of a login was changed; `None` stays, an inner `None` clears.
#[derive(Default)]
pub struct LoginChange<'a> {
    pub name: Option<(&'a str, &'a str)>,
    pub language: Option<&'a str>,
    pub timezone: Option<Option<&'a str>>,
    pub phone_sealed: Option<Option<Vec<u8>>>,
    pub pending_email_sealed: Option<Option<Vec<u8>>>,
}

/// Changes the login of a member.
pub async fn change_login(
    tx: &mut TenantTx,
    user_id: UserId,
    change: &LoginChange<'_>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    sqlx::query!(
        "update users set name = coalesce($2, name), name_norm = coalesce($3, name_norm), language = coalesce($4, language),
           timezone = case when $5 then $6 else timezone end,
           phone_sealed = case when $7 then $8::bytea else phone_sealed end,
           pending_email_sealed = case when $9 then $10::bytea else pending_email_sealed end,
           version = version + 1, updated_at = $11
         where id = $1",
        *user_id,
        change.name.map(|name| name.0),
        change.name.map(|name| name.1),
        change.language,
        change.timezone.is_some(),
        change.timezone.flatten(),
        change.phone_sealed.is_some(),
        change.phone_sealed.as_ref().and_then(|sealed| sealed.as_deref()),
        change.pending_email_sealed.is_some(),
        change.pending_email_sealed.as_ref().and_then(|sealed| sealed.as_deref()),
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What of a membership was changed; `None` stays, an inner `None` clears.
#[derive(Default)]
pub struct MembershipChange<'a> {
    pub display_name: Option<Option<&'a str>>,
    pub job_title: Option<Option<&'a str>>,
    pub signature_sealed: Option<Option<Vec<u8>>>,
    pub languages: Option<Vec<String>>,
    pub preferences: Option<Value>,
    /// What the organization calls somebody who has not come yet.
    pub known_name: Option<(&'a str, &'a str)>,
}

pub async fn change_membership(
    tx: &mut TenantTx,
    id: MembershipId,
    change: &MembershipChange<'_>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update memberships set display_name = case when $3 then $4 else display_name end,
           job_title = case when $5 then $6 else job_title end,
           signature_sealed = case when $7 then $8::bytea else signature_sealed end,
           languages = coalesce($9, languages), preferences = coalesce($10, preferences),
           known_name = coalesce($11, known_name), known_name_norm = coalesce($12, known_name_norm),
           version = version + 1, updated_at = $13
         where id = $1 and organization_id = $2",
        *id,
        *organization_id,
        change.display_name.is_some(),
        change.display_name.flatten(),
        change.job_title.is_some(),
        change.job_title.flatten(),
        change.signature_sealed.is_some(),
        change.signature_sealed.as_ref().and_then(|sealed| sealed.as_deref()),
        change.languages.as_deref(),
        change.preferences,
        change.known_name.map(|name| name.0),
        change.known_name.map(|name| name.1),
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Puts a member into exactly these units, or into the fallback unit where none is named. `None` where one of them is
/// not there or archived; nothing is changed then.
pub async fn set_units(
    tx: &mut TenantTx,
    id: MembershipId,
    units: &[UnitId],
    now: DateTime<Utc>,
) -> Result<Option<Vec<UnitId>>, DbError> {
    let organization_id = tx.organization_id();
    let wanted: Vec<Uuid> = units.iter().map(|unit| unit.0).collect();
    let chosen = sqlx::query_scalar!("select set_member_units($1, $2, $3, $4)", *organization_id, *id, &wanted, now)
        .fetch_one(tx.conn())
        .await?;
    Ok(chosen.map(|chosen| chosen.into_iter().map(UnitId).collect()))
}

pub async fn leave_units(tx: &mut TenantTx, id: MembershipId) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!("select leave_units($1, $2) as done", *organization_id, *id).fetch_one(tx.conn()).await?;
    Ok(())
}

pub async fn preferences(tx: &mut TenantTx, id: MembershipId) -> Result<Option<Value>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        "select preferences from memberships where organization_id = $1 and id = $2",
        *organization_id,
        *id
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Moves a membership between active and suspended; whether it was in `from`.
pub async fn set_status(
    tx: &mut TenantTx,
    id: MembershipId,
    from: &str,
    to: &str,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    let done = sqlx::query!(
        "update memberships set status = $4, suspended_at = case when $4 = 'suspended' then $5::timestamptz end,
           version = version + 1, updated_at = $5
         where id = $1 and organization_id = $2 and status = $3",
        *id,
        *organization_id,
        from,
        to,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends a membership; the organization keeps the name and address that it knew. Whether it was there.
pub async fn remove(tx: &mut TenantTx, id: MembershipId, now: DateTime<Utc>) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    let done = sqlx::query!(
        "update memberships m set status = 'removed', suspended_at = null,
           known_name = coalesce(m.known_name, u.name), known_name_norm = coalesce(m.known_name_norm, u.name_norm),
           known_email = coalesce(m.known_email, u.email), known_language = coalesce(m.known_language, u.language),
           version = m.version + 1, updated_at = $3
         from users u
         where m.id = $1 and m.organization_id = $2 and m.status <> 'removed' and u.id = m.user_id",
        *id,
        *organization_id,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The built-in role `admin`, kept for this transaction alone: whoever takes it from somebody does so one after the
/// other.
pub async fn lock_admin_role(tx: &mut TenantTx) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "select id from roles where organization_id = $1 and is_system and name_folded = 'admin' for update",
        *organization_id
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(())
}

/// Active members who hold `admin` at organization scope now and for good.
pub async fn lasting_admins(tx: &mut TenantTx, now: DateTime<Utc>) -> Result<i64, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select count(distinct m.id) as "count!"
           from role_assignments a
           join roles r on r.id = a.role_id and r.organization_id = a.organization_id
           join memberships m on m.id = a.membership_id and m.organization_id = a.organization_id
           join users u on u.id = m.user_id
           where a.organization_id = $1 and r.is_system and r.name_folded = 'admin' and a.scope_type = 'organization'
             and (a.effective_from is null or a.effective_from <= $2) and a.effective_to is null
             and m.status = 'active' and u.status = 'active'"#,
        *organization_id,
        now
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Whether this domain is proven here, for whatever purpose.
pub async fn owns_domain(tx: &mut TenantTx, domain: &str) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select exists (select from organization_domains
             where organization_id = $1 and domain = $2 and verified_at is not null) as "owns!""#,
        *organization_id,
        domain
    )
    .fetch_one(tx.conn())
    .await?)
}
