//! What is read for a person's copy.

use chrono::{DateTime, Utc};
use kernel::ids::UserId;
use store::{DbError, TenantTx};
use uuid::Uuid;

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
