//! Earlier and later forms of edited messages.

use chrono::{DateTime, Utc};
use kernel::ids::MessageId;
use serde_json::value::RawValue;
use sqlx::types::Json;
use store::{DbError, TenantTx};

/// One form of a message.
#[derive(Clone, Debug)]
pub(crate) struct VersionRow {
    pub version: i32,
    pub segments: Json<Box<RawValue>>,
    pub at: DateTime<Utc>,
}

pub(crate) async fn versions_of(tx: &mut TenantTx, message: MessageId) -> Result<Vec<VersionRow>, DbError> {
    let organization_id = *tx.organization_id();
    Ok(sqlx::query_as!(
        VersionRow,
        r#"select version, segments as "segments: Json<Box<RawValue>>", at from message_versions
           where message_id = $2 and organization_id = $1 order by version"#,
        organization_id,
        *message
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Whether this edit was taken before.
pub(crate) async fn has_version(tx: &mut TenantTx, message: MessageId, external_id: &str) -> Result<bool, DbError> {
    let organization_id = *tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select exists (select from message_versions where message_id = $2 and organization_id = $1 and external_id = $3) as "there!""#,
        organization_id,
        *message,
        external_id
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Adds a form with the next number; the message is locked.
pub(crate) async fn insert_version(
    tx: &mut TenantTx,
    message: MessageId,
    segments: &RawValue,
    external_id: Option<&str>,
    at: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    sqlx::query!(
        "insert into message_versions (organization_id, message_id, version, segments, external_id, at)
         select $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5 from message_versions where message_id = $2 and organization_id = $1",
        organization_id,
        *message,
        Json(segments) as Json<&RawValue>,
        external_id,
        at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
