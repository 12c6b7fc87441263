//! The 24-hour service window as a value: free-form text may be sent only while it is open.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::connector::{InboundEvent, InboundKind};

/// How long one sign of life of the contact allows free-form messages.
const LENGTH: Duration = Duration::hours(24);

/// Treated as closed this much early: clocks differ and queues take time.
const MARGIN: Duration = Duration::minutes(2);

/// Kinds of windows. The 72 hours after an advertisement change the price, not what may be sent, so they are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WindowKind {
    Service,
}

/// The send window of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceWindow {
    pub kind: WindowKind,
    pub opens_at: DateTime<Utc>,
    /// The provider's own end; we stop two minutes before it.
    pub closes_at: DateTime<Utc>,
    /// The provider's id of the message, tap or reaction that opened it.
    pub evidence_message_id: String,
}

impl ServiceWindow {
    /// The window that a contact's sign of life opens: 24 h from the provider's time, or from the time of receipt when
    /// the provider told none or one that lies in the future.
    pub fn opened_by(provider_at: Option<DateTime<Utc>>, received_at: DateTime<Utc>, evidence: &str) -> Self {
        let opens_at = provider_at.filter(|at| *at <= received_at).unwrap_or(received_at);
        Self {
            kind: WindowKind::Service,
            opens_at,
            closes_at: opens_at + LENGTH,
            evidence_message_id: evidence.to_owned(),
        }
    }

    /// The window an event opens, if it opens one.
    pub fn of_event(event: &InboundEvent, received_at: DateTime<Utc>) -> Option<Self> {
        evidence_of(&event.kind).map(|id| Self::opened_by(event.occurred_at, received_at, id))
    }

    /// Of two windows the one that closes later; the order of the two makes no difference.
    pub fn later(self, other: Self) -> Self {
        let rank = |window: &Self| (window.closes_at, window.evidence_message_id.clone());
        if rank(&self) >= rank(&other) { self } else { other }
    }

    /// May free-form text be handed over at `now`?
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        now < self.usable_until()
    }

    /// The last moment we use it: the expiry of a reply that waits.
    pub fn usable_until(&self) -> DateTime<Utc> {
        self.closes_at - MARGIN
    }
}

/// The id of the item if it is a sign of life of the contact: a message or tap (also one we cannot show) or a reaction
/// set. Statuses, echoes, edits, deletions and removed reactions move nothing.
fn evidence_of(kind: &InboundKind) -> Option<&str> {
    match kind {
        InboundKind::Message(message) => Some(&message.external_id),
        InboundKind::Reaction(reaction) if !reaction.by_business && reaction.emoji.is_some() => {
            Some(&reaction.external_id)
        }
        _ => None,
    }
}
