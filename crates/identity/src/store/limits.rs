//! `subscriptions`, `limit_notices`, `export_counts`, and what is counted.

use crate::limits::{Allowance, Plan};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use store::{DbError, PlatformTx, TenantTx};
use uuid::Uuid;

/// What an organization pays for, and what was set for it alone.
pub struct Subscription {
    pub plan: String,
    pub status: String,
    pub seats: Option<i32>,
    pub trial_ends_at: Option<DateTime<Utc>>,
    pub renews_at: Option<DateTime<Utc>>,
    pub past_due_since: Option<DateTime<Utc>>,
    pub limits: Value,
    pub features: Value,
}

impl Subscription {
    pub fn plan(&self) -> Plan {
        Plan::parse(&self.plan).unwrap_or(Plan::Free)
    }

    pub fn allowance(&self) -> Allowance<'_> {
        Allowance { plan: self.plan(), seats: self.seats.map(i64::from), overrides: &self.limits }
    }
}

/// The subscription, made when the organization was.
pub async fn find(tx: &mut TenantTx) -> Result<Option<Subscription>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Subscription,
        "select plan, status, seats, trial_ends_at, renews_at, past_due_since, limits, features
         from subscriptions where organization_id = $1",
        *organization_id
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// The same, locked until the end of the transaction: what is counted under it stays as it is.
pub async fn lock(tx: &mut TenantTx, now: DateTime<Utc>) -> Result<Subscription, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Subscription,
        "insert into subscriptions as s (organization_id, plan, status, created_at, updated_at)
         values ($1, 'enterprise', 'active', $2, $2)
         on conflict (organization_id) do update set version = s.version
         returning plan, status, seats, trial_ends_at, renews_at, past_due_since, limits, features",
        *organization_id,
        now
    )
    .fetch_one(tx.conn())
    .await?)
}

/// The subscription that an organization begins with; one that is there stays.
pub async fn insert(
    tx: &mut TenantTx,
    plan: Plan,
    trial_ends_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    let status = if trial_ends_at.is_some() { "trial" } else { "active" };
    sqlx::query!(
        "insert into subscriptions (organization_id, plan, status, trial_ends_at, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $5) on conflict (organization_id) do nothing",
        *organization_id,
        plan.name(),
        status,
        trial_ends_at,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes the locked subscription.
pub async fn save(tx: &mut TenantTx, changed: &Subscription, now: DateTime<Utc>) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update subscriptions set plan = $2, status = $3, seats = $4, trial_ends_at = $5, renews_at = $6, past_due_since = $7,
           limits = $8, features = $9, version = version + 1, updated_at = $10
         where organization_id = $1",
        *organization_id,
        changed.plan,
        changed.status,
        changed.seats,
        changed.trial_ends_at,
        changed.renews_at,
        changed.past_due_since,
        changed.limits,
        changed.features,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Organizations whose trial is over or whose payment is late.
pub async fn due(tx: &mut PlatformTx, now: DateTime<Utc>) -> Result<Vec<Uuid>, DbError> {
    Ok(sqlx::query_scalar!(
        "select organization_id from subscriptions
         where (status = 'trial' and trial_ends_at <= $1) or status = 'past_due' order by organization_id",
        now
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Organizations with limits that customers can use up.
pub async fn with_limits(tx: &mut PlatformTx) -> Result<Vec<Uuid>, DbError> {
    Ok(sqlx::query_scalar!(
        "select s.organization_id from subscriptions s join organizations o on o.id = s.organization_id
         where o.status in ('active', 'suspended') and (s.plan <> 'enterprise' or s.limits <> '{}') order by s.organization_id"
    )
    .fetch_all(tx.conn())
    .await?)
}

pub async fn seats(tx: &mut TenantTx) -> Result<i64, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from memberships where organization_id = $1 and status in ('active', 'invited')"#,
        *organization_id
    )
    .fetch_one(tx.conn())
    .await?)
}

pub async fn conversations_since(tx: &mut TenantTx, instant: DateTime<Utc>) -> Result<i64, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        // One that began since then was active since then too, and for that there is an index.
        r#"select count(*) as "count!" from conversation_starts
           where organization_id = $1 and last_activity_at >= $2 and created_at >= $2"#,
        *organization_id,
        instant
    )
    .fetch_one(tx.conn())
    .await?)
}

pub async fn stored_bytes(tx: &mut TenantTx) -> Result<i64, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select coalesce(sum(size), 0)::bigint as "bytes!" from organization_files where organization_id = $1"#,
        *organization_id
    )
    .fetch_one(tx.conn())
    .await?)
}

pub async fn channel_accounts(tx: &mut TenantTx) -> Result<i64, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from living_channel_accounts where organization_id = $1"#,
        *organization_id
    )
    .fetch_one(tx.conn())
    .await?)
}

pub async fn api_keys(tx: &mut TenantTx, now: DateTime<Utc>) -> Result<i64, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from api_keys where organization_id = $1 and revoked_at is null and expires_at > $2"#,
        *organization_id,
        now
    )
    .fetch_one(tx.conn())
    .await?)
}

pub async fn custom_roles(tx: &mut TenantTx) -> Result<i64, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from roles where organization_id = $1 and not is_system"#,
        *organization_id
    )
    .fetch_one(tx.conn())
    .await?)
}

pub async fn exports_on(tx: &mut TenantTx, day: NaiveDate) -> Result<i64, DbError> {
    let organization_id = tx.organization_id();
    let made = sqlx::query_scalar!(
        "select made from export_counts where organization_id = $1 and day = $2",
        *organization_id,
        day
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(made.map_or(0, i64::from))
}

/// Counts an export; forgets the days before.
pub async fn count_export(tx: &mut TenantTx, day: NaiveDate) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!("delete from export_counts where organization_id = $1 and day < $2", *organization_id, day)
        .execute(tx.conn())
        .await?;
    sqlx::query!(
        "insert into export_counts as c (organization_id, day, made) values ($1, $2, 1)
         on conflict (organization_id, day) do update set made = c.made + 1",
        *organization_id,
        day
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Whether the period had no such notice yet; forgets those of earlier periods.
pub async fn add_notice(
    tx: &mut TenantTx,
    name: &str,
    level: &str,
    period: NaiveDate,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "delete from limit_notices where organization_id = $1 and name = $2 and level = $3 and period < $4",
        *organization_id,
        name,
        level,
        period
    )
    .execute(tx.conn())
    .await?;
    let added = sqlx::query!(
        "insert into limit_notices (organization_id, name, level, period, noticed_at) values ($1, $2, $3, $4, $5)
         on conflict (organization_id, name, level, period) do nothing",
        *organization_id,
        name,
        level,
        period,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(added.rows_affected() == 1)
}

pub async fn forget_notice(tx: &mut TenantTx, name: &str, level: &str) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "delete from limit_notices where organization_id = $1 and name = $2 and level = $3",
        *organization_id,
        name,
        level
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
