//! `memberships` with their logins, and `role_assignments`.

use chrono::{DateTime, Utc};
use kernel::ids::{MembershipId, UserId};
use store::{DbError, TenantTx};

/// A login about to be made, if its e-mail has none.
pub struct NewLogin<'a> {
    pub id: UserId,
    pub email: &'a str,
    pub email_norm: &'a str,
    pub name: &'a str,
    pub name_norm: &'a str,
    pub password_hash: Option<&'a str>,
    pub must_change_password: bool,
}

/// The login of an e-mail, and whether it was made by this call.
pub async fn login_for_email(
    tx: &mut TenantTx,
    new: &NewLogin<'_>,
    now: DateTime<Utc>,
) -> Result<(UserId, bool), DbError> {
    let row = sqlx::query!(
        r#"select user_id as "user_id!: UserId", made as "made!" from login_for_email($1, $2, $3, $4, $5, $6, $7, $8)"#,
        *new.id,
        new.email,
        new.email_norm,
        new.name,
        new.name_norm,
        new.password_hash,
        new.must_change_password,
        now
    )
    .fetch_one(tx.conn())
    .await?;
    Ok((row.user_id, row.made))
}

/// Adds an active membership, or makes a removed one active again. `None` where a living one is there.
pub async fn join(
    tx: &mut TenantTx,
    id: MembershipId,
    user_id: UserId,
    display_name: Option<&str>,
    job_title: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Option<MembershipId>, DbError> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        r#"insert into memberships (id, organization_id, user_id, status, display_name, job_title, joined_at, created_at, updated_at)
           values ($1, $2, $3, 'active', $4, $5, $6, $6, $6)
           on conflict (organization_id, user_id) do update
             set status = 'active', display_name = excluded.display_name, job_title = excluded.job_title,
               joined_at = excluded.joined_at, suspended_at = null, known_name = null, known_name_norm = null,
               known_email = null, known_language = null, erased_at = null, erased_number = null, version = memberships.version + 1, updated_at = excluded.updated_at
             where memberships.status = 'removed'
           returning id as "id: MembershipId""#,
        *id,
        *organization_id,
        *user_id,
        display_name,
        job_title,
        now
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| row.id))
}

/// First sign-in meant for this organization: an invited membership becomes active.
pub async fn activate(tx: &mut TenantTx, id: MembershipId, now: DateTime<Utc>) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    let done = sqlx::query!(
        "with accepted as (
           update invitations set status = 'accepted', accepted_at = $3, version = version + 1, updated_at = $3
           where organization_id = $2 and membership_id = $1 and status = 'pending')
         update memberships set status = 'active', joined_at = $3, known_name = null, known_name_norm = null, known_email = null,
           known_language = null, version = version + 1, updated_at = $3
         where id = $1 and organization_id = $2 and status = 'invited'",
        *id,
        *organization_id,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends the assignments of a member who comes back after removal.
pub async fn drop_assignments(tx: &mut TenantTx, membership_id: MembershipId) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "delete from role_assignments where organization_id = $1 and membership_id = $2",
        *organization_id,
        *membership_id
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Whether the member holds the built-in role `admin` at organization scope now.
pub async fn is_admin(tx: &mut TenantTx, membership_id: MembershipId, now: DateTime<Utc>) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select exists (
             select from role_assignments a
             join roles r on r.id = a.role_id and r.organization_id = a.organization_id
             where a.organization_id = $1 and a.membership_id = $2 and a.scope_type = 'organization'
               and r.is_system and r.name_folded = 'admin'
               and (a.effective_from is null or a.effective_from <= $3) and (a.effective_to is null or $3 < a.effective_to)
           ) as "is_admin!""#,
        *organization_id,
        *membership_id,
        now
    )
    .fetch_one(tx.conn())
    .await?)
}

/// One member by the id of the login; nobody who was removed.
pub async fn find(tx: &mut TenantTx, user_id: UserId) -> Result<Option<crate::users::Member>, DbError> {
    super::people::find(tx, user_id, false).await
}
