//! Dead letters: seen, and replayed.

use super::enqueue::Lane;
use crate::error::DbError;
use crate::platform_tx::PlatformTx;
use chrono::{DateTime, Utc};
use kernel::ids::OrganizationId;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// A job that failed for good, or too often.
#[derive(Clone, Debug, Serialize)]
pub struct DeadJob {
    pub id: i64,
    pub lane: i16,
    pub organization_id: Uuid,
    pub kind: String,
    pub payload: Value,
    pub attempts: i16,
    pub error: String,
    pub created_at: DateTime<Utc>,
    pub died_at: DateTime<Utc>,
}

/// The newest dead jobs, of one organization or of all.
///
/// # Errors
/// When the statement fails.
pub async fn list_dead(
    tx: &mut PlatformTx,
    organization_id: Option<OrganizationId>,
    limit: i64,
) -> Result<Vec<DeadJob>, DbError> {
    Ok(sqlx::query_as!(
        DeadJob,
        "select id, lane, organization_id, kind, payload, attempts, error, created_at, died_at from dead_jobs
         where $1::uuid is null or organization_id = $1 order by died_at desc, id desc limit $2",
        organization_id.map(|id| id.0),
        limit
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Puts dead jobs back into their lanes with fresh tries; `None` means all. Answers how many.
///
/// # Errors
/// When the statement fails.
pub async fn replay_dead(tx: &mut PlatformTx, ids: Option<&[i64]>, now: DateTime<Utc>) -> Result<u64, DbError> {
    let done = sqlx::query!(
        "with again as (delete from dead_jobs where $1::bigint[] is null or id = any($1) returning *)
         insert into jobs (lane, organization_id, kind, payload, run_at, order_key, request_id, created_at)
         select lane, organization_id, kind, payload, $2, order_key, request_id, created_at from again",
        ids,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

impl DeadJob {
    pub fn lane(&self) -> Lane {
        Lane::ALL.into_iter().find(|lane| *lane as i16 == self.lane).unwrap_or(Lane::Default)
    }
}
