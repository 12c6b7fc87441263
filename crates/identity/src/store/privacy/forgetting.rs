//! What erasing removes and empties.

use chrono::{DateTime, Utc};
use kernel::ids::{MembershipId, OrganizationId, UserId};
use sqlx::PgConnection;
use store::{DbError, PlatformTx, TenantTx};

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

/// The name under which the person acted in others' names.
pub async fn forget_acting(tx: &mut TenantTx, user: UserId, shown: &str) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update impersonations set by_name = $3 where organization_id = $1 and by_user_id = $2",
        *organization_id,
        *user,
        shown
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

/// Answers kept for repeated requests that are the person's, or are about the person or an invitation of hers; how many
/// went. The answers are sealed, so it is their addresses that tell.
pub async fn forget_kept_answers(tx: &mut TenantTx, user: UserId, membership: MembershipId) -> Result<u64, DbError> {
    let organization_id = tx.organization_id();
    let gone = sqlx::query!(
        "delete from idempotency_keys k where k.organization_id = $1 and (k.principal_id = $2 or exists (
           select from (select $2 as id union all select $3 union all
             select i.id from invitations i where i.organization_id = $1 and i.membership_id = $3) about
           where position(about.id::text in k.route) > 0 or position(about.id::text in k.headers::text) > 0))",
        *organization_id,
        *user,
        *membership
    )
    .execute(tx.conn())
    .await?;
    Ok(gone.rows_affected())
}

/// Everything that proves who the person is but the password, with the links and devices. In a transaction of any
/// organization.
pub async fn forget_credentials(tx: &mut TenantTx, user: UserId) -> Result<(), DbError> {
    sqlx::query!("select forget_factors($1) as done", *user).fetch_one(tx.conn()).await?;
    sqlx::query!("delete from one_time_links where user_id = $1", *user).execute(tx.conn()).await?;
    sqlx::query!("delete from known_devices where user_id = $1", *user).execute(tx.conn()).await?;
    Ok(())
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

/// The personal values of a person's audit entries, which lie beside the chain; as the worker role.
pub async fn forget_audited(tx: &mut PlatformTx, organization: OrganizationId, user: UserId) -> Result<i64, DbError> {
    Ok(sqlx::query_scalar!(r#"select audit_forget($1, $2) as "gone!""#, *organization, *user)
        .fetch_one(tx.conn())
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
