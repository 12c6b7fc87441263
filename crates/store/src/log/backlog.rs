//! What a reader could not take: kept per organization, tried again, in the end set aside as dead.

use super::position::Position;
use super::read::{LoggedEvent, after};
use crate::error::DbError;
use crate::platform_tx::PlatformTx;
use chrono::{DateTime, Duration, Utc};
use kernel::Error;
use kernel::ids::OrganizationId;

/// Tries of one event before it is set aside as dead.
const MAX_ATTEMPTS: i32 = 5;

/// The event that one reader's organization waits for; later ones wait behind it.
pub(super) struct Head {
    pub reader: String,
    pub organization_id: OrganizationId,
    pub position: Position,
    pub attempts: i32,
    pub due_at: DateTime<Utc>,
}

/// The first waiting event of each of these readers in each organization.
pub(super) async fn heads(tx: &mut PlatformTx, readers: &[&str]) -> Result<Vec<Head>, DbError> {
    let rows = sqlx::query!(
        "select distinct on (reader, organization_id) reader, organization_id, txid, event, attempts, due_at from reader_backlog
         where reader = any($1) and state = 'waiting' order by reader, organization_id, txid, event",
        readers as &[&str]
    )
    .fetch_all(tx.conn())
    .await?;
    let heads = rows.into_iter().map(|row| Head {
        reader: row.reader,
        organization_id: OrganizationId(row.organization_id),
        position: Position { txid: row.txid, id: row.event },
        attempts: row.attempts,
        due_at: row.due_at,
    });
    Ok(heads.collect())
}

/// The event that waits; `None` if its partition is gone: then nothing is left to be heard.
pub(super) async fn event(tx: &mut PlatformTx, head: &Head) -> Result<Option<LoggedEvent>, DbError> {
    let before = Position { id: head.position.id - 1, ..head.position };
    let event = after(tx, before, 1).await?.pop();
    Ok(event.filter(|event| event.position == head.position))
}

/// Keeps an event for later: because it failed, or because another of its organization waits before it.
pub(super) async fn set_aside(
    tx: &mut PlatformTx,
    reader: &str,
    event: &LoggedEvent,
    failed: Option<&Error>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let (organization_id, position, attempts) = (event.organization_id, event.position, i32::from(failed.is_some()));
    sqlx::query!(
        "insert into reader_backlog (reader, organization_id, txid, event, attempts, due_at, error)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
        reader,
        *organization_id,
        position.txid,
        position.id,
        attempts,
        now + pause(attempts),
        failed.map(ToString::to_string)
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes how another try of a waiting event ended.
pub(super) async fn settle(
    tx: &mut PlatformTx,
    head: &Head,
    failed: Option<&Error>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let (organization_id, Position { txid, id }, attempts) = (*head.organization_id, head.position, head.attempts + 1);
    let Some(error) = failed else {
        sqlx::query!(
            "delete from reader_backlog where reader = $1 and organization_id = $2 and txid = $3 and event = $4",
            head.reader,
            organization_id,
            txid,
            id
        )
        .execute(tx.conn())
        .await?;
        return Ok(());
    };
    sqlx::query!(
        "update reader_backlog set attempts = $5, due_at = $6, error = $7, state = $8
         where reader = $1 and organization_id = $2 and txid = $3 and event = $4",
        head.reader,
        organization_id,
        txid,
        id,
        attempts,
        now + pause(attempts),
        error.to_string(),
        if attempts >= MAX_ATTEMPTS { "dead" } else { "waiting" }
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// 1, 2, 4, 8, 16 s.
fn pause(attempts: i32) -> Duration {
    Duration::seconds(if attempts == 0 { 0 } else { 1 << (attempts - 1).clamp(0, 8) })
}
