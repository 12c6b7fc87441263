//! `organization_settings` and `platform_settings`.

use chrono::{DateTime, Utc};
use serde_json::Value;
use store::{DbError, TenantTx};

/// What each layer sets, by key, and the version of the organization's own.
pub struct Layers {
    pub platform: Value,
    pub plan: Value,
    pub organization: Value,
    pub version: i64,
}

pub async fn layers(tx: &mut TenantTx) -> Result<Layers, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Layers,
        r#"select
             coalesce((select jsonb_object_agg(key, value) from platform_settings where plan = ''), '{}') as "platform!",
             coalesce((select jsonb_object_agg(p.key, p.value) from platform_settings p
               join subscriptions s on s.plan = p.plan and s.organization_id = $1), '{}') as "plan!",
             coalesce((select given from organization_settings where organization_id = $1), '{}') as "organization!",
             coalesce((select version from organization_settings where organization_id = $1), 1) as "version!""#,
        *organization_id
    )
    .fetch_one(tx.conn())
    .await?)
}

/// The organization's own values, locked until the end of the transaction.
pub async fn lock(tx: &mut TenantTx, now: DateTime<Utc>) -> Result<(Value, i64), DbError> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        "insert into organization_settings as s (organization_id, updated_at) values ($1, $2)
         on conflict (organization_id) do update set given = s.given
         returning given, version",
        *organization_id,
        now
    )
    .fetch_one(tx.conn())
    .await?;
    Ok((row.given, row.version))
}

/// Writes the locked values; the new version.
pub async fn save(tx: &mut TenantTx, given: &Value, now: DateTime<Utc>) -> Result<i64, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        "update organization_settings set given = $2, version = version + 1, updated_at = $3
         where organization_id = $1 returning version",
        *organization_id,
        given,
        now
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Sets a value of the operator for a plan (empty: for all); `None` takes it back.
pub async fn put_platform(
    tx: &mut store::PlatformTx,
    plan: &str,
    key: &str,
    value: Option<&Value>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    match value {
        Some(value) => sqlx::query!(
            "insert into platform_settings (plan, key, value, updated_at) values ($1, $2, $3, $4)
             on conflict (plan, key) do update set value = excluded.value, updated_at = excluded.updated_at",
            plan,
            key,
            value,
            now
        )
        .execute(tx.conn())
        .await
        .map(|_| ())?,
        None => sqlx::query!("delete from platform_settings where plan = $1 and key = $2", plan, key)
            .execute(tx.conn())
            .await
            .map(|_| ())?,
    }
    Ok(())
}
