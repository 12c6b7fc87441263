//! Items of `inbound_items` that wait until their organization is back.

use ::store::{DbError, TenantTx};
use kernel::ids::{ChannelAccountId, InboundItemId};
use uuid::Uuid;

/// Whether the organization only keeps what comes in, or something is kept still.
pub(crate) async fn intake_is_kept(tx: &mut TenantTx) -> Result<bool, DbError> {
    let organization_id = *tx.organization_id();
    sqlx::query_scalar!(
        r#"select coalesce((select inbound = 'kept' from organization_facts where organization_id = $1), false)
             or exists (select from inbound_items where organization_id = $1 and state = 'kept') as "kept!""#,
        organization_id
    )
    .fetch_one(tx.conn())
    .await
    .map_err(DbError::from)
}

/// Whether the organization only keeps what comes in.
pub(crate) async fn organization_keeps(tx: &mut TenantTx) -> Result<bool, DbError> {
    let organization_id = *tx.organization_id();
    let keeps = sqlx::query_scalar!(
        r#"select inbound <> 'processed' as "keeps!" from organization_facts where organization_id = $1"#,
        organization_id
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(keeps.unwrap_or(true))
}

/// One at a time in this organization, until the end of the transaction.
pub(crate) async fn lock_intake(tx: &mut TenantTx) -> Result<(), DbError> {
    let name = format!("kept intake {}", tx.organization_id());
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1, 0))", name).fetch_one(tx.conn()).await?;
    Ok(())
}

/// A kept item that is to run now.
pub(crate) struct KeptItem {
    pub id: InboundItemId,
    pub account: ChannelAccountId,
    pub sender_key: String,
}

/// The first ones in order of receipt; they wait for their jobs from here on.
pub(crate) async fn take(tx: &mut TenantTx, most: i64) -> Result<Vec<KeptItem>, DbError> {
    let organization_id = *tx.organization_id();
    let items = sqlx::query_as!(
        KeptItem,
        r#"select id as "id: InboundItemId", channel_account_id as "account: ChannelAccountId", sender_key from inbound_items
           where organization_id = $1 and state = 'kept' order by received_at, raw_id, position limit $2 for update"#,
        organization_id,
        most
    )
    .fetch_all(tx.conn())
    .await?;
    let ids: Vec<Uuid> = items.iter().map(|item| *item.id).collect();
    sqlx::query!(
        "update inbound_items set state = 'stored' where organization_id = $1 and id = any($2)",
        organization_id,
        &ids
    )
    .execute(tx.conn())
    .await?;
    Ok(items)
}
