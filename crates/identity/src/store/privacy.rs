//! `erasures`, `privacy_exports`, and what is read and removed for them.

use chrono::{DateTime, Utc};
use kernel::ids::{MembershipId, OrganizationId, UserId};
use serde_json::Value;
use sqlx::PgConnection;
use store::{DbError, PlatformTx, TenantTx};
use uuid::Uuid;

/// A membership as erasing sees it.
pub struct PlaceRow {
    pub membership_id: MembershipId,
    pub status: String,
    pub erased_number: Option<i32>,
    pub held_at: Option<DateTime<Utc>>,
}

/// Keeps a membership for this transaction alone until its end, ended ones too.
pub async fn lock_place(tx: &mut TenantTx, user: UserId) -> Result<Option<PlaceRow>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        PlaceRow,
        r#"select id as "membership_id: MembershipId", status, erased_number, held_at
           from memberships where organization_id = $1 and user_id = $2 for update"#,
        *organization_id,
        *user
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// A place of a person, and whether something there must be kept.
pub struct Place {
    pub organization_id: OrganizationId,
    pub held: bool,
}

/// Every place of a person, ended ones too.
pub async fn places(conn: &mut PgConnection, user: UserId) -> Result<Vec<Place>, DbError> {
    Ok(sqlx::query_as!(
        Place,
        r#"select organization_id as "organization_id!: OrganizationId", held as "held!" from places_of($1)"#,
        *user
    )
    .fetch_all(conn)
    .await?)
}

pub async fn set_hold(
    tx: &mut TenantTx,
    membership: MembershipId,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update memberships set held_at = case when $3::text is not null then coalesce(held_at, $4::timestamptz) end,
           hold_reason = $3, version = version + 1, updated_at = $4
         where organization_id = $1 and id = $2",
        *organization_id,
        *membership,
        reason,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// An erasure about to be asked for.
pub struct NewErasure<'a> {
    pub id: Uuid,
    pub membership_id: MembershipId,
    pub user_id: UserId,
    pub cause: &'a str,
    pub requested_by: Option<Uuid>,
    pub due_at: DateTime<Utc>,
}

/// Asks for an erasure; the one that is open already, brought forward where it is due later.
pub async fn ask_erasure(tx: &mut TenantTx, new: &NewErasure<'_>, now: DateTime<Utc>) -> Result<Uuid, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        "insert into erasures (id, organization_id, membership_id, user_id, cause, requested_by, requested_at, due_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (organization_id, membership_id) where done_at is null and canceled_at is null
           do update set due_at = least(erasures.due_at, excluded.due_at)
         returning id",
        new.id,
        *organization_id,
        *new.membership_id,
        *new.user_id,
        new.cause,
        new.requested_by,
        now,
        new.due_at
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Takes one's own wish to be erased back here.
pub async fn cancel_erasure(tx: &mut TenantTx, user: UserId, now: DateTime<Utc>) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update erasures set canceled_at = $3
         where organization_id = $1 and user_id = $2 and cause = 'own' and done_at is null and canceled_at is null",
        *organization_id,
        *user,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// An erasure with its receipt.
pub struct ErasureRow {
    pub id: Uuid,
    pub user_id: UserId,
    pub cause: String,
    pub requested_by: Option<Uuid>,
    pub requested_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub done_at: Option<DateTime<Utc>>,
    pub canceled_at: Option<DateTime<Utc>>,
    pub number: Option<i32>,
    pub login_erased: bool,
    pub stores: Value,
}

pub async fn erasures(
    tx: &mut TenantTx,
    only: Option<Uuid>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<ErasureRow>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        ErasureRow,
        r#"select id, user_id as "user_id: UserId", cause, requested_by, requested_at, due_at, done_at, canceled_at, number,
             login_erased, stores
           from erasures where organization_id = $1 and ($2::uuid is null or id = $2) and ($3::uuid is null or id < $3)
           order by id desc limit $4"#,
        *organization_id,
        only,
        before,
        limit
    )
    .fetch_all(tx.conn())
    .await?)
}

/// The receipt of what went.
pub async fn close_erasure(
    tx: &mut TenantTx,
    membership: MembershipId,
    number: i32,
    stores: &Value,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update erasures set done_at = $5, number = $3, stores = $4
         where organization_id = $1 and membership_id = $2 and done_at is null and canceled_at is null",
        *organization_id,
        *membership,
        number,
        stores,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub async fn login_was_erased(tx: &mut TenantTx, user: UserId) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update erasures set login_erased = true where organization_id = $1 and user_id = $2 and done_at is not null",
        *organization_id,
        *user
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The next `n` of `Usuário removido #n`; to be called under the lock of the admin role.
pub async fn next_number(tx: &mut TenantTx) -> Result<i32, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select coalesce(max(erased_number), 0) + 1 as "next!" from memberships where organization_id = $1"#,
        *organization_id
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Takes out of a membership what is the person's; ids, dates and totals stay.
pub async fn blank_membership(
    tx: &mut TenantTx,
    membership: MembershipId,
    shown: (&str, &str),
    number: i32,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update memberships set known_name = $3, known_name_norm = $4, known_email = null, known_language = null, display_name = null,
           job_title = null, signature_sealed = null, languages = '{}', preferences = '{}', erased_at = $6, erased_number = $5,
           version = version + 1, updated_at = $6
         where organization_id = $1 and id = $2",
        *organization_id,
        *membership,
        shown.0,
        shown.1,
        number,
        now
    )
    .execute(tx.conn())
    .await?;
    sqlx::query!(
        "update invitations set message = null where organization_id = $1 and membership_id = $2",
        *organization_id,
        *membership
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Sessions with their addresses and devices; how many went.
pub async fn forget_sessions(tx: &mut TenantTx, user: UserId) -> Result<u64, DbError> {
    let organization_id = tx.organization_id();
    let gone =
        sqlx::query!("delete from sessions where organization_id = $1 and user_id = $2", *organization_id, *user)
            .execute(tx.conn())
            .await?;
    Ok(gone.rows_affected())
}

/// Answers kept for repeated requests that are the person's, or are about the person; how many went.
pub async fn forget_kept_answers(tx: &mut TenantTx, user: UserId, email: &str) -> Result<u64, DbError> {
    let organization_id = tx.organization_id();
    let gone = sqlx::query!(
        "delete from idempotency_keys where organization_id = $1 and (principal_id = $2
           or position(convert_to($3, 'UTF8') in body) > 0 or ($4 <> '' and position(convert_to($4, 'UTF8') in body) > 0))",
        *organization_id,
        *user,
        user.to_string(),
        email
    )
    .execute(tx.conn())
    .await?;
    Ok(gone.rows_affected())
}

/// Everything that proves who the person is but the password; how many went. In a transaction of an organization that
/// the person has a place in.
pub async fn forget_credentials(tx: &mut TenantTx, user: UserId) -> Result<u64, DbError> {
    let mut gone = 0;
    gone +=
        sqlx::query!("delete from totp_factors where user_id = $1", *user).execute(tx.conn()).await?.rows_affected();
    gone +=
        sqlx::query!("delete from recovery_codes where user_id = $1", *user).execute(tx.conn()).await?.rows_affected();
    gone += sqlx::query!("delete from passkeys where user_id = $1", *user).execute(tx.conn()).await?.rows_affected();
    gone +=
        sqlx::query!("delete from user_identities where user_id = $1", *user).execute(tx.conn()).await?.rows_affected();
    gone +=
        sqlx::query!("delete from one_time_links where user_id = $1", *user).execute(tx.conn()).await?.rows_affected();
    gone +=
        sqlx::query!("delete from known_devices where user_id = $1", *user).execute(tx.conn()).await?.rows_affected();
    Ok(gone)
}

/// Empties the login and destroys the person's key; where the picture lay.
pub async fn erase_login(
    conn: &mut PgConnection,
    user: UserId,
    shown: &str,
    now: DateTime<Utc>,
) -> Result<Option<String>, DbError> {
    Ok(sqlx::query_scalar!("select erase_login($1, $2, $3)", *user, shown, now).fetch_one(conn).await?)
}

pub async fn schedule_login(
    conn: &mut PgConnection,
    user: UserId,
    due: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    sqlx::query!("select schedule_login_erasure($1, $2, $3) as done", *user, due, now).fetch_one(conn).await?;
    Ok(())
}

/// Whether there was a wish to take back.
pub async fn cancel_login(conn: &mut PgConnection, user: UserId, now: DateTime<Utc>) -> Result<bool, DbError> {
    Ok(sqlx::query_scalar!(r#"select cancel_login_erasure($1, $2) as "canceled!""#, *user, now).fetch_one(conn).await?)
}

pub async fn due_logins(tx: &mut PlatformTx, now: DateTime<Utc>, most: i32) -> Result<Vec<UserId>, DbError> {
    Ok(sqlx::query_scalar!(r#"select user_id as "user_id!: UserId" from due_login_erasures($1, $2)"#, now, most)
        .fetch_all(tx.conn())
        .await?)
}

/// The personal values of a person's audit entries, which lie beside the chain; as the worker role.
pub async fn forget_audited(tx: &mut PlatformTx, organization: OrganizationId, user: UserId) -> Result<i64, DbError> {
    Ok(sqlx::query_scalar!(r#"select audit_forget($1, $2) as "gone!""#, *organization, *user)
        .fetch_one(tx.conn())
        .await?)
}

/// An export about to be made.
pub struct NewExport {
    pub id: Uuid,
    pub membership_id: MembershipId,
    pub user_id: UserId,
    pub requested_by: UserId,
}

pub async fn insert_export(tx: &mut TenantTx, new: &NewExport, now: DateTime<Utc>) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "insert into privacy_exports (id, organization_id, membership_id, user_id, requested_by, requested_at)
         values ($1, $2, $3, $4, $5, $6)",
        new.id,
        *organization_id,
        *new.membership_id,
        *new.user_id,
        *new.requested_by,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub struct ExportRow {
    pub id: Uuid,
    pub user_id: UserId,
    pub requested_by: UserId,
    pub state: String,
    pub blob_key: Option<String>,
    pub size: Option<i64>,
    pub requested_at: DateTime<Utc>,
    pub ready_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
}

pub async fn export(tx: &mut TenantTx, id: Uuid) -> Result<Option<ExportRow>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        ExportRow,
        r#"select id, user_id as "user_id: UserId", requested_by as "requested_by: UserId", state, blob_key, size, requested_at,
             ready_at, expires_at
           from privacy_exports where organization_id = $1 and id = $2 for update"#,
        *organization_id,
        id
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub async fn export_ready(
    tx: &mut TenantTx,
    id: Uuid,
    blob_key: &str,
    size: i64,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update privacy_exports set state = 'ready', blob_key = $3, size = $4, expires_at = $5, ready_at = $6
         where organization_id = $1 and id = $2 and state = 'waiting'",
        *organization_id,
        id,
        blob_key,
        size,
        expires_at,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub async fn export_fetched(tx: &mut TenantTx, id: Uuid, now: DateTime<Utc>) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update privacy_exports set downloaded_at = coalesce(downloaded_at, $3) where organization_id = $1 and id = $2",
        *organization_id,
        id,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Ends one export, or all of a person; where the archives lay.
pub async fn expire_exports(
    tx: &mut TenantTx,
    only: Option<Uuid>,
    user: Option<UserId>,
) -> Result<Vec<String>, DbError> {
    let organization_id = tx.organization_id();
    let ended = sqlx::query_scalar!(
        "with ended as (
           select id, blob_key from privacy_exports
           where organization_id = $1 and state <> 'expired' and ($2::uuid is null or id = $2) and ($3::uuid is null or user_id = $3)
           for update)
         update privacy_exports e set state = 'expired', blob_key = null
         from ended where e.organization_id = $1 and e.id = ended.id returning ended.blob_key",
        *organization_id,
        only,
        user.map(|user| user.0)
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(ended.into_iter().flatten().collect())
}

pub async fn expired_exports(
    tx: &mut PlatformTx,
    now: DateTime<Utc>,
    most: i32,
) -> Result<Vec<(OrganizationId, Uuid)>, DbError> {
    let rows = sqlx::query!(
        r#"select organization_id as "organization_id!: OrganizationId", export_id as "export_id!" from expired_exports($1, $2)"#,
        now,
        most
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.organization_id, row.export_id)).collect())
}

/// A session as its person is told of it.
#[derive(serde::Serialize)]
pub struct SessionFacts {
    pub id: Uuid,
    pub device_name: Option<String>,
    pub user_agent: Option<String>,
    pub ip_first: Option<String>,
    pub ip_last: Option<String>,
    pub amr: Vec<String>,
    pub created_at: DateTime<Utc>,
    pub last_used_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub revoked_reason: Option<String>,
}

pub async fn sessions(tx: &mut TenantTx, user: UserId) -> Result<Vec<SessionFacts>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        SessionFacts,
        "select id, device_name, user_agent, ip_first, ip_last, amr, created_at, last_used_at, revoked_at, revoked_reason
         from sessions where organization_id = $1 and user_id = $2 order by id",
        *organization_id,
        *user
    )
    .fetch_all(tx.conn())
    .await?)
}

/// One fact of the log, and whether the person did it.
pub struct LoggedFact {
    pub txid: i64,
    pub id: i64,
    pub kind: String,
    pub occurred_at: DateTime<Utc>,
    pub stream_kind: String,
    pub stream_id: Uuid,
    pub message_id: Option<String>,
    pub own: bool,
}

/// A page of the organization's log, in its order.
pub async fn facts_after(
    tx: &mut TenantTx,
    user: UserId,
    after: (i64, i64),
    most: i64,
) -> Result<Vec<LoggedFact>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        LoggedFact,
        r#"select txid, id, kind, occurred_at, stream_kind, stream_id, data #>> '{message,id}' as message_id,
             (actor_kind = 'user' and actor_id is not distinct from $2) as "own!"
           from events where organization_id = $1 and (txid, id) > ($3, $4) order by txid, id limit $5"#,
        *organization_id,
        *user,
        after.0,
        after.1,
        most
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Replaces the person's name in a page of the log; where the page ended, `None` at the end of the log.
pub async fn forget_author_in_events(
    tx: &mut TenantTx,
    user: UserId,
    shown: &str,
    after: (i64, i64),
    most: i32,
) -> Result<Option<(i64, i64)>, DbError> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        r#"select last_txid as "last_txid!", last_id as "last_id!" from forget_author_in_events($1, $2, $3, $4, $5, $6)"#,
        *organization_id,
        *user,
        shown,
        after.0,
        after.1,
        most
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| (row.last_txid, row.last_id)))
}
