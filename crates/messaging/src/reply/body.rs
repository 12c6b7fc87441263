//! The body of a reply, and what of it can be sent now.

use crate::content::Segment;
use crate::message;
use chrono::{DateTime, Utc};
use kernel::ids::{MessageId, UserId};
use kernel::{Error, ErrorKind, FieldError};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

/// Longest text of a chat message, in characters.
const MAX_TEXT: usize = 4_096;
/// Longest client id, in characters.
const MAX_CLIENT_ID: usize = 255;
/// Most segments of one message.
const MAX_SEGMENTS: usize = 10;

/// A public message as it is asked for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"client_id": "k1", "segments": [{"type": "text", "text": "Olá! Como posso ajudar?"}], "expected_last_seq": 41}))]
pub struct ReplyBody {
    /// Makes the message unrepeatable: the same id with the same body gives the stored message, for ever.
    #[serde(default)]
    pub client_id: Option<String>,
    pub segments: Vec<ReplySegment>,
    /// The message it answers, of the same conversation.
    #[serde(default)]
    pub reply_to: Option<MessageId>,
    /// The newest message that the writer has seen: if the contact or a colleague wrote since, nothing is sent.
    #[serde(default)]
    pub expected_last_seq: Option<i64>,
    /// Send later. Not possible yet.
    #[serde(default)]
    pub send_at: Option<DateTime<Utc>>,
    /// What becomes of the thread; without it the account's setting decides.
    #[serde(default)]
    pub then: Option<Then>,
    /// A template outside of the window. Not possible yet.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub template: Option<serde_json::Value>,
    /// Of an API key: the member in whose name it writes. Both must be allowed to; the message is the member's then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<UserId>,
    /// Send although others wrote since.
    #[serde(default, rename = "override")]
    pub override_stale: bool,
}

/// The thread's status after a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    Waiting,
    Open,
    Closed,
}

/// A piece of a reply.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ReplySegment {
    Text {
        text: String,
    },
    Image {
        attachment_id: uuid::Uuid,
        #[serde(default)]
        caption: Option<String>,
    },
    Audio {
        attachment_id: uuid::Uuid,
        #[serde(default)]
        voice: bool,
    },
    Video {
        attachment_id: uuid::Uuid,
        #[serde(default)]
        caption: Option<String>,
    },
    File {
        attachment_id: uuid::Uuid,
        #[serde(default)]
        caption: Option<String>,
    },
    Sticker {
        attachment_id: uuid::Uuid,
    },
}

impl ReplyBody {
    /// A plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            client_id: None,
            segments: vec![ReplySegment::Text { text: text.into() }],
            reply_to: None,
            expected_last_seq: None,
            send_at: None,
            then: None,
            template: None,
            on_behalf_of: None,
            override_stale: false,
        }
    }

    /// What can be said without looking at the conversation.
    pub(super) fn validate(&self) -> Result<(), Error> {
        if self.client_id.as_deref().is_some_and(|id| id.is_empty() || id.chars().count() > MAX_CLIENT_ID) {
            return Err(Error::invalid_field("client_id", "LENGTH", "1 to 255 characters."));
        }
        if self.send_at.is_some() {
            return Err(missing("send_at", "Messages cannot be scheduled yet."));
        }
        if self.template.is_some() {
            return Err(missing("template", "Templates cannot be sent yet."));
        }
        if self.segments.is_empty() {
            return Err(Error::invalid_field("segments", "REQUIRED", "A message needs content."));
        }
        if self.segments.len() > MAX_SEGMENTS {
            return Err(Error::invalid_field("segments", "TOO_MANY", "At most 10 segments."));
        }
        for (place, segment) in self.segments.iter().enumerate() {
            segment.validate(place)?;
        }
        if self.segments.len() > 1 {
            return Err(missing("segments.1", "This channel sends one segment a message so far."));
        }
        Ok(())
    }

    /// SHA-256 of the body without its client id.
    pub(super) fn fingerprint(&self) -> Vec<u8> {
        let body = Self { client_id: None, ..self.clone() };
        // Fields are written in the order of the type, so equal bodies have equal texts.
        let text = serde_json::to_vec(&body).unwrap_or_default();
        Sha256::digest(&text).to_vec()
    }

    /// The content in its stored form.
    pub(super) fn stored_segments(&self) -> Result<Box<RawValue>, Error> {
        let segments: Vec<Segment> = self
            .segments
            .iter()
            .filter_map(|segment| match segment {
                ReplySegment::Text { text } => Some(Segment::Text { text: text.clone() }),
                _ => None,
            })
            .collect();
        message::to_json(&segments)
    }
}

impl ReplySegment {
    fn validate(&self, place: usize) -> Result<(), Error> {
        let field = || format!("segments.{place}");
        let Self::Text { text } = self else { return Err(missing(&field(), "Only text can be sent so far.")) };
        if text.trim().is_empty() {
            return Err(Error::invalid_field(format!("{}.text", field()), "REQUIRED", "The text is empty."));
        }
        if text.chars().count() > MAX_TEXT {
            let wrong = FieldError {
                field: format!("{}.text", field()).into(),
                code: "MESSAGE_TOO_LONG".into(),
                message: "At most 4096 characters.".into(),
            };
            return Err(Error::new(
                ErrorKind::Invalid,
                "MESSAGE_TOO_LONG",
                "The text is longer than this channel takes.",
            )
            .with_fields(vec![wrong]));
        }
        Ok(())
    }
}

fn missing(field: &str, detail: &'static str) -> Error {
    let wrong =
        FieldError { field: field.to_owned().into(), code: "CAPABILITY_MISSING".into(), message: detail.into() };
    Error::new(ErrorKind::Invalid, "CAPABILITY_MISSING", detail).with_fields(vec![wrong])
}
