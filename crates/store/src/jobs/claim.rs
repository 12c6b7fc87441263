//! Taking jobs: a fair batch, leased, skipping what others hold.

use super::enqueue::Lane;
use crate::error::DbError;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use std::collections::HashMap;
use uuid::Uuid;

pub(super) struct Claimed {
    pub lane: Lane,
    pub id: i64,
    pub organization_id: Uuid,
    pub kind: String,
    pub payload: Value,
    pub attempts: i16,
    pub deadline: Option<DateTime<Utc>>,
    pub order_key: Option<String>,
    pub request_id: String,
    pub unique_key: Option<String>,
}

/// What one look into a lane brought.
#[derive(Default)]
pub(super) struct Batch {
    pub jobs: Vec<Claimed>,
    /// More may be due: the batch, or some organization's share of it, is full.
    pub more: bool,
}

/// Leases up to `most` due jobs of a lane until `lease_until`, in one statement that is its own transaction. Every
/// organization with work gets its share of the batch before any gets more; of the jobs of one order key only the
/// first may be taken. A lost lease is only a job that runs again, so the statement does not wait for the disk.
pub(super) async fn claim(
    conn: &mut PgConnection,
    lane: Lane,
    most: i64,
    lease: Uuid,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
) -> Result<Batch, DbError> {
    let rows = sqlx::query!(
        r#"with recursive tenants (organization_id) as (
             (select organization_id from jobs where lane = $1 order by organization_id limit 1)
             union all
             select (select j.organization_id from jobs j where j.lane = $1 and j.organization_id > t.organization_id
                     order by j.organization_id limit 1)
             from tenants t where t.organization_id is not null
           ),
           not_synced as materialized (select set_config('synchronous_commit', 'off', true)),
           share (n) as materialized (
             select greatest(1, $2 / greatest(1, count(*))) from tenants, not_synced where organization_id is not null),
           due as (
             select j.id, row_number() over (partition by t.organization_id order by j.run_at, j.id) as turn
             from tenants t cross join lateral (
               select id, run_at from jobs
               where lane = $1 and organization_id = t.organization_id and run_at <= $3
                 and (order_key is null or not exists (
                   select from jobs first where first.order_key = jobs.order_key and first.id < jobs.id))
               order by run_at, id limit (select n from share) for update skip locked) j
             where t.organization_id is not null
           )
           update jobs set lease = $4, run_at = $5, attempts = attempts + 1
           where id = any(array(select id from due order by turn, id limit $2))
           returning id, organization_id, kind, payload, attempts, deadline, order_key, request_id, unique_key,
             (select n from share) as "share!""#,
        lane as i16,
        most,
        now,
        lease,
        lease_until,
    )
    .fetch_all(conn)
    .await?;
    let mut taken: HashMap<Uuid, i64> = HashMap::new();
    for row in &rows {
        *taken.entry(row.organization_id).or_default() += 1;
    }
    let share = rows.first().map_or(i64::MAX, |row| row.share);
    let more = i64::try_from(rows.len()).is_ok_and(|taken| taken >= most) || taken.values().any(|n| *n >= share);
    let jobs = rows
        .into_iter()
        .map(|row| Claimed {
            lane,
            id: row.id,
            organization_id: row.organization_id,
            kind: row.kind,
            payload: row.payload,
            attempts: row.attempts,
            deadline: row.deadline,
            order_key: row.order_key,
            request_id: row.request_id,
            unique_key: row.unique_key,
        })
        .collect();
    Ok(Batch { jobs, more })
}

/// When the next job of the lane is due, to sleep exactly so long. One that waits behind another of its order key is not.
pub(super) async fn next_due(conn: &mut PgConnection, lane: Lane) -> Result<Option<DateTime<Utc>>, DbError> {
    Ok(sqlx::query_scalar!(
        r#"with recursive tenants (organization_id) as (
             (select organization_id from jobs where lane = $1 order by organization_id limit 1)
             union all
             select (select j.organization_id from jobs j where j.lane = $1 and j.organization_id > t.organization_id
                     order by j.organization_id limit 1)
             from tenants t where t.organization_id is not null
           )
           select min(j.run_at) from tenants t cross join lateral (
             select run_at from jobs where lane = $1 and organization_id = t.organization_id
               and (order_key is null or not exists (
                 select from jobs first where first.order_key = jobs.order_key and first.id < jobs.id))
             order by run_at, id limit 1) j"#,
        lane as i16
    )
    .fetch_one(conn)
    .await?)
}

/// Keeps running jobs leased.
pub(super) async fn renew(
    conn: &mut PgConnection,
    lease: Uuid,
    ids: &[i64],
    until: DateTime<Utc>,
) -> Result<(), DbError> {
    sqlx::query!("update jobs set run_at = $3 where id = any($1) and lease = $2", ids, lease, until)
        .execute(conn)
        .await?;
    Ok(())
}
