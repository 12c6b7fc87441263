//! What changed in records.

use chrono::{DateTime, Utc};
use serde_json::Value;
use store::log::LoggedEvent;
use store::{DbError, TenantTx};
use uuid::Uuid;

/// One change of one record.
pub struct HistoryRow {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub actor_kind: String,
    pub actor_id: Option<Uuid>,
    pub action: String,
    pub request_id: String,
    pub changes: Value,
}

/// Keeps a change; an event that is heard again adds nothing.
pub async fn insert_history(tx: &mut TenantTx, id: Uuid, event: &LoggedEvent, changes: &Value) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "insert into record_history (organization_id, id, event_id, at, resource_type, resource_id, actor_kind, actor_id, action,
           request_id, changes)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing",
        *organization_id,
        id,
        *event.id,
        event.occurred_at,
        &*event.stream.kind,
        event.stream.id,
        event.actor.kind.as_str(),
        event.actor.id,
        event.kind,
        event.request_id,
        changes
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Changes of a record before `before`, newest first.
pub async fn history(
    tx: &mut TenantTx,
    resource_type: &str,
    resource_id: Uuid,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<HistoryRow>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        HistoryRow,
        "select id, at, actor_kind, actor_id, action, request_id, changes from record_history
         where organization_id = $1 and resource_type = $2 and resource_id = $3 and ($4::uuid is null or id < $4)
         order by id desc limit $5",
        *organization_id,
        resource_type,
        resource_id,
        before,
        limit
    )
    .fetch_all(tx.conn())
    .await?)
}
