//! `platform_staff`, reached by the operator's functions.

use crate::platform::Staff;
use chrono::{DateTime, Utc};
use kernel::ids::UserId;
use store::{DbError, PlatformTx};

/// Marks a login, or unmarks it; `None` where no active login has this e-mail.
pub async fn grant(
    tx: &mut PlatformTx,
    email_norm: &str,
    role: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Option<UserId>, DbError> {
    Ok(sqlx::query_scalar!(r#"select grant_platform_role($1, $2, $3) as "user_id: UserId""#, email_norm, role, now)
        .fetch_one(tx.conn())
        .await?)
}

pub async fn list(tx: &mut PlatformTx) -> Result<Vec<Staff>, DbError> {
    Ok(sqlx::query_as!(
        Staff,
        r#"select user_id as "user_id!: UserId", email as "email!", name as "name!", role as "role!", granted_at as "granted_at!"
           from platform_staff_list()"#
    )
    .fetch_all(tx.conn())
    .await?)
}
