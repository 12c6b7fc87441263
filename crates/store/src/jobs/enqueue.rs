//! Adding jobs.

use crate::error::DbError;
use crate::platform_tx::{INSTALLATION, PlatformTx};
use chrono::{DateTime, Utc};
use kernel::Ctx;
use kernel::ids::OrganizationId;
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use sqlx::types::Json;
use std::sync::Arc;
use uuid::Uuid;

/// Which queue a job waits in; bulk work never delays interactive work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Somebody is waiting for it: inbound messages, replies.
    Interactive = 0,
    /// Media, notices, upkeep.
    Default = 1,
    /// Campaigns, imports, exports.
    Bulk = 2,
}

impl Lane {
    pub const ALL: [Self; 3] = [Self::Interactive, Self::Default, Self::Bulk];

    pub fn name(self) -> &'static str {
        match self {
            Self::Interactive => "interactive",
            Self::Default => "default",
            Self::Bulk => "bulk",
        }
    }
}

/// A job about to be added. Make it with [`NewJob::new`] and hand it to a transaction.
#[derive(Clone, Debug)]
pub struct NewJob {
    pub(crate) lane: Lane,
    pub(crate) organization_id: OrganizationId,
    pub(crate) kind: &'static str,
    pub(crate) payload: Value,
    pub(crate) run_at: Option<DateTime<Utc>>,
    pub(crate) deadline: Option<DateTime<Utc>>,
    pub(crate) unique_key: Option<String>,
    pub(crate) order_key: Option<String>,
    pub(crate) request_id: Arc<str>,
    pub(crate) created_at: DateTime<Utc>,
}

impl NewJob {
    /// A job of this kind, due at once. A payload that cannot be written as JSON becomes null and fails in its handler.
    pub fn new(lane: Lane, kind: &'static str, payload: &impl Serialize) -> Self {
        Self {
            lane,
            organization_id: OrganizationId(Uuid::nil()),
            kind,
            payload: serde_json::to_value(payload).unwrap_or_default(),
            run_at: None,
            deadline: None,
            unique_key: None,
            order_key: None,
            request_id: Arc::from(""),
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    /// Not before this instant.
    #[must_use]
    pub fn at(mut self, run_at: DateTime<Utc>) -> Self {
        self.run_at = Some(run_at);
        self
    }

    /// Tried no more after this instant: dead then.
    #[must_use]
    pub fn until(mut self, deadline: DateTime<Utc>) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// At most one waiting job of this kind, organization and key: a second one is dropped.
    #[must_use]
    pub fn unique(mut self, key: impl Into<String>) -> Self {
        self.unique_key = Some(key.into());
        self
    }

    /// Jobs of one key (in one organization) run one after the other, in the order they were added.
    #[must_use]
    pub fn in_order(mut self, key: impl Into<String>) -> Self {
        self.order_key = Some(key.into());
        self
    }

    pub(crate) fn of(mut self, organization_id: OrganizationId, ctx: &Ctx) -> Self {
        self.organization_id = organization_id;
        self.order_key = self.order_key.map(|key| format!("{organization_id}:{key}"));
        self.request_id = ctx.request_id.clone();
        self.created_at = ctx.now();
        self.run_at = Some(self.run_at.unwrap_or(self.created_at));
        self
    }
}

pub(crate) async fn insert_jobs(conn: &mut PgConnection, jobs: &[NewJob]) -> Result<(), DbError> {
    let lanes: Vec<i16> = jobs.iter().map(|job| job.lane as i16).collect();
    let organizations: Vec<Uuid> = jobs.iter().map(|job| job.organization_id.0).collect();
    let kinds: Vec<&str> = jobs.iter().map(|job| job.kind).collect();
    let payloads: Vec<Json<&Value>> = jobs.iter().map(|job| Json(&job.payload)).collect();
    let times: Vec<DateTime<Utc>> = jobs.iter().map(|job| job.run_at.unwrap_or(job.created_at)).collect();
    let deadlines: Vec<Option<DateTime<Utc>>> = jobs.iter().map(|job| job.deadline).collect();
    let uniques: Vec<Option<&str>> = jobs.iter().map(|job| job.unique_key.as_deref()).collect();
    let orders: Vec<Option<&str>> = jobs.iter().map(|job| job.order_key.as_deref()).collect();
    let requests: Vec<&str> = jobs.iter().map(|job| &*job.request_id).collect();
    let created: Vec<DateTime<Utc>> = jobs.iter().map(|job| job.created_at).collect();
    sqlx::query!(
        "insert into jobs (lane, organization_id, kind, payload, run_at, deadline, unique_key, order_key, request_id, created_at)
         select * from unnest($1::smallint[], $2::uuid[], $3::text[], $4::jsonb[], $5::timestamptz[], $6::timestamptz[],
           $7::text[], $8::text[], $9::text[], $10::timestamptz[])
         on conflict (organization_id, kind, unique_key) where unique_key is not null and lease is null do nothing",
        &lanes,
        &organizations,
        &kinds as &[&str],
        &payloads as &[Json<&Value>],
        &times,
        &deadlines as &[Option<DateTime<Utc>>],
        &uniques as &[Option<&str>],
        &orders as &[Option<&str>],
        &requests as &[&str],
        &created,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes the installation's waiting jobs of a kind whose runs take whatever there is; to be called by such a run
/// before it looks. What the removed jobs stand for was committed with them, so the look that follows sees it. Answers
/// how many.
///
/// # Errors
/// When the statement fails.
pub async fn absorb(tx: &mut PlatformTx, lane: Lane, kind: &str) -> Result<u64, DbError> {
    let gone = sqlx::query!(
        "delete from jobs where id in (
           select id from jobs where lane = $1 and organization_id = $2 and kind = $3 and lease is null for update skip locked)",
        lane as i16,
        *INSTALLATION,
        kind
    )
    .execute(tx.conn())
    .await?;
    Ok(gone.rows_affected())
}

/// Removes what waits, and what died, of an organization that is no more.
///
/// # Errors
/// When a statement fails.
pub async fn forget_organization(tx: &mut PlatformTx, organization: OrganizationId) -> Result<(), DbError> {
    sqlx::query!("delete from jobs where organization_id = $1 and lease is null", *organization)
        .execute(tx.conn())
        .await?;
    sqlx::query!("delete from dead_jobs where organization_id = $1", *organization).execute(tx.conn()).await?;
    Ok(())
}

/// How much waits in a lane.
#[derive(Clone, Debug)]
pub struct QueueDepth {
    pub lane: i16,
    pub waiting: i64,
    pub oldest_due_at: Option<DateTime<Utc>>,
}

/// What waits, lane by lane.
///
/// # Errors
/// When the statement fails.
pub async fn depth(tx: &mut PlatformTx) -> Result<Vec<QueueDepth>, DbError> {
    Ok(sqlx::query_as!(
        QueueDepth,
        r#"select lane, count(*) as "waiting!", min(run_at) as oldest_due_at from jobs group by lane order by lane"#
    )
    .fetch_all(tx.conn())
    .await?)
}
