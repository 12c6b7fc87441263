//! The connector contract: what a channel's protocol code takes and gives, as plain data.
//!
//! A connector is a folder of pure functions (`whatsapp/` is the first) that turn raw bytes into [`InboundEvent`]s and an
//! [`OutboundIntent`] into bytes. It sees no conversation, no contact and no database, and there is no trait: a further
//! connector is one more folder and one more arm in the matches over [`ConnectorKind`] below.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

mod changes;
mod inbound;
mod outbound;

pub use changes::{
    AccountChange, IdentityChange, IdentityChangeKind, PreferenceChange, TemplateChange, TemplateChangeKind,
    ThreadControlChange, UnknownItem, UnknownReason,
};
pub use inbound::{
    InboundEdit, InboundEvent, InboundKind, InboundMessage, InboundReaction, InboundRevoke, ProviderStatus,
    StatusUpdate,
};
pub use outbound::{ErrorClass, NotSendable, OutboundContent, OutboundIntent, ProviderError, Recipient, SendOutcome};

use crate::whatsapp;

/// The connectors that ship with the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectorKind {
    Whatsapp,
}

impl ConnectorKind {
    /// The name in addresses, in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whatsapp => "whatsapp",
        }
    }

    /// Reads [`ConnectorKind::as_str`] back; `None` for a connector this build does not have.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "whatsapp" => Some(Self::Whatsapp),
            _ => None,
        }
    }

    /// Turns one raw webhook body into its items. Pure and total: what cannot be read becomes
    /// [`InboundKind::Unknown`] with its raw text, and never spoils the rest.
    pub fn normalize(self, raw: &[u8]) -> Vec<InboundEvent> {
        match self {
            Self::Whatsapp => whatsapp::normalize::normalize(raw),
        }
    }

    /// Is this webhook body genuine? Constant time, before any parsing. `secrets` holds the current secret and, for a
    /// day after a rotation, the one before it.
    pub fn verify(
        self,
        signature_header: Option<&[u8]>,
        raw: &[u8],
        secrets: &[&[u8]],
    ) -> Result<(), whatsapp::signature::SignatureError> {
        match self {
            Self::Whatsapp => whatsapp::signature::verify(signature_header, raw, secrets),
        }
    }

    /// Name of the header that [`ConnectorKind::verify`] wants.
    pub fn signature_header(self) -> &'static str {
        match self {
            Self::Whatsapp => whatsapp::signature::HEADER,
        }
    }

    /// Largest webhook body that is read at all, in bytes; a longer one is answered 413.
    pub fn max_webhook_bytes(self) -> usize {
        match self {
            Self::Whatsapp => 5 * 1024 * 1024,
        }
    }

    /// Longest text that may leave, in the connector's own way of counting ([`ConnectorKind::text_length`]).
    pub fn max_text_length(self) -> usize {
        match self {
            Self::Whatsapp => whatsapp::graph::MAX_TEXT,
        }
    }

    /// The length of a text as this channel counts it.
    pub fn text_length(self, text: &str) -> usize {
        match self {
            Self::Whatsapp => whatsapp::graph::text_length(text),
        }
    }
}

/// Somebody's address at the provider, in all the forms that an item carried. Every part may be absent, even the phone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Address {
    /// Business-scoped user id (`BR.1349…`): the primary key of a person at WhatsApp.
    pub bsuid: Option<String>,
    /// The same over several portfolios (`BR.ENT.…`).
    pub parent_bsuid: Option<String>,
    /// The phone exactly as the provider wrote it, digits only. Sending goes to this form.
    pub phone_raw: Option<String>,
    /// For display only: the user may change it.
    pub username: Option<String>,
    /// For display only, already without control and direction characters.
    pub profile_name: Option<String>,
}

impl Address {
    /// True when nothing in it tells one person from another (names do not).
    pub fn is_nobody(&self) -> bool {
        self.bsuid.is_none() && self.parent_bsuid.is_none() && self.phone_raw.is_none()
    }

    /// One stable text per address for ordering items of one sender: the most durable form it has.
    pub fn key(&self) -> Option<&str> {
        self.bsuid.as_deref().or(self.parent_bsuid.as_deref()).or(self.phone_raw.as_deref())
    }
}

/// A raw item as a JSON text: exactly the provider's bytes, or a JSON string holding bytes that were no JSON.
pub type RawItem = Box<RawValue>;
