//! Owners over time, and what each user has seen.

use chrono::{DateTime, Utc};
use kernel::ids::{ConversationId, UserId};
use store::{DbError, TenantTx};
use uuid::Uuid;

/// One change of owners.
#[derive(Clone, Debug)]
pub(crate) struct OwnerChange<'a> {
    pub id: Uuid,
    pub conversation_id: ConversationId,
    pub to: Option<UserId>,
    pub reason: &'a str,
    pub by: Option<Uuid>,
}

/// Ends the primary assignment and begins the next, in one statement.
pub(crate) async fn change_owner(
    tx: &mut TenantTx,
    change: OwnerChange<'_>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    sqlx::query!(
        "update conversation_assignments set until = $3
         where organization_id = $1 and conversation_id = $2 and kind = 'primary' and until is null",
        organization_id,
        *change.conversation_id,
        now
    )
    .execute(tx.conn())
    .await?;
    let Some(to) = change.to else { return Ok(()) };
    sqlx::query!(
        "insert into conversation_assignments (id, organization_id, conversation_id, user_id, reason, assigned_by, since)
         values ($1, $2, $3, $4, $5, $6, $7)",
        change.id,
        organization_id,
        *change.conversation_id,
        *to,
        change.reason,
        change.by,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Moves what a user has seen forward, never back; the place if it moved.
pub(crate) async fn advance_seen(
    tx: &mut TenantTx,
    conversation: ConversationId,
    user: UserId,
    seq: i64,
    now: DateTime<Utc>,
) -> Result<Option<i64>, DbError> {
    let organization_id = *tx.organization_id();
    Ok(sqlx::query_scalar!(
        "insert into conversation_participants (organization_id, conversation_id, user_id, role, source, last_seen_seq, created_at)
         values ($1, $2, $3, 'none', 'auto', $4, $5)
         on conflict (conversation_id, user_id, organization_id) do update set last_seen_seq = excluded.last_seen_seq
           where conversation_participants.last_seen_seq < excluded.last_seen_seq
         returning last_seen_seq",
        organization_id,
        *conversation,
        *user,
        seq,
        now
    )
    .fetch_optional(tx.conn())
    .await?)
}
