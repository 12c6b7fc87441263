//! The one statement that writes a change: conversations as they are now, new messages, what is to be sent of them,
//! the ids that a provider knows them by, and first owners. One statement for one reply or for a batch of them.
//! Notes have a narrower one: they change so little of a conversation that no index has to be touched.

use crate::conversation::ConversationRow;
use crate::message::MessageRow;
use chrono::{DateTime, Utc};
use kernel::ids::{ChannelAccountId, ConversationId, MessageId, UserId};
use serde_json::Value;
use serde_json::value::RawValue;
use sqlx::types::Json;
use store::{DbError, TenantTx};
use uuid::Uuid;

/// What to write; conversations must be locked by this transaction.
#[derive(Default)]
pub(crate) struct Save<'a> {
    pub conversations: Vec<&'a ConversationRow>,
    pub messages: Vec<&'a MessageRow>,
    pub sends: Vec<NewSend>,
    pub external_ids: Vec<ExternalId>,
    pub owners: Vec<NewOwner>,
}

/// The first owner of a conversation that had none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewOwner {
    pub id: Uuid,
    pub conversation_id: ConversationId,
    pub owner: UserId,
    pub reason: &'static str,
    pub by: Option<Uuid>,
    pub since: DateTime<Utc>,
}

/// A message on its way out; the database takes it only for an outbound message of an external conversation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewSend {
    pub message_id: MessageId,
    pub floor_token: i64,
    pub automated: bool,
    pub created_at: DateTime<Utc>,
}

/// A provider's id of a message.
#[derive(Clone, Debug)]
pub(crate) struct ExternalId {
    pub channel_account_id: ChannelAccountId,
    pub direction: &'static str,
    pub external_id: String,
    pub message_id: MessageId,
}

macro_rules! column {
    ($rows:expr, $row:ident => $value:expr) => {
        &$rows.iter().map(|$row| $value).collect::<Vec<_>>()
    };
}

pub(crate) async fn save(tx: &mut TenantTx, what: &Save<'_>) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    let (c, m, s, e, o) = (&what.conversations, &what.messages, &what.sends, &what.external_ids, &what.owners);
    let segments: Vec<Json<&RawValue>> = m.iter().map(|row| Json(&**row.segments)).collect();
    let deliveries: Vec<Option<Value>> = m
        .iter()
        .map(|row| row.delivery.as_ref().map(|delivery| serde_json::to_value(&delivery.0).unwrap_or_default()))
        .collect();
    sqlx::query!(
        "with conversation as (
           update conversations t set contact_name = n.contact_name, contact_address = n.contact_address, status = n.status,
             status_reason = n.status_reason, snoozed_until = n.snoozed_until, archived_at = n.archived_at, unit_id = n.unit_id,
             owner_id = n.owner_id, handled_by = n.handled_by, last_seq = n.last_seq, version = n.version,
             first_response_at = n.first_response_at, waiting_since = n.waiting_since, last_inbound_at = n.last_inbound_at,
             last_outbound_at = n.last_outbound_at, last_activity_at = n.last_activity_at, closed_at = n.closed_at,
             reopened_count = n.reopened_count, thread_control = n.thread_control, floor_holder = n.floor_holder,
             floor_holder_id = n.floor_holder_id, floor_token = n.floor_token, floor_since = n.floor_since,
             window_opens_at = n.window_opens_at, window_closes_at = n.window_closes_at, window_evidence_id = n.window_evidence_id,
             updated_at = n.updated_at
           from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[], $9::uuid[],
             $10::uuid[], $11::text[], $12::bigint[], $13::bigint[], $14::timestamptz[], $15::timestamptz[], $16::timestamptz[],
             $17::timestamptz[], $18::timestamptz[], $19::timestamptz[], $20::integer[], $21::text[], $22::text[], $23::uuid[],
             $24::bigint[], $25::timestamptz[], $26::timestamptz[], $27::timestamptz[], $28::uuid[], $29::timestamptz[])
             n (id, contact_name, contact_address, status, status_reason, snoozed_until, archived_at, unit_id, owner_id, handled_by,
             last_seq, version, first_response_at, waiting_since, last_inbound_at, last_outbound_at, last_activity_at, closed_at,
             reopened_count, thread_control, floor_holder, floor_holder_id, floor_token, floor_since, window_opens_at,
             window_closes_at, window_evidence_id, updated_at)
           where t.id = n.id and t.organization_id = $1),
         message as (
           insert into messages (organization_id, id, conversation_id, audience, seq, direction, kind, sender_kind, sender_id, sender_name,
             source, segments, reply_to_id, reply_to_external_id, client_id, client_fingerprint, status, delivery, expires_at,
             stale_override, simulated, standby, forwarded, answered_since, was_first_response, metadata, created_at, received_at,
             provider_at)
           select $1, * from unnest($30::uuid[], $31::uuid[], $32::text[], $33::bigint[], $34::text[], $35::text[], $36::text[],
             $37::uuid[], $38::text[], $39::text[], $40::jsonb[], $41::uuid[], $42::text[], $43::text[], $44::bytea[], $45::text[],
             $46::jsonb[], $47::timestamptz[], $48::boolean[], $49::boolean[], $50::boolean[], $51::boolean[], $52::timestamptz[],
             $53::boolean[], $54::jsonb[], $55::timestamptz[], $56::timestamptz[], $57::timestamptz[])),
         external as (
           insert into message_external_ids (organization_id, channel_account_id, direction, external_id, message_id)
           select $1, * from unnest($58::uuid[], $59::text[], $60::text[], $61::uuid[])),
         owner as (
           insert into conversation_assignments (organization_id, id, conversation_id, user_id, reason, assigned_by, since)
           select $1, * from unnest($66::uuid[], $67::uuid[], $68::uuid[], $69::text[], $70::uuid[], $71::timestamptz[]))
         insert into outbound_sends (organization_id, message_id, floor_token, automated, created_at)
         select $1, * from unnest($62::uuid[], $63::bigint[], $64::boolean[], $65::timestamptz[])",
        organization_id,
        column!(c, row => row.id.0),
        column!(c, row => row.contact_name.clone()) as &[Option<String>],
        column!(c, row => row.contact_address.clone()) as &[Option<String>],
        column!(c, row => row.status.as_str().to_owned()),
        column!(c, row => row.status_reason.clone()) as &[Option<String>],
        column!(c, row => row.snoozed_until) as &[Option<DateTime<Utc>>],
        column!(c, row => row.archived_at) as &[Option<DateTime<Utc>>],
        column!(c, row => row.unit_id.map(|id| id.0)) as &[Option<Uuid>],
        column!(c, row => row.owner_id.map(|id| id.0)) as &[Option<Uuid>],
        column!(c, row => row.handled_by.clone()),
        column!(c, row => row.last_seq),
        column!(c, row => row.version),
        column!(c, row => row.first_response_at) as &[Option<DateTime<Utc>>],
        column!(c, row => row.waiting_since) as &[Option<DateTime<Utc>>],
        column!(c, row => row.last_inbound_at) as &[Option<DateTime<Utc>>],
        column!(c, row => row.last_outbound_at) as &[Option<DateTime<Utc>>],
        column!(c, row => row.last_activity_at),
        column!(c, row => row.closed_at) as &[Option<DateTime<Utc>>],
        column!(c, row => row.reopened_count),
        column!(c, row => row.thread_control.clone()),
        column!(c, row => row.floor_holder.clone()),
        column!(c, row => row.floor_holder_id) as &[Option<Uuid>],
        column!(c, row => row.floor_token),
        column!(c, row => row.floor_since) as &[Option<DateTime<Utc>>],
        column!(c, row => row.window_opens_at) as &[Option<DateTime<Utc>>],
        column!(c, row => row.window_closes_at) as &[Option<DateTime<Utc>>],
        column!(c, row => row.window_evidence_id.map(|id| id.0)) as &[Option<Uuid>],
        column!(c, row => row.updated_at),
        column!(m, row => row.id.0),
        column!(m, row => row.conversation_id.0),
        column!(m, row => row.audience.clone()),
        column!(m, row => row.seq),
        column!(m, row => row.direction.clone()),
        column!(m, row => row.kind.clone()),
        column!(m, row => row.sender_kind.clone()),
        column!(m, row => row.sender_id) as &[Option<Uuid>],
        column!(m, row => row.sender_name.clone()) as &[Option<String>],
        column!(m, row => row.source.clone()),
        &segments as &[Json<&RawValue>],
        column!(m, row => row.reply_to_id.map(|id| id.0)) as &[Option<Uuid>],
        column!(m, row => row.reply_to_external_id.clone()) as &[Option<String>],
        column!(m, row => row.client_id.clone()) as &[Option<String>],
        column!(m, row => row.client_fingerprint.clone()) as &[Option<Vec<u8>>],
        column!(m, row => row.status.clone()) as &[Option<String>],
        &deliveries as &[Option<Value>],
        column!(m, row => row.expires_at) as &[Option<DateTime<Utc>>],
        column!(m, row => row.stale_override),
        column!(m, row => row.simulated),
        column!(m, row => row.standby),
        column!(m, row => row.forwarded),
        column!(m, row => row.answered_since) as &[Option<DateTime<Utc>>],
        column!(m, row => row.was_first_response),
        column!(m, row => row.metadata.clone()),
        column!(m, row => row.created_at),
        column!(m, row => row.received_at) as &[Option<DateTime<Utc>>],
        column!(m, row => row.provider_at) as &[Option<DateTime<Utc>>],
        column!(e, row => row.channel_account_id.0),
        column!(e, row => row.direction.to_owned()),
        column!(e, row => row.external_id.clone()),
        column!(e, row => row.message_id.0),
        column!(s, row => row.message_id.0),
        column!(s, row => row.floor_token),
        column!(s, row => row.automated),
        column!(s, row => row.created_at),
        column!(o, row => row.id),
        column!(o, row => row.conversation_id.0),
        column!(o, row => row.owner.0),
        column!(o, row => row.reason.to_owned()),
        column!(o, row => row.by) as &[Option<Uuid>],
        column!(o, row => row.since),
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes notes, and of their conversations only place, version and time of change: an update that stays in the
/// row's page and writes to no index.
pub(crate) async fn save_notes(
    tx: &mut TenantTx,
    conversations: &[&ConversationRow],
    notes: &[&MessageRow],
) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    let (c, m) = (conversations, notes);
    sqlx::query!(
        "with conversation as (
           update conversations t set last_seq = n.last_seq, version = n.version, updated_at = n.updated_at
           from unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::timestamptz[]) n (id, last_seq, version, updated_at)
           where t.id = n.id and t.organization_id = $1)
         insert into messages (organization_id, direction, kind, id, conversation_id, audience, seq, sender_kind, sender_id,
           sender_name, source, segments, reply_to_id, client_id, client_fingerprint, created_at, metadata)
         select $1, 'internal', 'note', * from unnest($6::uuid[], $7::uuid[], $8::text[], $9::bigint[], $10::text[], $11::uuid[],
           $12::text[], $13::text[], $14::jsonb[], $15::uuid[], $16::text[], $17::bytea[], $18::timestamptz[], $19::jsonb[])",
        organization_id,
        column!(c, row => row.id.0),
        column!(c, row => row.last_seq),
        column!(c, row => row.version),
        column!(c, row => row.updated_at),
        column!(m, row => row.id.0),
        column!(m, row => row.conversation_id.0),
        column!(m, row => row.audience.as_str()) as &[&str],
        column!(m, row => row.seq),
        column!(m, row => row.sender_kind.as_str()) as &[&str],
        column!(m, row => row.sender_id) as &[Option<Uuid>],
        column!(m, row => row.sender_name.as_deref()) as &[Option<&str>],
        column!(m, row => row.source.as_str()) as &[&str],
        column!(m, row => Json(&**row.segments)) as &[Json<&RawValue>],
        column!(m, row => row.reply_to_id.map(|id| id.0)) as &[Option<Uuid>],
        column!(m, row => row.client_id.as_deref()) as &[Option<&str>],
        column!(m, row => row.client_fingerprint.as_deref()) as &[Option<&[u8]>],
        column!(m, row => row.created_at),
        column!(m, row => row.metadata.clone()),
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
