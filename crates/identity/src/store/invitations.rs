//! `invitations`, and the memberships that wait for one to be accepted.

use crate::invitations::InvitationRow;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::ids::{MembershipId, OrganizationId, UnitId, UserId};
use store::{DbError, PlatformTx, TenantTx};
use uuid::Uuid;

/// Somebody about to be asked to become a member.
pub struct NewInvited<'a> {
    pub id: MembershipId,
    pub user_id: UserId,
    pub name: &'a str,
    pub name_norm: &'a str,
    pub email: &'a str,
    pub language: &'a str,
    pub display_name: Option<&'a str>,
    pub job_title: Option<&'a str>,
}

/// Adds an invited membership, or makes a removed one invited. `None` where a living one is there.
pub async fn join_invited(
    tx: &mut TenantTx,
    new: &NewInvited<'_>,
    now: DateTime<Utc>,
) -> Result<Option<MembershipId>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"insert into memberships (id, organization_id, user_id, status, known_name, known_name_norm, known_email, known_language,
             display_name, job_title, created_at, updated_at)
           values ($1, $2, $3, 'invited', $4, $5, $6, $7, $8, $9, $10, $10)
           on conflict (organization_id, user_id) do update
             set status = 'invited', known_name = excluded.known_name, known_name_norm = excluded.known_name_norm,
               known_email = excluded.known_email, known_language = excluded.known_language,
               display_name = excluded.display_name, job_title = excluded.job_title, joined_at = null, suspended_at = null,
               erased_at = null, erased_number = null, version = memberships.version + 1, updated_at = excluded.updated_at
             where memberships.status = 'removed'
           returning id as "id: MembershipId""#,
        *new.id,
        *organization_id,
        *new.user_id,
        new.name,
        new.name_norm,
        new.email,
        new.language,
        new.display_name,
        new.job_title,
        now
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Makes an ended membership, whose invitation expired, invited again.
pub async fn reinvite(tx: &mut TenantTx, id: MembershipId, now: DateTime<Utc>) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    let done = sqlx::query!(
        "update memberships set status = 'invited', version = version + 1, updated_at = $3
         where id = $1 and organization_id = $2 and status = 'removed' and erased_at is null",
        *id,
        *organization_id,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// In whose name a letter goes out.
pub struct Sender {
    pub organization: String,
    pub language: String,
    /// The person who asked for it, if it was one.
    pub name: Option<String>,
}

pub async fn sender(tx: &mut TenantTx, user: Option<UserId>) -> Result<Sender, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Sender,
        r#"select o.name as organization, o.default_language as language,
             (select p.name from people p where p.organization_id = o.id and p.user_id = $2) as name
           from organizations o where o.id = $1"#,
        *organization_id,
        user.map(|user| user.0)
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Counts one more letter of a day; how many there are with it.
pub async fn count_letter(tx: &mut TenantTx, day: NaiveDate) -> Result<i32, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        "insert into invitation_days as d (organization_id, day, sent) values ($1, $2, 1)
         on conflict (organization_id, day) do update set sent = d.sent + 1 returning sent",
        *organization_id,
        day
    )
    .fetch_one(tx.conn())
    .await?)
}

/// An invitation about to be made.
pub struct NewInvitation<'a> {
    pub id: Uuid,
    pub membership_id: MembershipId,
    pub user_id: UserId,
    pub token_hash: &'a [u8; 32],
    pub message: Option<&'a str>,
    pub invited_by: Option<Uuid>,
    pub expires_at: DateTime<Utc>,
}

pub async fn insert(tx: &mut TenantTx, new: &NewInvitation<'_>, now: DateTime<Utc>) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "insert into invitations (id, organization_id, membership_id, user_id, token_hash, message, invited_by, expires_at,
           created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
        new.id,
        *organization_id,
        *new.membership_id,
        *new.user_id,
        &new.token_hash[..],
        new.message,
        new.invited_by,
        new.expires_at,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Gives an invitation a new token and a new life; the older token is nothing from then on.
pub async fn renew(
    tx: &mut TenantTx,
    id: Uuid,
    token_hash: &[u8; 32],
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update invitations set token_hash = $3, expires_at = $4, status = 'pending', sent_count = sent_count + 1,
           version = version + 1, updated_at = $5
         where id = $1 and organization_id = $2",
        id,
        *organization_id,
        &token_hash[..],
        expires_at,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Ends an invitation.
pub async fn set_status(tx: &mut TenantTx, id: Uuid, status: &str, now: DateTime<Utc>) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update invitations set status = $3, accepted_at = case when $3 = 'accepted' then $4::timestamptz end,
           version = version + 1, updated_at = $4
         where id = $1 and organization_id = $2",
        id,
        *organization_id,
        status,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Ends the living invitation of a member, if there is one.
pub async fn end_pending(
    tx: &mut TenantTx,
    membership: MembershipId,
    status: &str,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update invitations set status = $3, version = version + 1, updated_at = $4
         where organization_id = $1 and membership_id = $2 and status = 'pending'",
        *organization_id,
        *membership,
        status,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// One invitation, kept for this transaction alone until its end.
pub async fn lock(tx: &mut TenantTx, id: Uuid) -> Result<Option<InvitationRow>, DbError> {
    let organization_id = tx.organization_id();
    // The membership first, as everything else that changes one does.
    sqlx::query!(
        "select m.id from memberships m join invitations i on i.membership_id = m.id and i.organization_id = m.organization_id
         where i.id = $1 and i.organization_id = $2 for update of m",
        id,
        *organization_id
    )
    .fetch_optional(tx.conn())
    .await?;
    sqlx::query!("select id from invitations where id = $1 and organization_id = $2 for update", id, *organization_id)
        .fetch_optional(tx.conn())
        .await?;
    let mut found = list(tx, None, Some(id), None, 1).await?;
    Ok(found.pop())
}

/// Invitations, the newest first, after the one given; or the one of this id.
pub async fn list(
    tx: &mut TenantTx,
    status: Option<&str>,
    only: Option<Uuid>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<InvitationRow>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        InvitationRow,
        r#"select i.id, i.membership_id as "membership_id: MembershipId", i.user_id as "user_id: UserId", i.token_hash, i.status,
             i.message, i.invited_by as "invited_by: UserId", i.sent_count, i.expires_at, i.accepted_at, i.created_at, i.version,
             p.name as "name!", p.name_norm as "name_norm!", p.email as "email!", p.language as "language!", p.status as "membership_status!",
             array(select distinct r.name from role_assignments a
               join roles r on r.id = a.role_id and r.organization_id = a.organization_id
               where a.organization_id = i.organization_id and a.membership_id = i.membership_id order by 1) as "roles!",
             array(select um.unit_id from unit_memberships um
               where um.organization_id = i.organization_id and um.membership_id = i.membership_id order by 1) as "units!: Vec<UnitId>"
           from invitations i join people p on p.organization_id = i.organization_id and p.membership_id = i.membership_id
           where i.organization_id = $1 and ($2::text is null or i.status = $2) and ($3::uuid is null or i.id = $3)
             and ($4::uuid is null or i.id < $4)
           order by i.id desc limit $5"#,
        *organization_id,
        status,
        only,
        before,
        limit
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Which organization and invitation a token belongs to.
pub async fn by_token(tx: &mut PlatformTx, hash: &[u8; 32]) -> Result<Option<(OrganizationId, Uuid)>, DbError> {
    let row = sqlx::query!(
        r#"select organization_id as "organization_id!: OrganizationId", invitation_id as "invitation_id!" from invitation_by_token($1)"#,
        &hash[..]
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| (row.organization_id, row.invitation_id)))
}

/// An invitation as the invited person sees it.
pub struct OwnInvitation {
    pub invitation_id: Uuid,
    pub organization_id: OrganizationId,
    pub slug: String,
    pub name: String,
    pub message: Option<String>,
    pub expires_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
}

pub async fn of_person(tx: &mut PlatformTx, user: UserId, now: DateTime<Utc>) -> Result<Vec<OwnInvitation>, DbError> {
    Ok(sqlx::query_as!(
        OwnInvitation,
        r#"select invitation_id as "invitation_id!", organization_id as "organization_id!: OrganizationId", slug as "slug!",
             name as "name!", message, expires_at as "expires_at!", created_at as "created_at!" from invitations_of($1, $2)"#,
        *user,
        now
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Living invitations whose time is over.
pub async fn expired(
    tx: &mut PlatformTx,
    now: DateTime<Utc>,
    most: i32,
) -> Result<Vec<(OrganizationId, Uuid)>, DbError> {
    let rows = sqlx::query!(
        r#"select organization_id as "organization_id!: OrganizationId", invitation_id as "invitation_id!" from expired_invitations($1, $2)"#,
        now,
        most
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.organization_id, row.invitation_id)).collect())
}
