//! What comes in: the events a connector reads out of a webhook body.

use chrono::{DateTime, Utc};
use messaging::content::{MessageKind, Referral, Segment};
use messaging::status::{Evidence, OutboundStatus};
use serde::{Deserialize, Serialize};

use super::changes::{
    AccountChange, IdentityChange, PreferenceChange, TemplateChange, ThreadControlChange, UnknownItem,
};
use super::{Address, ProviderError, RawItem};

/// One item of a webhook body.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InboundEvent {
    /// The account's id at the provider (WhatsApp: `phone_number_id`), the only routing key. Absent for items that
    /// concern the whole business account.
    pub account_external_id: Option<String>,
    /// The business account (WABA) the item came under.
    pub business_external_id: Option<String>,
    pub kind: InboundKind,
    /// The provider's time, when it told one. Ours is the time of receipt of the raw record.
    pub occurred_at: Option<DateTime<Utc>>,
    pub raw: RawItem,
    /// Unique per channel account among all items; equal for every repetition of the same item. At most 1 200 bytes.
    pub dedupe_key: String,
}

impl InboundEvent {
    /// The person this item is about, if it is about one: items of one (account, person) run in order of receipt.
    pub fn contact(&self) -> Option<&Address> {
        match &self.kind {
            InboundKind::Message(message) | InboundKind::Echo(message) => Some(&message.contact),
            InboundKind::Edit(edit) => Some(&edit.contact),
            InboundKind::Revoke(revoke) => Some(&revoke.contact),
            InboundKind::Reaction(reaction) => Some(&reaction.contact),
            InboundKind::Status(status) => Some(&status.recipient),
            InboundKind::IdentityChange(change) => Some(&change.previous),
            InboundKind::Preference(change) => Some(&change.contact),
            InboundKind::ThreadControl(change) => Some(&change.contact),
            InboundKind::AccountChange(_) | InboundKind::TemplateChange(_) | InboundKind::Unknown(_) => None,
        }
    }
}

/// What an item says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InboundKind {
    /// A message of the contact.
    Message(Box<InboundMessage>),
    /// A message that staff wrote in the provider's own app.
    Echo(Box<InboundMessage>),
    Edit(InboundEdit),
    Revoke(InboundRevoke),
    Reaction(InboundReaction),
    Status(Box<StatusUpdate>),
    IdentityChange(IdentityChange),
    Preference(PreferenceChange),
    AccountChange(AccountChange),
    TemplateChange(TemplateChange),
    ThreadControl(ThreadControlChange),
    /// Kept with its raw text, not shown.
    Unknown(UnknownItem),
}

impl InboundKind {
    /// The name of the kind, for logs, metrics and the item's record.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Message(_) => "message",
            Self::Echo(_) => "echo",
            Self::Edit(_) => "edit",
            Self::Revoke(_) => "revoke",
            Self::Reaction(_) => "reaction",
            Self::Status(_) => "status",
            Self::IdentityChange(_) => "identity_change",
            Self::Preference(_) => "preference",
            Self::AccountChange(_) => "account_change",
            Self::TemplateChange(_) => "template_change",
            Self::ThreadControl(_) => "thread_control",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// A message, of the contact or (echo) of the business.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InboundMessage {
    pub external_id: String,
    /// The other side: the sender of a message, the addressee of an echo.
    pub contact: Address,
    pub kind: MessageKind,
    /// Never empty: what cannot be shown is an `unsupported` segment.
    pub segments: Vec<Segment>,
    /// The provider's id of the quoted message; it may be unknown here.
    pub reply_to_external_id: Option<String>,
    pub forwarded: bool,
    pub frequently_forwarded: bool,
    /// Received while an external agent holds the thread.
    pub standby: bool,
}

impl InboundMessage {
    /// The advertisement this message came through; it opens the free entry-point window.
    pub fn referral(&self) -> Option<&Referral> {
        self.segments.iter().find_map(|segment| match segment {
            Segment::Referral { referral } => Some(referral),
            _ => None,
        })
    }
}

/// A new version of an earlier message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InboundEdit {
    /// The id of the edit itself: each version has its own.
    pub external_id: String,
    pub target_external_id: String,
    pub contact: Address,
    /// True when the business edited its own message in the provider's app.
    pub by_business: bool,
    pub kind: MessageKind,
    pub segments: Vec<Segment>,
}

/// An earlier message was taken back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InboundRevoke {
    pub external_id: String,
    pub target_external_id: String,
    pub contact: Address,
    /// True when the business took back its own message in the provider's app.
    pub by_business: bool,
}

/// A reaction was set, replaced or removed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InboundReaction {
    pub external_id: String,
    pub target_external_id: String,
    pub contact: Address,
    /// True when the business reacted in the provider's app.
    pub by_business: bool,
    /// `None` removes the reaction.
    pub emoji: Option<String>,
}

/// News about a message we sent. Correlated by id or by our tag, never by recipient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusUpdate {
    pub external_id: String,
    pub status: ProviderStatus,
    /// The provider's time; without one the caller uses the time of receipt.
    pub at: Option<DateTime<Utc>>,
    /// May be empty: it is for information and for linking aliases only.
    pub recipient: Address,
    /// Our own tag, sent along with the message.
    pub callback_tag: Option<String>,
    /// Why it failed; only with [`ProviderStatus::Failed`].
    pub error: Option<ProviderError>,
    /// The provider's price statement as it came. It repeats over statuses: never add it up per status.
    pub pricing: Option<serde_json::Value>,
}

impl StatusUpdate {
    /// What it proves about the message; `None` for a status we do not know. `received_at` stands in for a time the
    /// provider did not tell; it must be the raw record's, so that a replay proves the same.
    pub fn evidence(&self, received_at: DateTime<Utc>) -> Option<Evidence> {
        Some(Evidence {
            status: self.status.outbound()?,
            at: self.at.unwrap_or(received_at),
            error: self.error.as_ref().map(ProviderError::send_error),
        })
    }
}

/// A status in the provider's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderStatus {
    Sent,
    Delivered,
    Read,
    Played,
    Failed,
    /// A word we do not know: kept and ignored.
    Other(String),
}

impl ProviderStatus {
    /// Reads the provider's word.
    pub fn parse(word: &str) -> Self {
        match word {
            "sent" => Self::Sent,
            "delivered" => Self::Delivered,
            "read" => Self::Read,
            "played" => Self::Played,
            "failed" => Self::Failed,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The word it was read from.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
            Self::Failed => "failed",
            Self::Other(word) => word,
        }
    }

    /// The state of the lattice it is evidence for; `None` for an unknown word.
    pub fn outbound(&self) -> Option<OutboundStatus> {
        match self {
            Self::Sent => Some(OutboundStatus::Sent),
            Self::Delivered => Some(OutboundStatus::Delivered),
            Self::Read => Some(OutboundStatus::Read),
            Self::Played => Some(OutboundStatus::Played),
            Self::Failed => Some(OutboundStatus::Failed),
            Self::Other(_) => None,
        }
    }
}
