//! What a stored message is made of: its kind and its ordered segments.
//!
//! Messaging owns these types because it stores and shows them; connectors (to the right of this crate) fill them from
//! what a provider sent. Everything here is plain data in the words of the API. They are no input types: request bodies
//! have their own, stricter ones, so a stored segment may gain a field without breaking anybody.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

mod card;

pub use card::{CardAddress, CardEntry, CardPhone, ContactCard};

/// What a message is as a whole; decides icon, search facet and how reports count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    Text,
    Media,
    Interactive,
    Template,
    Location,
    ContactCard,
    Sticker,
    Order,
    FormReply,
    Email,
    Call,
    Survey,
    /// Written by staff for staff: always `internal`.
    Note,
    /// A line of the system: always `internal`.
    System,
    /// The channel sent something we cannot show; its raw record is kept.
    Unsupported,
}

impl MessageKind {
    /// The name used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Media => "media",
            Self::Interactive => "interactive",
            Self::Template => "template",
            Self::Location => "location",
            Self::ContactCard => "contact_card",
            Self::Sticker => "sticker",
            Self::Order => "order",
            Self::FormReply => "form_reply",
            Self::Email => "email",
            Self::Call => "call",
            Self::Survey => "survey",
            Self::Note => "note",
            Self::System => "system",
            Self::Unsupported => "unsupported",
        }
    }

    /// Reads [`MessageKind::as_str`] back; `None` for any other word.
    pub fn parse(word: &str) -> Option<Self> {
        serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
    }
}

/// One piece of a message's content, in the order it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Segment {
    Text {
        text: String,
    },
    Image {
        media: MediaRef,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caption: Option<String>,
    },
    Audio {
        media: MediaRef,
        /// A recorded voice note (true) or an audio file (false).
        #[serde(default)]
        voice: bool,
    },
    Video {
        media: MediaRef,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caption: Option<String>,
    },
    File {
        media: MediaRef,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caption: Option<String>,
    },
    Sticker {
        media: MediaRef,
        #[serde(default)]
        animated: bool,
    },
    /// Degrees, WGS 84.
    Location {
        latitude: f64,
        longitude: f64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
    },
    /// One contact card; a message with three cards has three segments.
    Contact {
        card: ContactCard,
        /// The sender answered our request for contact data.
        #[serde(default)]
        requested: bool,
    },
    /// A tap on a button or list row.
    ReplyChoice {
        option_id: String,
        title: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
    },
    Order {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        catalog_id: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        items: Vec<OrderItem>,
    },
    /// A filled form. `answers` when the provider sent readable JSON, else its `text` as it came.
    FormReply {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answers: Option<serde_json::Value>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// The product the message asks about.
    ProductQuestion {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        catalog_id: Option<String>,
        product_id: String,
    },
    /// The advertisement or post through which the contact came.
    Referral {
        referral: Referral,
    },
    /// Content we cannot show; the raw record keeps it.
    Unsupported {
        /// The provider's name of the type, for instance `poll`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        original_type: Option<String>,
        /// The provider's error code, when it explained itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<i64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
}

/// A file of a message: where the provider keeps it and what it says about it. Declared values, never to be trusted:
/// type and hash are checked when the bytes arrive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MediaRef {
    /// Our attachment, once the message is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment_id: Option<Uuid>,
    /// The provider's id of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// SHA-256 as 64 lower case hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Text for display, already without path, control and direction characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// A short-lived address at the provider; gone once stored (see [`MediaRef::stored_as`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl MediaRef {
    /// The form that may be stored and shown: bound to our attachment, without the provider's address.
    pub fn stored_as(self, attachment_id: Uuid) -> Self {
        Self { attachment_id: Some(attachment_id), url: None, ..self }
    }
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderItem {
    pub product_id: String,
    /// Pieces, as the provider counted them.
    pub quantity: Option<i64>,
    /// Decimal text such as `32.9`: money never passes through a float here.
    pub unit_price: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
}

/// The way in through an advertisement ("click to WhatsApp") or post.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Referral {
    /// `ad` or `post`; other words are kept.
    pub source_type: Option<String>,
    pub source_id: Option<String>,
    pub source_url: Option<String>,
    pub headline: Option<String>,
    pub body: Option<String>,
    /// The provider's click id, for attribution.
    pub click_id: Option<String>,
}

impl Segment {
    /// The file of this segment, if it has one.
    pub fn media(&self) -> Option<&MediaRef> {
        match self {
            Self::Image { media, .. }
            | Self::Audio { media, .. }
            | Self::Video { media, .. }
            | Self::File { media, .. }
            | Self::Sticker { media, .. } => Some(media),
            _ => None,
        }
    }

    /// As [`Segment::media`], to bind the attachment when storing.
    pub fn media_mut(&mut self) -> Option<&mut MediaRef> {
        match self {
            Self::Image { media, .. }
            | Self::Audio { media, .. }
            | Self::Video { media, .. }
            | Self::File { media, .. }
            | Self::Sticker { media, .. } => Some(media),
            _ => None,
        }
    }

    /// The words a person reads in this segment: for search, previews and notifications.
    pub fn words(&self) -> Option<&str> {
        match self {
            Self::Text { text } => Some(text),
            Self::Image { caption, .. } | Self::Video { caption, .. } | Self::File { caption, .. } => {
                caption.as_deref()
            }
            Self::Location { name, address, .. } => name.as_deref().or(address.as_deref()),
            Self::Contact { card, .. } => card.name.as_deref(),
            Self::ReplyChoice { title, .. } => Some(title),
            Self::Order { note, .. } => note.as_deref(),
            Self::FormReply { text, .. } => text.as_deref(),
            Self::Audio { .. }
            | Self::Sticker { .. }
            | Self::ProductQuestion { .. }
            | Self::Referral { .. }
            | Self::Unsupported { .. } => None,
        }
    }
}

/// All words of a message, one segment a line; empty when it has none (a voice note, a sticker).
pub fn plain_text(segments: &[Segment]) -> String {
    segments.iter().filter_map(Segment::words).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
