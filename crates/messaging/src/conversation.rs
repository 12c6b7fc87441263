//! A conversation: its stored state, what others see of it, and the small changes that commands put together.

use chrono::{DateTime, Duration, Utc};
use contacts::ContactCard;
use kernel::ids::{
    AddressId, ChannelAccountId, ContactId, ConversationId, IdentityId, MessageId, OrganizationId, UnitId, UserId,
};
use kernel::masks::Mask;
use kernel::{Audience, Ctx, Permission, Resource};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Where a thread stands. Archived is a time on a closed one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum ConversationStatus {
    /// A flow, the attendant or an external agent answers.
    Pending,
    /// Our people owe something.
    Open,
    /// On the customer.
    Waiting,
    Snoozed,
    Closed,
}

impl ConversationStatus {
    pub const ALL: [Self; 5] = [Self::Pending, Self::Open, Self::Waiting, Self::Snoozed, Self::Closed];

    /// The name in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Open => "open",
            Self::Waiting => "waiting",
            Self::Snoozed => "snoozed",
            Self::Closed => "closed",
        }
    }
}

/// One row of `conversations`; commands change it under its lock and save it whole.
#[derive(Clone, Debug)]
pub(crate) struct ConversationRow {
    pub id: ConversationId,
    pub number: i64,
    pub audience: String,
    pub channel_account_id: Option<ChannelAccountId>,
    pub channel_kind: String,
    pub contact_id: Option<ContactId>,
    pub identity_id: Option<IdentityId>,
    pub address_id: Option<AddressId>,
    pub contact_name: Option<String>,
    pub contact_address: Option<String>,
    pub status: ConversationStatus,
    pub status_reason: Option<String>,
    pub snoozed_until: Option<DateTime<Utc>>,
    pub archived_at: Option<DateTime<Utc>>,
    pub merged_into_id: Option<ConversationId>,
    pub unit_id: Option<UnitId>,
    pub owner_id: Option<UserId>,
    pub participants: Vec<Uuid>,
    pub priority: String,
    pub subject: Option<String>,
    pub summary: Option<String>,
    pub language: Option<String>,
    pub tags: Vec<String>,
    pub origin: String,
    pub handled_by: String,
    pub last_seq: i64,
    pub version: i64,
    pub first_response_at: Option<DateTime<Utc>>,
    pub waiting_since: Option<DateTime<Utc>>,
    pub last_inbound_at: Option<DateTime<Utc>>,
    pub last_outbound_at: Option<DateTime<Utc>>,
    pub last_activity_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
    pub reopened_count: i32,
    pub previous_conversation_id: Option<ConversationId>,
    pub thread_control: String,
    pub floor_holder: String,
    pub floor_holder_id: Option<Uuid>,
    pub floor_token: i64,
    pub floor_since: Option<DateTime<Utc>>,
    pub window_opens_at: Option<DateTime<Utc>>,
    pub window_closes_at: Option<DateTime<Utc>>,
    pub window_evidence_id: Option<MessageId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// How long a contact's message lets us write freely; `None` where a channel has no such window.
pub(crate) fn window_of(channel_kind: &str) -> Option<Duration> {
    (channel_kind == "whatsapp").then(|| Duration::hours(24))
}

/// The provider's clock and ours differ: the window counts as closed this much early.
const WINDOW_MARGIN: Duration = Duration::minutes(2);

impl ConversationRow {
    pub fn is_external(&self) -> bool {
        self.audience == "external"
    }

    pub fn is_merged(&self) -> bool {
        self.merged_into_id.is_some()
    }

    /// Whether somebody owns it or takes part in it.
    pub fn has_part(&self, user: Option<UserId>) -> bool {
        user.is_some_and(|user| self.owner_id == Some(user) || self.participants.contains(&user.0))
    }

    /// What `authorize` reads of it.
    pub fn resource(&self, organization_id: OrganizationId) -> Resource {
        Resource {
            organization_id,
            unit_id: self.unit_id,
            channel_account_id: self.channel_account_id,
            owner_id: self.owner_id,
            participants: self.participants.iter().copied().map(UserId).collect(),
            scoped: true,
        }
    }

    /// Who may see its events.
    pub fn audience_of_events(&self) -> Audience {
        Audience {
            permission: Some(Permission::MESSAGING_VIEW.name().to_owned()),
            unit_id: self.unit_id,
            channel_account_id: self.channel_account_id,
            owner_id: self.owner_id,
            participants: self.participants.iter().copied().map(UserId).collect(),
            only_user: None,
        }
    }

    /// The next place in the order of messages.
    pub fn take_seq(&mut self) -> i64 {
        self.last_seq += 1;
        self.last_seq
    }

    /// Notes that something changed.
    pub fn touch(&mut self, now: DateTime<Utc>) {
        self.version += 1;
        self.updated_at = now;
    }

    pub fn active_at(&mut self, at: DateTime<Utc>) {
        self.last_activity_at = self.last_activity_at.max(at);
    }

    /// A contact's message, tap or reaction moves the window; it never moves back.
    pub fn open_window(
        &mut self,
        provider_at: Option<DateTime<Utc>>,
        received_at: DateTime<Utc>,
        evidence: Option<MessageId>,
    ) -> bool {
        let Some(length) = window_of(&self.channel_kind) else { return false };
        let opens = provider_at.filter(|at| *at <= received_at).unwrap_or(received_at);
        let closes = opens + length;
        if self.window_closes_at.is_some_and(|known| known >= closes) {
            return false;
        }
        self.window_opens_at = Some(opens);
        self.window_closes_at = Some(closes);
        self.window_evidence_id = evidence.or(self.window_evidence_id);
        true
    }

    /// Whether free text may leave now.
    pub fn window_is_open(&self, now: DateTime<Utc>) -> bool {
        window_of(&self.channel_kind).is_none()
            || self.window_closes_at.is_some_and(|closes| now < closes - WINDOW_MARGIN)
    }

    /// Gives the floor; true if that changed who holds it.
    pub fn give_floor(&mut self, holder: &str, holder_id: Option<Uuid>, now: DateTime<Utc>) -> bool {
        if self.floor_holder == holder && self.floor_holder_id == holder_id {
            return false;
        }
        holder.clone_into(&mut self.floor_holder);
        self.floor_holder_id = holder_id;
        self.floor_token += 1;
        self.floor_since = Some(now);
        true
    }

    /// Somebody of ours spoke publicly.
    pub fn handled_by(&mut self, person: bool) {
        let by = match (self.handled_by.as_str(), person) {
            ("none" | "human", true) => "human",
            ("none" | "bot", false) => "bot",
            _ => "mixed",
        };
        by.clone_into(&mut self.handled_by);
    }
}

/// A conversation as the API shows it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Conversation {
    pub id: ConversationId,
    /// Shown as `#1042`; unique in the organization.
    #[schema(example = 1042)]
    pub number: i64,
    /// `external` or `internal`.
    #[schema(example = "external")]
    pub audience: String,
    pub channel_account_id: Option<ChannelAccountId>,
    #[schema(example = "whatsapp")]
    pub channel_kind: String,
    pub contact: Option<ContactCard>,
    pub identity_id: Option<IdentityId>,
    pub status: ConversationStatus,
    pub status_reason: Option<String>,
    #[serde(serialize_with = "kernel::instant::optional")]
    pub snoozed_until: Option<DateTime<Utc>>,
    #[serde(serialize_with = "kernel::instant::optional")]
    pub archived_at: Option<DateTime<Utc>>,
    pub merged_into_id: Option<ConversationId>,
    pub unit_id: Option<UnitId>,
    pub owner_id: Option<UserId>,
    #[schema(example = "normal")]
    pub priority: String,
    pub subject: Option<String>,
    pub summary: Option<String>,
    pub language: Option<String>,
    pub tags: Vec<String>,
    pub origin: String,
    pub handled_by: String,
    /// Number of the newest message.
    pub last_seq: i64,
    /// Grows with each change; the `ETag` is `"v<version>"`.
    pub version: i64,
    #[serde(serialize_with = "kernel::instant::optional")]
    pub first_response_at: Option<DateTime<Utc>>,
    /// Since when the oldest unanswered message of the contact waits.
    #[serde(serialize_with = "kernel::instant::optional")]
    pub waiting_since: Option<DateTime<Utc>>,
    #[serde(serialize_with = "kernel::instant::optional")]
    pub last_inbound_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "kernel::instant::optional")]
    pub last_outbound_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "kernel::instant::serialize")]
    pub last_activity_at: DateTime<Utc>,
    #[serde(serialize_with = "kernel::instant::optional")]
    pub closed_at: Option<DateTime<Utc>>,
    pub reopened_count: i32,
    pub previous_conversation_id: Option<ConversationId>,
    pub window: Option<Window>,
    /// `ours` or `external`.
    pub thread_control: String,
    pub floor: Floor,
    #[serde(serialize_with = "kernel::instant::serialize")]
    pub created_at: DateTime<Utc>,
    #[serde(serialize_with = "kernel::instant::serialize")]
    pub updated_at: DateTime<Utc>,
}

/// Until when free text may be sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Window {
    /// `service`.
    pub kind: &'static str,
    #[serde(serialize_with = "kernel::instant::serialize")]
    pub opens_at: DateTime<Utc>,
    #[serde(serialize_with = "kernel::instant::serialize")]
    pub closes_at: DateTime<Utc>,
    pub evidence_message_id: Option<MessageId>,
}

/// Who may speak automatically now.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Floor {
    /// `nobody`, `flow`, `attendant` or `person`.
    pub holder: String,
    pub holder_id: Option<Uuid>,
    /// Grows with every change of holder.
    pub token: i64,
    #[serde(serialize_with = "kernel::instant::optional")]
    pub since: Option<DateTime<Utc>>,
}

impl ConversationRow {
    pub fn window(&self) -> Option<Window> {
        let (opens_at, closes_at) = (self.window_opens_at?, self.window_closes_at?);
        Some(Window { kind: "service", opens_at, closes_at, evidence_message_id: self.window_evidence_id })
    }

    /// As `ctx`'s subject may see it.
    pub fn show(self, ctx: &Ctx) -> Conversation {
        let reveal = self.contact_address.is_some()
            && !ctx.masks(&self.resource(ctx.organization_id())).contains(Mask::ContactPii);
        let window = self.window();
        let contact = self
            .contact_id
            .map(|id| ContactCard::new(id, self.contact_name.as_deref(), self.contact_address.as_deref(), reveal));
        Conversation {
            id: self.id,
            number: self.number,
            audience: self.audience,
            channel_account_id: self.channel_account_id,
            channel_kind: self.channel_kind,
            contact,
            identity_id: self.identity_id,
            status: self.status,
            status_reason: self.status_reason,
            snoozed_until: self.snoozed_until,
            archived_at: self.archived_at,
            merged_into_id: self.merged_into_id,
            unit_id: self.unit_id,
            owner_id: self.owner_id,
            priority: self.priority,
            subject: self.subject,
            summary: self.summary,
            language: self.language,
            tags: self.tags,
            origin: self.origin,
            handled_by: self.handled_by,
            last_seq: self.last_seq,
            version: self.version,
            first_response_at: self.first_response_at,
            waiting_since: self.waiting_since,
            last_inbound_at: self.last_inbound_at,
            last_outbound_at: self.last_outbound_at,
            last_activity_at: self.last_activity_at,
            closed_at: self.closed_at,
            reopened_count: self.reopened_count,
            previous_conversation_id: self.previous_conversation_id,
            window,
            thread_control: self.thread_control,
            floor: Floor {
                holder: self.floor_holder,
                holder_id: self.floor_holder_id,
                token: self.floor_token,
                since: self.floor_since,
            },
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}
