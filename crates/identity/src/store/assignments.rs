//! `role_assignments`, with what decides where they can hold.

use crate::assignments::{Assignment, Holder, ListAssignments};
use crate::subject::{StoredGrant, grant};
use chrono::{DateTime, Utc};
use kernel::Grant;
use kernel::ids::{ChannelAccountId, MembershipId, RoleId, UnitId, UserId};
use store::{DbError, TenantTx};
use uuid::Uuid;

/// Keeps the member's row until the end; whether it is an active or invited member.
pub async fn lock_member(tx: &mut TenantTx, id: MembershipId) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    let status = sqlx::query_scalar!(
        "select status from memberships where id = $1 and organization_id = $2 for no key update",
        *id,
        *organization_id
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(status.is_some_and(|status| matches!(status.as_str(), "active" | "invited")))
}

/// Keeps the account's row until the end; whether it is there.
pub async fn lock_service_account(tx: &mut TenantTx, id: Uuid) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    let found = sqlx::query!(
        "select from service_accounts where id = $1 and organization_id = $2 and deleted_at is null for no key update",
        id,
        *organization_id
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(found.is_some())
}

/// Keeps a role from being deleted until the end; whether it is there.
pub async fn hold_role(tx: &mut TenantTx, id: RoleId) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    let found =
        sqlx::query!("select from roles where id = $1 and organization_id = $2 for key share", *id, *organization_id)
            .fetch_optional(tx.conn())
            .await?;
    Ok(found.is_some())
}

/// The membership of a login here, whatever its status.
pub async fn membership_of(tx: &mut TenantTx, user_id: UserId) -> Result<Option<MembershipId>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select id as "id: MembershipId" from memberships where organization_id = $1 and user_id = $2 and status <> 'removed'"#,
        *organization_id,
        *user_id
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// What is asked of a member besides his roles.
pub struct MemberFacts {
    pub membership_id: MembershipId,
    pub status: String,
    pub name: String,
}

/// A member by the id of the login; those removed are not there.
pub async fn member(tx: &mut TenantTx, user_id: UserId) -> Result<Option<MemberFacts>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        MemberFacts,
        r#"select membership_id as "membership_id!: MembershipId", status as "status!", name as "name!"
           from people where organization_id = $1 and user_id = $2 and status <> 'removed'"#,
        *organization_id,
        *user_id
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub async fn unit_is_active(tx: &mut TenantTx, id: UnitId) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select exists (select from active_units where organization_id = $1 and unit_id = $2) as "there!""#,
        *organization_id,
        *id
    )
    .fetch_one(tx.conn())
    .await?)
}

pub async fn channel_account_is_live(tx: &mut TenantTx, id: ChannelAccountId) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select exists (select from live_channel_accounts where organization_id = $1 and channel_account_id = $2) as "there!""#,
        *organization_id,
        *id
    )
    .fetch_one(tx.conn())
    .await?)
}

/// The unit with all below it.
pub async fn unit_tree(tx: &mut TenantTx, root: UnitId) -> Result<Vec<UnitId>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select unit_id as "unit_id!: UnitId" from unit_trees where organization_id = $1 and root_id = $2"#,
        *organization_id,
        *root
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Whether the same holder has the same role in the same scope at some time from now on that `new` covers too. What is
/// over already does not count.
pub async fn overlaps(tx: &mut TenantTx, new: &Assignment, now: DateTime<Utc>) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select exists (
             select from role_assignments a
             where a.organization_id = $1 and a.id <> $2 and a.role_id = $3
               and a.membership_id is not distinct from $4 and a.service_account_id is not distinct from $5
               and a.scope_type = $6 and a.scope_id is not distinct from $7
               and (a.effective_to is null or a.effective_to > $10) and ($9::timestamptz is null or $9 > $10)
               and tstzrange(a.effective_from, a.effective_to) && tstzrange($8::timestamptz, $9::timestamptz)
               and (a.effective_from is distinct from a.effective_to or a.effective_from is null)
           ) as "overlaps!""#,
        *organization_id,
        new.id,
        *new.role_id,
        new.membership_id.map(|id| id.0),
        new.service_account_id,
        new.scope_type,
        new.scope_id,
        new.effective_from,
        new.effective_to,
        now
    )
    .fetch_one(tx.conn())
    .await?)
}

pub async fn insert(tx: &mut TenantTx, new: &Assignment, now: DateTime<Utc>) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "insert into role_assignments (id, organization_id, membership_id, service_account_id, role_id, scope_type, scope_id,
           effective_from, effective_to, granted_by, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
        new.id,
        *organization_id,
        new.membership_id.map(|id| id.0),
        new.service_account_id,
        *new.role_id,
        new.scope_type,
        new.scope_id,
        new.effective_from,
        new.effective_to,
        new.granted_by,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub async fn set_dates(
    tx: &mut TenantTx,
    id: Uuid,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update role_assignments set effective_from = $3, effective_to = $4, version = version + 1, updated_at = $5
         where id = $1 and organization_id = $2",
        id,
        *organization_id,
        from,
        to,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub async fn delete(tx: &mut TenantTx, id: Uuid) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!("delete from role_assignments where id = $1 and organization_id = $2", id, *organization_id)
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<Assignment>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Assignment,
        r#"select a.id, a.membership_id as "membership_id: MembershipId", m.user_id as "user_id?: UserId", a.service_account_id,
             a.role_id as "role_id: RoleId", a.scope_type, a.scope_id, a.effective_from, a.effective_to, a.granted_by, a.version,
             a.created_at
           from role_assignments a
           left join memberships m on m.id = a.membership_id and m.organization_id = a.organization_id
           where a.id = $1 and a.organization_id = $2"#,
        id,
        *organization_id
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Every assignment of a role.
pub async fn of_role(tx: &mut TenantTx, role_id: RoleId) -> Result<Vec<Assignment>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Assignment,
        r#"select a.id, a.membership_id as "membership_id: MembershipId", m.user_id as "user_id?: UserId", a.service_account_id,
             a.role_id as "role_id: RoleId", a.scope_type, a.scope_id, a.effective_from, a.effective_to, a.granted_by, a.version,
             a.created_at
           from role_assignments a
           left join memberships m on m.id = a.membership_id and m.organization_id = a.organization_id
           where a.role_id = $1 and a.organization_id = $2 order by a.id"#,
        *role_id,
        *organization_id
    )
    .fetch_all(tx.conn())
    .await?)
}

/// What a member holds that is not over, oldest first.
pub async fn of_member(
    tx: &mut TenantTx,
    member: MembershipId,
    now: DateTime<Utc>,
) -> Result<Vec<Assignment>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Assignment,
        r#"select a.id, a.membership_id as "membership_id: MembershipId", m.user_id as "user_id?: UserId", a.service_account_id,
             a.role_id as "role_id: RoleId", a.scope_type, a.scope_id, a.effective_from, a.effective_to, a.granted_by, a.version,
             a.created_at
           from role_assignments a
           left join memberships m on m.id = a.membership_id and m.organization_id = a.organization_id
           where a.membership_id = $1 and a.organization_id = $2 and (a.effective_to is null or a.effective_to > $3)
           order by a.created_at, a.id"#,
        *member,
        *organization_id,
        now
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Oldest first; `after` is the last one seen.
pub async fn list(
    tx: &mut TenantTx,
    filter: &ListAssignments,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Assignment>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Assignment,
        r#"select a.id, a.membership_id as "membership_id: MembershipId", m.user_id as "user_id?: UserId", a.service_account_id,
             a.role_id as "role_id: RoleId", a.scope_type, a.scope_id, a.effective_from, a.effective_to, a.granted_by, a.version,
             a.created_at
           from role_assignments a
           left join memberships m on m.id = a.membership_id and m.organization_id = a.organization_id
           where a.organization_id = $1 and ($2::uuid is null or a.id > $2)
             and ($3::uuid is null or m.user_id = $3) and ($4::uuid is null or a.service_account_id = $4)
             and ($5::uuid is null or a.role_id = $5) and ($6::uuid is null or a.scope_id = $6)
           order by a.id limit $7"#,
        *organization_id,
        after,
        filter.user_id.map(|id| id.0),
        filter.service_account_id,
        filter.role_id.map(|id| id.0),
        filter.scope_id,
        limit
    )
    .fetch_all(tx.conn())
    .await?)
}

/// What the roles of a principal grant, ended and future ones too. A service account is a member of no unit: there `team`
/// and `unassigned` cover nothing.
pub async fn grants(tx: &mut TenantTx, holder: Holder) -> Result<Vec<Grant>, DbError> {
    let organization_id = tx.organization_id();
    let (member, account) = match holder {
        Holder::Member(member) => (Some(member.0), None),
        Holder::ServiceAccount(account) => (None, Some(account)),
    };
    let rows = sqlx::query_as!(
        StoredGrant,
        r#"select r.name as "role!", r.is_system as "is_system!", r.permissions as "permissions!",
             a.scope_type as "scope_type!", a.scope_id, a.effective_from, a.effective_to,
             case
               when a.scope_type = 'unit' then array(select t.unit_id from unit_trees t
                 where t.organization_id = a.organization_id and t.root_id = a.scope_id)
               when a.scope_type in ('team', 'unassigned') then array(select distinct t.unit_id from team_units t
                 where t.organization_id = a.organization_id and t.membership_id = a.membership_id)
             end as "units: Vec<UnitId>"
           from role_assignments a
           join roles r on r.id = a.role_id and r.organization_id = a.organization_id
           where a.organization_id = $1 and (a.membership_id = $2 or a.service_account_id = $3) order by a.id"#,
        *organization_id,
        member,
        account
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.iter().filter_map(grant).collect())
}
