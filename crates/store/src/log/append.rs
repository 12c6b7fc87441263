//! Writes a transaction's events in one statement.

use super::origin::{Origins, insert_origins};
use crate::error::DbError;
use chrono::{DateTime, Utc};
use kernel::ids::{EventId, OrganizationId};
use kernel::{Audience, NewEvent};
use serde_json::value::RawValue;
use sqlx::PgConnection;
use sqlx::types::Json;
use std::sync::Arc;
use uuid::Uuid;

/// An event with what the transaction adds.
pub(crate) struct Appended {
    pub event_id: EventId,
    pub occurred_at: DateTime<Utc>,
    pub request_id: Arc<str>,
    /// Kept for audited events only.
    pub origin: Option<Origins>,
    /// Its `data` is empty: `text` has it.
    pub event: NewEvent,
    /// The data as JSON text, written once.
    pub text: Box<RawValue>,
}

pub(crate) async fn insert_events(
    conn: &mut PgConnection,
    organization_id: OrganizationId,
    events: &[Appended],
) -> Result<(), DbError> {
    let n = events.len();
    let (mut ids, mut kinds, mut versions, mut times) =
        (Vec::with_capacity(n), Vec::with_capacity(n), Vec::with_capacity(n), Vec::with_capacity(n));
    let (mut stream_kinds, mut stream_ids, mut seqs) =
        (Vec::with_capacity(n), Vec::with_capacity(n), Vec::with_capacity(n));
    let (mut actor_kinds, mut actor_ids, mut requests) =
        (Vec::with_capacity(n), Vec::with_capacity(n), Vec::with_capacity(n));
    let (mut audiences, mut data) = (Vec::with_capacity(n), Vec::with_capacity(n));
    for Appended { event_id, occurred_at, request_id, event, text, .. } in events {
        ids.push(event_id.0);
        kinds.push(event.kind);
        versions.push(event.version);
        times.push(*occurred_at);
        stream_kinds.push(&*event.stream.kind);
        stream_ids.push(event.stream.id);
        seqs.push(event.stream.seq);
        actor_kinds.push(event.actor.kind.as_str());
        actor_ids.push(event.actor.id);
        requests.push(&**request_id);
        audiences.push(Json(&event.audience));
        data.push(Json(&**text));
    }
    sqlx::query!(
        "insert into events (organization_id, event_id, kind, version, occurred_at, stream_kind, stream_id, stream_seq,
           actor_kind, actor_id, request_id, audience, data)
         select $1, * from unnest($2::uuid[], $3::text[], $4::smallint[], $5::timestamptz[], $6::text[], $7::uuid[],
           $8::bigint[], $9::text[], $10::uuid[], $11::text[], $12::jsonb[], $13::jsonb[])",
        *organization_id,
        &ids,
        &kinds as &[&str],
        &versions,
        &times,
        &stream_kinds as &[&str],
        &stream_ids,
        &seqs as &[Option<i64>],
        &actor_kinds as &[&str],
        &actor_ids as &[Option<Uuid>],
        &requests as &[&str],
        &audiences as &[Json<&Audience>],
        &data as &[Json<&RawValue>],
    )
    .execute(&mut *conn)
    .await?;
    insert_origins(conn, organization_id, events).await
}
