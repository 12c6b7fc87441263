//! A message: its stored form and what others see of it.

use crate::content::{MessageKind, Segment};
use crate::delivery::Delivery;
use crate::status::{OutboundStatus, SendError, StatusTime};
use chrono::{DateTime, Utc};
use kernel::Error;
use kernel::ids::{AttachmentId, ConversationId, FileId, MessageId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sqlx::types::Json;
use utoipa::ToSchema;
use uuid::Uuid;

/// One row of `messages`. Segments stay JSON text: most readers only pass them on.
#[derive(Clone, Debug)]
pub(crate) struct MessageRow {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    pub audience: String,
    pub seq: i64,
    pub direction: String,
    pub kind: String,
    pub sender_kind: String,
    pub sender_id: Option<Uuid>,
    pub sender_name: Option<String>,
    pub source: String,
    pub segments: Json<Box<RawValue>>,
    pub reply_to_id: Option<MessageId>,
    pub reply_to_external_id: Option<String>,
    pub client_id: Option<String>,
    pub client_fingerprint: Option<Vec<u8>>,
    pub status: Option<String>,
    pub delivery: Option<Json<Delivery>>,
    pub deferred_until: Option<DateTime<Utc>>,
    pub deferred_reason: Option<String>,
    pub expires_at: Option<DateTime<Utc>>,
    pub stale_override: bool,
    pub simulated: bool,
    pub standby: bool,
    pub forwarded: bool,
    pub answered_since: Option<DateTime<Utc>>,
    pub was_first_response: bool,
    pub reactions: Json<Vec<StoredReaction>>,
    pub metadata: serde_json::Value,
    pub created_at: DateTime<Utc>,
    pub received_at: Option<DateTime<Utc>>,
    pub provider_at: Option<DateTime<Utc>>,
    pub edited_at: Option<DateTime<Utc>>,
    pub deleted_at: Option<DateTime<Utc>>,
}

impl MessageRow {
    /// An empty internal message; the caller says what it is.
    pub fn new(
        id: MessageId,
        conversation_id: ConversationId,
        seq: i64,
        segments: Box<RawValue>,
        created_at: DateTime<Utc>,
    ) -> Self {
        Self {
            id,
            conversation_id,
            audience: "external".to_owned(),
            seq,
            direction: "internal".to_owned(),
            kind: MessageKind::System.as_str().to_owned(),
            sender_kind: "system".to_owned(),
            sender_id: None,
            sender_name: None,
            source: "system".to_owned(),
            segments: Json(segments),
            reply_to_id: None,
            reply_to_external_id: None,
            client_id: None,
            client_fingerprint: None,
            status: None,
            delivery: None,
            deferred_until: None,
            deferred_reason: None,
            expires_at: None,
            stale_override: false,
            simulated: false,
            standby: false,
            forwarded: false,
            answered_since: None,
            was_first_response: false,
            reactions: Json(Vec::new()),
            metadata: serde_json::json!({}),
            created_at,
            received_at: None,
            provider_at: None,
            edited_at: None,
            deleted_at: None,
        }
    }

    pub fn is_public(&self) -> bool {
        self.direction == "outbound"
    }

    /// The content, understood.
    ///
    /// # Errors
    /// When what is stored is of a newer shape than this node knows.
    pub fn parsed_segments(&self) -> Result<Vec<Segment>, Error> {
        serde_json::from_str(self.segments.get()).map_err(|error| Error::internal(format!("stored segments: {error}")))
    }

    /// Who wrote, by name. A contact who never named himself is known by his number, which only the contact's card shows
    /// to those who may see it.
    fn shown_sender(&self) -> Option<String> {
        let hidden =
            self.sender_name.as_deref().filter(|_| self.sender_kind == "contact").and_then(kernel::masks::name);
        hidden.or_else(|| self.sender_name.clone())
    }

    fn via(&self) -> Option<Uuid> {
        self.metadata.get("via")?.get("service_account_id")?.as_str()?.parse().ok()
    }

    /// As it is shown; a deleted message shows no content.
    pub fn show(&self, attachments: Vec<Attachment>) -> Message {
        let delivery = self.delivery.as_ref().map(|delivery| &delivery.0);
        let reply_to = (self.reply_to_id.is_some() || self.reply_to_external_id.is_some())
            .then(|| ReplyTo { message_id: self.reply_to_id, external_id: self.reply_to_external_id.clone() });
        let deleted = self.deleted_at.is_some();
        Message {
            id: self.id,
            conversation_id: self.conversation_id,
            seq: self.seq,
            direction: self.direction.clone(),
            kind: self.kind.clone(),
            sender: Sender {
                kind: self.sender_kind.clone(),
                id: self.sender_id,
                name: self.shown_sender(),
                via_service_account_id: self.via(),
            },
            source: self.source.clone(),
            segments: if deleted { empty() } else { self.segments.0.clone() },
            attachments: if deleted { Vec::new() } else { attachments },
            reply_to,
            client_id: self.client_id.clone(),
            status: self.status.clone(),
            status_times: if self.status.is_some() { self.status_times(delivery) } else { Vec::new() },
            error: delivery.and_then(|delivery| delivery.error().cloned()),
            deferred_until: self.deferred_until,
            deferred_reason: self.deferred_reason.clone(),
            reactions: self.reactions.iter().filter(|reaction| !reaction.emoji.is_empty()).cloned().collect(),
            system: self.metadata.get("system").cloned(),
            created_at: self.created_at,
            provider_at: self.provider_at,
            edited_at: self.edited_at,
            deleted_at: self.deleted_at,
            simulated: self.simulated,
            standby: self.standby,
            forwarded: self.forwarded,
        }
    }

    fn status_times(&self, delivery: Option<&Delivery>) -> Vec<StatusTime> {
        let mut times = delivery.map(Delivery::times).unwrap_or_default();
        if times.iter().all(|time| time.status != OutboundStatus::Queued) {
            times.insert(0, StatusTime { status: OutboundStatus::Queued, at: self.created_at, inferred: false });
        }
        times
    }
}

fn empty() -> Box<RawValue> {
    RawValue::from_string("[]".to_owned()).unwrap_or_default()
}

/// Segments as the JSON text that is stored, shown and sent on.
///
/// # Errors
/// When a number in them is not finite.
pub(crate) fn to_json(segments: &[Segment]) -> Result<Box<RawValue>, Error> {
    serde_json::value::to_raw_value(segments).map_err(|error| Error::internal(format!("segments: {error}")))
}

/// A message as the API and the events show it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Message {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    /// 1, 2, 3 ... without holes: the order for everybody.
    pub seq: i64,
    /// `inbound`, `outbound` or `internal`.
    #[schema(example = "outbound")]
    pub direction: String,
    #[schema(example = "text")]
    pub kind: String,
    pub sender: Sender,
    /// `console`, `api`, `contact`, `phone`, `system`.
    #[schema(example = "console")]
    pub source: String,
    #[schema(value_type = Vec<Segment>)]
    pub segments: Box<RawValue>,
    pub attachments: Vec<Attachment>,
    pub reply_to: Option<ReplyTo>,
    pub client_id: Option<String>,
    /// Outbound only: `queued`, `accepted`, `sent`, `delivered`, `read`, `played`, `failed`.
    pub status: Option<String>,
    pub status_times: Vec<StatusTime>,
    pub error: Option<SendError>,
    /// Why and until when a queued message waits.
    #[serde(serialize_with = "kernel::instant::optional")]
    pub deferred_until: Option<DateTime<Utc>>,
    pub deferred_reason: Option<String>,
    pub reactions: Vec<StoredReaction>,
    /// Of a system line: what happened, for consoles that word it themselves.
    #[schema(value_type = Option<Object>)]
    pub system: Option<serde_json::Value>,
    #[serde(serialize_with = "kernel::instant::serialize")]
    pub created_at: DateTime<Utc>,
    #[serde(serialize_with = "kernel::instant::optional")]
    pub provider_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "kernel::instant::optional")]
    pub edited_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "kernel::instant::optional")]
    pub deleted_at: Option<DateTime<Utc>>,
    pub simulated: bool,
    pub standby: bool,
    pub forwarded: bool,
}

/// Who wrote it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = MessageSender)]
pub struct Sender {
    /// `contact`, `user`, `service_account`, `flow`, `attendant`, `automation`, `system`.
    pub kind: String,
    pub id: Option<Uuid>,
    pub name: Option<String>,
    /// The service account that wrote in this member's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via_service_account_id: Option<Uuid>,
}

/// What it answers: a message here, or one that only the provider knows.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReplyTo {
    pub message_id: Option<MessageId>,
    pub external_id: Option<String>,
}

/// A reaction to a message; one a reactor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Reaction)]
pub struct StoredReaction {
    /// `contact` or `user`.
    pub kind: String,
    pub id: Option<Uuid>,
    /// Empty in storage when it was taken back; such ones are not shown.
    pub emoji: String,
    #[serde(serialize_with = "kernel::instant::serialize")]
    pub at: DateTime<Utc>,
}

/// A file of a message.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Attachment {
    pub id: AttachmentId,
    #[serde(skip)]
    pub message_id: MessageId,
    pub name: String,
    pub mime_type: String,
    pub size: Option<i64>,
    pub sha256: Option<String>,
    pub file_id: Option<FileId>,
    /// `pending`, `fetched`, `failed` or `expired`.
    pub fetch_status: String,
    pub fetch_error: Option<String>,
    /// `pending`, `clean`, `infected`, `failed` or `skipped`.
    pub scan_status: String,
}
