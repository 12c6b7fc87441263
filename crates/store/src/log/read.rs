//! Reads the log in commit-safe order.

use super::position::Position;
use crate::error::DbError;
use crate::platform_tx::PlatformTx;
use crate::tenant_tx::TenantTx;
use chrono::{DateTime, Utc};
use kernel::ids::{EventId, OrganizationId};
use kernel::{Actor, ActorKind, Audience, StreamRef};
use serde_json::Value;
use serde_json::value::RawValue;
use sqlx::types::Json;
use uuid::Uuid;

/// One fact as it stands in the log; its data as a tree, or as text for who only passes it on.
#[derive(Clone, Debug)]
pub struct LoggedEvent<D = Value> {
    pub position: Position,
    pub id: EventId,
    pub organization_id: OrganizationId,
    pub kind: String,
    pub version: i16,
    pub occurred_at: DateTime<Utc>,
    pub stream: StreamRef,
    pub actor: Actor,
    pub request_id: String,
    pub audience: Audience,
    pub data: D,
}

/// [`LoggedEvent`] with its data as JSON text.
pub type TextEvent = LoggedEvent<Box<RawValue>>;

struct Row {
    txid: i64,
    id: i64,
    organization_id: Uuid,
    event_id: Uuid,
    kind: String,
    version: i16,
    occurred_at: DateTime<Utc>,
    stream_kind: String,
    stream_id: Uuid,
    stream_seq: Option<i64>,
    actor_kind: String,
    actor_id: Option<Uuid>,
    request_id: String,
    audience: Json<Box<RawValue>>,
    data: Json<Box<RawValue>>,
}

/// Events of all organizations after `position`, oldest first; stops before the oldest transaction still running.
///
/// # Errors
/// When the statement fails.
pub async fn after(tx: &mut PlatformTx, position: Position, limit: i64) -> Result<Vec<LoggedEvent>, DbError> {
    Ok(texts_after(tx, position, limit).await?.into_iter().map(LoggedEvent::from).collect())
}

/// [`after`], with the data as text.
///
/// # Errors
/// When the statement fails.
pub async fn texts_after(tx: &mut PlatformTx, position: Position, limit: i64) -> Result<Vec<TextEvent>, DbError> {
    let rows = sqlx::query_as!(
        Row,
        r#"select txid, id, organization_id, event_id, kind, version, occurred_at, stream_kind, stream_id, stream_seq,
           actor_kind, actor_id, request_id, audience as "audience: Json<Box<RawValue>>", data as "data: Json<Box<RawValue>>"
         from events
         where (txid, id) > ($1, $2) and txid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
         order by txid, id limit $3"#,
        position.txid,
        position.id,
        limit
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(TextEvent::from).collect())
}

/// What a look into the log brought.
pub(super) struct Heard {
    /// Of the kinds asked for, oldest first.
    pub events: Vec<LoggedEvent>,
    /// Everything up to here was looked at: perhaps not all that could be.
    pub until: Position,
}

/// Events of some kinds after `position` up to `end`, which must lie before every transaction still running ([`head`]).
/// At most `look` entries of the log are looked at; of those of other kinds nothing but the place is read.
pub(super) async fn heard(
    tx: &mut PlatformTx,
    position: Position,
    end: Position,
    kinds: &[&str],
    look: i64,
) -> Result<Heard, DbError> {
    let rows = sqlx::query_as!(
        Row,
        r#"with looked as materialized (
             select txid, id, kind, row_number() over (order by txid, id) as n from events
             where (txid, id) > ($1, $2) and txid <= $3 order by txid, id limit $4)
           select e.txid, e.id, e.organization_id, e.event_id, e.kind, e.version, e.occurred_at, e.stream_kind, e.stream_id,
             e.stream_seq, e.actor_kind, e.actor_id, e.request_id, e.audience as "audience: Json<Box<RawValue>>",
             e.data as "data: Json<Box<RawValue>>"
           from looked l join events e on e.txid = l.txid and e.id = l.id
           where l.kind = any($5) or l.n = $4 order by e.txid, e.id"#,
        position.txid,
        position.id,
        end.txid,
        look,
        kinds as &[&str]
    )
    .fetch_all(tx.conn())
    .await?;
    let last = rows.last().map(|row| Position { txid: row.txid, id: row.id });
    let events: Vec<LoggedEvent> = rows.into_iter().map(|row| TextEvent::from(row).into()).collect();
    Ok(Heard { events, until: last.unwrap_or(end) })
}

/// Events of the transaction's organization after `position`, oldest first.
///
/// # Errors
/// When the statement fails.
pub async fn in_organization(tx: &mut TenantTx, position: Position, limit: i64) -> Result<Vec<TextEvent>, DbError> {
    let organization_id = tx.organization_id();
    let rows = sqlx::query_as!(
        Row,
        r#"select txid, id, organization_id, event_id, kind, version, occurred_at, stream_kind, stream_id, stream_seq,
           actor_kind, actor_id, request_id, audience as "audience: Json<Box<RawValue>>", data as "data: Json<Box<RawValue>>"
         from events
         where organization_id = $1 and (txid, id) > ($2, $3)
           and txid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
         order by txid, id limit $4"#,
        *organization_id,
        position.txid,
        position.id,
        limit
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(TextEvent::from).collect())
}

/// The place after everything that can be read now: where a reader that wants only news starts.
///
/// # Errors
/// When the statement fails.
pub async fn head(tx: &mut PlatformTx) -> Result<Position, DbError> {
    let txid = sqlx::query_scalar!(r#"select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as "txid!""#)
        .fetch_one(tx.conn())
        .await?;
    // Everything below the horizon has been seen; of the horizon itself nothing.
    Ok(Position { txid: txid - 1, id: i64::MAX })
}

/// The same for one organization, and whether `position` may still be followed from: not older than `oldest`, at
/// most `most` events behind.
///
/// # Errors
/// When a statement fails.
pub async fn organization_tail(
    tx: &mut TenantTx,
    position: Option<Position>,
    oldest: DateTime<Utc>,
    most: i64,
) -> Result<(Position, bool), DbError> {
    let organization_id = tx.organization_id();
    let horizon = sqlx::query_scalar!(r#"select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as "txid!""#)
        .fetch_one(tx.conn())
        .await?;
    let head = Position { txid: horizon - 1, id: i64::MAX };
    let Some(position) = position else { return Ok((head, false)) };
    let behind = sqlx::query!(
        r#"select count(*) as "count!", min(occurred_at) as oldest from
             (select occurred_at from events where organization_id = $1 and (txid, id) > ($2, $3) order by txid, id limit $4) missed"#,
        *organization_id,
        position.txid,
        position.id,
        most + 1
    )
    .fetch_one(tx.conn())
    .await?;
    Ok((head, behind.count <= most && behind.oldest.is_none_or(|first| first >= oldest)))
}

/// The epoch of the log: changes when the database is restored to an earlier time.
///
/// # Errors
/// When the statement fails.
pub async fn epoch(tx: &mut PlatformTx) -> Result<i64, DbError> {
    Ok(sqlx::query_scalar!("select epoch from installation").fetch_one(tx.conn()).await?)
}

impl From<Row> for TextEvent {
    fn from(row: Row) -> Self {
        let actor_kind = match row.actor_kind.as_str() {
            "user" => ActorKind::User,
            "service_account" => ActorKind::ServiceAccount,
            "contact" => ActorKind::Contact,
            "flow" => ActorKind::Flow,
            "attendant" => ActorKind::Attendant,
            "automation" => ActorKind::Automation,
            _ => ActorKind::System,
        };
        Self {
            position: Position { txid: row.txid, id: row.id },
            id: EventId(row.event_id),
            organization_id: OrganizationId(row.organization_id),
            kind: row.kind,
            version: row.version,
            occurred_at: row.occurred_at,
            stream: StreamRef { kind: row.stream_kind.into(), id: row.stream_id, seq: row.stream_seq },
            actor: Actor { kind: actor_kind, id: row.actor_id },
            request_id: row.request_id,
            audience: serde_json::from_str(row.audience.get()).unwrap_or_default(),
            data: row.data.0,
        }
    }
}

impl From<TextEvent> for LoggedEvent {
    fn from(text: TextEvent) -> Self {
        Self {
            position: text.position,
            id: text.id,
            organization_id: text.organization_id,
            kind: text.kind,
            version: text.version,
            occurred_at: text.occurred_at,
            stream: text.stream,
            actor: text.actor,
            request_id: text.request_id,
            audience: text.audience,
            data: serde_json::from_str(text.data.get()).unwrap_or_default(),
        }
    }
}
