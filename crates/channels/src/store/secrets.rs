//! `channel_secrets`.

use crate::secrets::SecretFacts;
use ::store::{DbError, TenantTx};
use chrono::{DateTime, Utc};
use kernel::ids::ChannelAccountId;
use uuid::Uuid;

pub(crate) async fn put(
    tx: &mut TenantTx,
    account: ChannelAccountId,
    name: &str,
    sealed: &[u8],
    last_four: &str,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    sqlx::query!(
        "insert into channel_secrets (organization_id, channel_account_id, name, sealed, last_four, set_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (channel_account_id, name, organization_id) do update
           set sealed = excluded.sealed, last_four = excluded.last_four, set_at = excluded.set_at",
        organization_id,
        *account,
        name,
        sealed,
        last_four,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn sealed(
    tx: &mut TenantTx,
    account: ChannelAccountId,
    name: &str,
) -> Result<Option<Vec<u8>>, DbError> {
    let organization_id = *tx.organization_id();
    Ok(sqlx::query_scalar!(
        "select sealed from channel_secrets where organization_id = $1 and channel_account_id = $2 and name = $3",
        organization_id,
        *account,
        name
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// What may be shown of the secrets of these accounts.
pub(crate) async fn facts(tx: &mut TenantTx, accounts: &[Uuid]) -> Result<Vec<(Uuid, SecretFacts)>, DbError> {
    let organization_id = *tx.organization_id();
    let rows = sqlx::query!(
        "select channel_account_id, name, last_four, set_at from channel_secrets
         where organization_id = $1 and channel_account_id = any($2) order by channel_account_id, name",
        organization_id,
        accounts
    )
    .fetch_all(tx.conn())
    .await?;
    let facts = |row: String, last_four: String, set_at| SecretFacts { name: row, set_at, last_four };
    Ok(rows.into_iter().map(|row| (row.channel_account_id, facts(row.name, row.last_four, row.set_at))).collect())
}
