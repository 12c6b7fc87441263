//! `sessions` as people see and end them.

use crate::sessions::SessionItem;
use chrono::{DateTime, Utc};
use kernel::ids::{SessionId, UserId};
use store::{DbError, TenantTx};

/// A login's living sessions here, the newest first.
pub async fn living_of(tx: &mut TenantTx, user_id: UserId, now: DateTime<Utc>) -> Result<Vec<SessionItem>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        SessionItem,
        r#"select id as "id: SessionId", device_name, user_agent, ip_first, ip_last, amr, created_at, last_used_at, expires_at,
             false as "current!"
           from sessions
           where organization_id = $1 and user_id = $2 and revoked_at is null and $3 < expires_at
             and $3 < last_used_at + make_interval(mins => idle_minutes)
           order by id desc"#,
        *organization_id,
        *user_id,
        now
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Ends one session of this login; `false` where there is none that lives.
pub async fn revoke_of(
    tx: &mut TenantTx,
    user_id: UserId,
    id: SessionId,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    let done = sqlx::query!(
        "update sessions set revoked_at = $5, revoked_reason = $4
         where id = $1 and organization_id = $2 and user_id = $3 and revoked_at is null",
        *id,
        *organization_id,
        *user_id,
        reason,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends all sessions of a login here but one; answers the ended ones.
pub async fn revoke_all_but(
    tx: &mut TenantTx,
    user_id: UserId,
    but: Option<SessionId>,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<Vec<SessionId>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"update sessions set revoked_at = $5, revoked_reason = $4
           where organization_id = $1 and user_id = $2 and revoked_at is null and id is distinct from $3
           returning id as "id: SessionId""#,
        *organization_id,
        *user_id,
        but.map(|id| id.0),
        reason,
        now
    )
    .fetch_all(tx.conn())
    .await?)
}
