//! What a channel hands over, in messaging's words. Channels fill these; nothing here knows a provider.

use crate::content::{MessageKind, Segment};
use crate::status::Evidence;
use chrono::{DateTime, Utc};
use contacts::Sender;
use kernel::ids::{ChannelAccountId, UnitId};

/// What must be known of the account that an item came through.
#[derive(Clone, Debug)]
pub struct InboundAccount {
    pub id: ChannelAccountId,
    /// `whatsapp`, ...
    pub kind: String,
    /// Where new conversations go; the fallback unit without one.
    pub unit_id: Option<UnitId>,
    /// Of the account or of the organization.
    pub simulation: bool,
}

/// A message of a contact, or (for [`crate::record_echo`]) of staff in the provider's own app.
#[derive(Clone, Debug)]
pub struct Inbound {
    pub account: InboundAccount,
    /// The other side: the sender of a message, the addressee of an echo. Its `seen_at` is the time of receipt.
    pub contact: Sender,
    pub external_id: String,
    pub kind: MessageKind,
    /// Never empty.
    pub segments: Vec<Segment>,
    pub reply_to_external_id: Option<String>,
    pub forwarded: bool,
    /// Received while an external agent holds the thread: kept, moves nothing.
    pub standby: bool,
    /// The provider's time, where it told one.
    pub provider_at: Option<DateTime<Utc>>,
    /// When the raw event was received.
    pub received_at: DateTime<Utc>,
}

/// A new version of an earlier message.
#[derive(Clone, Debug)]
pub struct InboundEdit {
    pub account: InboundAccount,
    /// Id of the edit itself; each version has its own.
    pub external_id: String,
    pub target_external_id: String,
    pub by_business: bool,
    pub kind: MessageKind,
    pub segments: Vec<Segment>,
    /// The provider's time, else that of receipt.
    pub at: DateTime<Utc>,
    pub received_at: DateTime<Utc>,
}

/// An earlier message was taken back.
#[derive(Clone, Debug)]
pub struct InboundRevoke {
    pub account: InboundAccount,
    pub target_external_id: String,
    pub by_business: bool,
    pub at: DateTime<Utc>,
    pub received_at: DateTime<Utc>,
}

/// A reaction was set, replaced or (without emoji) taken back.
#[derive(Clone, Debug)]
pub struct InboundReaction {
    pub account: InboundAccount,
    pub contact: Sender,
    pub target_external_id: String,
    pub by_business: bool,
    pub emoji: Option<String>,
    pub at: DateTime<Utc>,
    pub received_at: DateTime<Utc>,
}

/// News about a message that we sent.
#[derive(Clone, Debug)]
pub struct StatusEvidence {
    pub external_id: String,
    /// Our tag, as it came back.
    pub tag: Option<String>,
    pub evidence: Evidence,
    pub received_at: DateTime<Utc>,
}

/// What became of an update of an earlier message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    Changed,
    /// It taught nothing new.
    Known,
    /// Its message is not known yet; it waits.
    Parked,
}
