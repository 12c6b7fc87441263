//! What is asked and replaced when somebody leaves.

use kernel::ids::{ConversationId, UserId};
use store::{DbError, TenantTx};

/// Conversations that somebody owns and that are not over.
pub(crate) async fn live_work_of(tx: &mut TenantTx, user: UserId, most: i64) -> Result<Vec<ConversationId>, DbError> {
    let organization_id = *tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select id as "id: ConversationId" from conversations
           where organization_id = $1 and owner_id = $2 and status <> 'closed' and merged_into_id is null
           order by last_activity_at desc, id desc limit $3"#,
        organization_id,
        *user,
        most
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Replaces the author's name in a page of messages; where the page ended, `None` at the end.
pub(crate) async fn forget_author(
    tx: &mut TenantTx,
    user: UserId,
    shown: &str,
    after: Option<(ConversationId, i64)>,
    most: i64,
) -> Result<Option<(ConversationId, i64)>, DbError> {
    let organization_id = *tx.organization_id();
    let row = sqlx::query!(
        r#"with page as (
             select id, conversation_id, seq from messages
             where organization_id = $1 and ($4::uuid is null or (conversation_id, seq) > ($4, $5::bigint))
             order by conversation_id, seq limit $6
           ), changed as (
             update messages m set sender_name = $3 from page p
             where m.organization_id = $1 and m.id = p.id and m.sender_kind = 'user' and m.sender_id = $2
           )
           select conversation_id as "conversation_id: ConversationId", seq from page order by conversation_id desc, seq desc limit 1"#,
        organization_id,
        *user,
        shown,
        after.map(|(conversation, _)| conversation.0),
        after.map(|(_, seq)| seq),
        most
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| (row.conversation_id, row.seq)))
}
