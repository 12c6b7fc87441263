//! Ending runs: done ones are deleted, failed ones wait or die; many endings share one commit.

use super::claim::Claimed;
use crate::error::DbError;
use crate::platform_tx::PlatformTx;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// How one claimed job ended.
pub(super) enum Ending {
    Done,
    /// Waits until then; `counts` says whether the run counts as a try.
    Later {
        run_at: DateTime<Utc>,
        counts: bool,
        error: Option<String>,
    },
    Dead {
        error: String,
    },
}

/// Deletes done jobs, in one statement that is its own transaction. Answers whether others of their order keys wait
/// behind them. A job whose lease went to another worker is left to that one.
pub(super) async fn finish_done(conn: &mut PgConnection, lease: Uuid, done: &[i64]) -> Result<bool, DbError> {
    Ok(sqlx::query_scalar!(
        r#"with done as (
             delete from jobs where id = any($1) and lease = $2
             returning order_key is not null and exists (
               select from jobs next where next.order_key = jobs.order_key and next.id > jobs.id and next.id <> all($1)) as followed)
           select coalesce(bool_or(followed), false) as "followed!" from done"#,
        done,
        lease
    )
    .fetch_one(conn)
    .await?)
}

/// Writes the endings of jobs that are not done.
pub(super) async fn put_back(
    tx: &mut PlatformTx,
    lease: Uuid,
    now: DateTime<Utc>,
    endings: &[(Claimed, Ending)],
) -> Result<(), DbError> {
    for (job, ending) in endings {
        match ending {
            Ending::Done => {}
            Ending::Later { run_at, counts, error } => {
                later(tx, lease, job, *run_at, *counts, error.as_deref()).await?
            }
            Ending::Dead { error } => die(tx, lease, now, job, error).await?,
        }
    }
    Ok(())
}

async fn later(
    tx: &mut PlatformTx,
    lease: Uuid,
    job: &Claimed,
    run_at: DateTime<Utc>,
    counts: bool,
    error: Option<&str>,
) -> Result<(), DbError> {
    // Where a job of the same unique key began to wait meanwhile, that one stands for both.
    let released = sqlx::query!(
        "update jobs set lease = null, run_at = $3, attempts = attempts - $4, last_error = coalesce($5, last_error)
         where id = $1 and lease = $2 and not exists (
           select from jobs other where other.organization_id = jobs.organization_id and other.kind = jobs.kind
             and other.unique_key = jobs.unique_key and other.lease is null)",
        job.id,
        lease,
        run_at,
        i16::from(!counts),
        error
    )
    .execute(tx.conn())
    .await?;
    if released.rows_affected() == 0 && job.unique_key.is_some() {
        sqlx::query!("delete from jobs where id = $1 and lease = $2", job.id, lease).execute(tx.conn()).await?;
    }
    Ok(())
}

async fn die(tx: &mut PlatformTx, lease: Uuid, now: DateTime<Utc>, job: &Claimed, error: &str) -> Result<(), DbError> {
    sqlx::query!(
        "with dead as (delete from jobs where id = $1 and lease = $2 returning *)
         insert into dead_jobs (id, lane, organization_id, kind, payload, attempts, order_key, request_id, error, created_at, died_at)
         select id, lane, organization_id, kind, payload, attempts, order_key, request_id, $3, created_at, $4 from dead",
        job.id,
        lease,
        error,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
