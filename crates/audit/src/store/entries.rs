//! Entries: added at the end of their chain, never changed.

use crate::chain::Link;
use chrono::{DateTime, Utc};
use store::{DbError, PlatformTx, TenantTx};
use uuid::Uuid;

/// One writer a chain at a time, until the transaction ends.
pub async fn lock_chain(tx: &mut TenantTx) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('audit' || $1::uuid::text, 0))", *organization_id)
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub async fn has_event(tx: &mut TenantTx, event: Uuid) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select exists (select from audit_entries where organization_id = $1 and event_id = $2) as "has!""#,
        *organization_id,
        event
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Number and hash of the newest entry, or of the checkpoint where all were removed.
pub async fn last_link(tx: &mut TenantTx) -> Result<Option<(i64, Vec<u8>)>, DbError> {
    let organization_id = tx.organization_id();
    let newest = sqlx::query!(
        "select seq, hash from audit_entries where organization_id = $1 order by seq desc limit 1",
        *organization_id
    )
    .fetch_optional(tx.conn())
    .await?;
    match newest {
        Some(row) => Ok(Some((row.seq, row.hash))),
        None => latest_checkpoint(tx).await,
    }
}

/// Where the newest removal ended.
async fn latest_checkpoint(tx: &mut TenantTx) -> Result<Option<(i64, Vec<u8>)>, DbError> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        "select seq, hash from audit_checkpoints where organization_id = $1 order by seq desc limit 1",
        *organization_id
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| (row.seq, row.hash)))
}

/// Whether this actor's read of this thing is in the audit already, since then.
pub async fn was_read(
    tx: &mut TenantTx,
    actor: Uuid,
    resource_type: &str,
    resource_id: Uuid,
    after: DateTime<Utc>,
) -> Result<bool, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select exists (select from audit_entries where organization_id = $1 and actor_id = $2 and resource_type = $3
             and resource_id = $4 and action = 'privacy.data_read' and at > $5) as "was_read!""#,
        *organization_id,
        actor,
        resource_type,
        resource_id,
        after
    )
    .fetch_one(tx.conn())
    .await?)
}

pub async fn insert(tx: &mut TenantTx, link: &Link) -> Result<(), DbError> {
    sqlx::query!(
        "insert into audit_entries (organization_id, seq, id, event_id, at, action, category, actor_kind, actor_id,
           impersonator_id, resource_type, resource_id, result, request_id, details, commitments, prev_hash, hash)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15::text::json, $16::text::json, $17, $18)",
        link.organization_id,
        link.seq,
        link.id,
        link.event_id,
        link.at,
        link.action,
        link.category,
        link.actor_kind,
        link.actor_id,
        link.impersonator_id,
        link.resource_type,
        link.resource_id,
        link.result,
        link.request_id,
        link.details,
        link.commitments,
        link.prev_hash,
        link.hash
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Entries as they are hashed, after `seq`, first to last.
pub async fn links_after(tx: &mut TenantTx, seq: i64, limit: i64) -> Result<Vec<Link>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Link,
        r#"select organization_id, seq, id, event_id, at, action, category, actor_kind, actor_id, impersonator_id, resource_type,
             resource_id, result, request_id, details::text as "details!", commitments::text as "commitments!", prev_hash, hash
           from audit_entries where organization_id = $1 and seq > $2 order by seq limit $3"#,
        *organization_id,
        seq,
        limit
    )
    .fetch_all(tx.conn())
    .await?)
}

/// The last entry at or before an instant.
pub async fn seq_at(tx: &mut TenantTx, at: DateTime<Utc>) -> Result<Option<(i64, Vec<u8>, DateTime<Utc>)>, DbError> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        "select seq, hash, at from audit_entries where organization_id = $1 and at <= $2 order by seq desc limit 1",
        *organization_id,
        at
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| (row.seq, row.hash, row.at)))
}

/// What is asked for; what is left out does not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Filter {
    pub actions: Option<Vec<String>>,
    pub category: Option<String>,
    pub actor_id: Option<Uuid>,
    pub resource_type: Option<String>,
    pub resource_id: Option<Uuid>,
    pub result: Option<String>,
    pub request_id: Option<String>,
    /// Keyed hash of an address.
    pub ip_lookup: Option<Vec<u8>>,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
}

impl Filter {
    /// The same without the database, for what exports ask for.
    pub fn takes(&self, link: &Link) -> bool {
        self.category.as_ref().is_none_or(|category| *category == link.category)
            && self.actor_id.is_none_or(|actor| link.actor_id == Some(actor))
            && self.from.is_none_or(|from| link.at >= from)
            && self.to.is_none_or(|to| link.at < to)
    }
}

/// Entries before `before`, newest first.
pub async fn list(tx: &mut TenantTx, filter: &Filter, before: i64, limit: i64) -> Result<Vec<Link>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Link,
        r#"select organization_id, seq, id, event_id, at, action, category, actor_kind, actor_id, impersonator_id, resource_type,
             resource_id, result, request_id, details::text as "details!", commitments::text as "commitments!", prev_hash, hash
           from audit_entries where organization_id = $1 and seq < $2
             and ($3::text[] is null or action = any($3)) and ($4::text is null or category = $4)
             and ($5::uuid is null or actor_id = $5) and ($6::text is null or resource_type = $6)
             and ($7::uuid is null or resource_id = $7) and ($8::text is null or result = $8)
             and ($9::text is null or request_id = $9) and ($10::timestamptz is null or at >= $10)
             and ($11::timestamptz is null or at < $11)
             and ($12::bytea is null or exists (select from audit_values v where v.organization_id = $1
               and v.seq = audit_entries.seq and v.field = 'ip' and v.lookup = $12))
           order by seq desc limit $13"#,
        *organization_id,
        before,
        filter.actions.as_deref() as Option<&[String]>,
        filter.category,
        filter.actor_id,
        filter.resource_type,
        filter.resource_id,
        filter.result,
        filter.request_id,
        filter.from,
        filter.to,
        filter.ip_lookup.as_deref(),
        limit
    )
    .fetch_all(tx.conn())
    .await?)
}

pub async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<Link>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        Link,
        r#"select organization_id, seq, id, event_id, at, action, category, actor_kind, actor_id, impersonator_id, resource_type,
             resource_id, result, request_id, details::text as "details!", commitments::text as "commitments!", prev_hash, hash
           from audit_entries where organization_id = $1 and id = $2"#,
        *organization_id,
        id
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub async fn hash_of(tx: &mut TenantTx, seq: i64) -> Result<Option<Vec<u8>>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        "select hash from audit_entries where organization_id = $1 and seq = $2",
        *organization_id,
        seq
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Every organization that is not erased.
pub async fn organizations(tx: &mut PlatformTx) -> Result<Vec<Uuid>, DbError> {
    Ok(sqlx::query_scalar!("select id from organizations where status <> 'erased' order by id")
        .fetch_all(tx.conn())
        .await?)
}
