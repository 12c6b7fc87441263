//! What came for a message that is not known yet.

use chrono::{DateTime, Utc};
use kernel::ids::ChannelAccountId;
use serde_json::Value;
use store::{DbError, PlatformTx, TenantTx};
use uuid::Uuid;

/// An update to be kept until its message is known.
#[derive(Clone, Debug)]
pub(crate) struct NewParked<'a> {
    pub id: Uuid,
    pub account: ChannelAccountId,
    /// `status`, `reaction`, `edit` or `revoke`.
    pub kind: &'static str,
    pub direction: &'static str,
    pub external_id: &'a str,
    pub callback_tag: Option<&'a str>,
    pub payload: Value,
    pub received_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// One that was taken back out.
#[derive(Clone, Debug)]
pub(crate) struct Parked {
    pub kind: String,
    pub payload: Value,
}

pub(crate) async fn park(tx: &mut TenantTx, new: NewParked<'_>) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    sqlx::query!(
        "insert into parked_updates (id, organization_id, channel_account_id, kind, direction, external_id, callback_tag, payload,
           received_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        new.id,
        organization_id,
        *new.account,
        new.kind,
        new.direction,
        new.external_id,
        new.callback_tag,
        new.payload,
        new.received_at,
        new.expires_at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes away what has expired, of all organizations.
pub(crate) async fn forget_parked(tx: &mut PlatformTx, now: DateTime<Utc>) -> Result<(), DbError> {
    sqlx::query!("delete from parked_updates where expires_at <= $1", now).execute(tx.conn()).await?;
    Ok(())
}

/// Takes out what waits for this id and has not expired, in order of receipt.
pub(crate) async fn take_parked(
    tx: &mut TenantTx,
    account: ChannelAccountId,
    external_id: &str,
    now: DateTime<Utc>,
) -> Result<Vec<Parked>, DbError> {
    let organization_id = *tx.organization_id();
    let mut rows = sqlx::query!(
        "delete from parked_updates where organization_id = $1 and channel_account_id = $2 and external_id = $3
         returning id, kind, payload, received_at, expires_at",
        organization_id,
        *account,
        external_id
    )
    .fetch_all(tx.conn())
    .await?;
    rows.sort_by_key(|row| (row.received_at, row.id));
    Ok(rows
        .into_iter()
        .filter(|row| row.expires_at > now)
        .map(|row| Parked { kind: row.kind, payload: row.payload })
        .collect())
}
