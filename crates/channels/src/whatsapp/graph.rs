//! Requests to and answers of the Graph API, as bytes: what is sent, what came back, and the limits in between.

use serde_json::{Map, Value, json};
use std::time::Duration;

use super::errors;
use super::normalize::read;
use crate::connector::{Address, ErrorClass, OutboundContent, OutboundIntent, ProviderError, Recipient, SendOutcome};

/// Longest text body, in UTF-16 code units.
pub const MAX_TEXT: usize = 4096;

/// Longest `biz_opaque_callback_data`, in characters.
pub const MAX_TAG: usize = 512;

/// The host that serves media; the access token may go there and to the Graph API, nowhere else.
pub const MEDIA_HOST: &str = "lookaside.fbsbx.com";

/// The length of a text as Meta counts it: an emoji is several code units. Composition is not applied first, so a text
/// in decomposed form may be refused a little early, and none leaves that Meta refuses.
pub fn text_length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Our own mistake in an intent, found before anything leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntentError {
    #[error("the text is empty")]
    EmptyText,
    #[error("the text is longer than {MAX_TEXT}")]
    TextTooLong,
    #[error("the tag is empty or longer than {MAX_TAG}")]
    Tag,
    #[error("the recipient is empty")]
    Recipient,
}

/// The path of a send below the Graph host: `/v25.0/{phone_number_id}/messages`.
pub fn messages_path(version: &str, phone_number_id: &str) -> String {
    format!("/{}/{}/messages", escaped(version), escaped(phone_number_id))
}

/// The path of a media look-up. Naming the number makes Meta refuse an id of somebody else's.
pub fn media_path(version: &str, media_id: &str, phone_number_id: &str) -> String {
    format!("/{}/{}?phone_number_id={}", escaped(version), escaped(media_id), escaped(phone_number_id))
}

/// Percent-encodes all but letters, digits, `.`, `-` and `_`: an id from outside never becomes another path. A lone
/// `.` or `..` cannot come through either, because [`read::media_id`] refuses ids without a letter or digit.
fn escaped(part: &str) -> String {
    part.bytes().fold(String::with_capacity(part.len()), |mut path, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
        path
    })
}

/// The JSON body of a send.
pub fn send_body(intent: &OutboundIntent) -> Result<Value, IntentError> {
    let mut body = Map::new();
    body.insert("messaging_product".to_owned(), json!("whatsapp"));
    body.insert("recipient_type".to_owned(), json!("individual"));
    let (field, address) = match &intent.to {
        Recipient::Phone(phone) => ("to", phone),
        Recipient::Bsuid(bsuid) => ("recipient", bsuid),
    };
    if address.is_empty() {
        return Err(IntentError::Recipient);
    }
    body.insert(field.to_owned(), json!(address));
    match &intent.content {
        OutboundContent::Text { text, preview_url } => {
            if text.trim().is_empty() {
                return Err(IntentError::EmptyText);
            }
            if text_length(text) > MAX_TEXT {
                return Err(IntentError::TextTooLong);
            }
            body.insert("type".to_owned(), json!("text"));
            body.insert("text".to_owned(), json!({ "body": text, "preview_url": preview_url }));
        }
    }
    if let Some(quoted) = &intent.reply_to_external_id {
        body.insert("context".to_owned(), json!({ "message_id": quoted }));
    }
    if intent.tag.is_empty() || intent.tag.chars().count() > MAX_TAG {
        return Err(IntentError::Tag);
    }
    body.insert("biz_opaque_callback_data".to_owned(), json!(intent.tag));
    Ok(Value::Object(body))
}

/// What the answer to a send means. `wait` is the provider's wish from the headers ([`errors::retry_after`]).
///
/// Two answers leave the outcome open: a 2xx that cannot be read (the message is most likely out) and a 504 without an
/// error code (a gateway gave up waiting for Meta, which may have taken the message).
pub fn read_send_answer(status: u16, body: &[u8], wait: Option<Duration>) -> SendOutcome {
    if (200..300).contains(&status) {
        return accepted(body)
            .unwrap_or_else(|| SendOutcome::Unclear { detail: format!("HTTP {status} without a message id") });
    }
    let error = errors::parse_body(status, body);
    if status == 504 && error.code.is_none() {
        return SendOutcome::Unclear { detail: "HTTP 504 without a Graph error".to_owned() };
    }
    rejected(error, wait)
}

/// The outcome of a call that broke before its request was written: certainly not sent.
pub fn never_sent(detail: &str) -> SendOutcome {
    SendOutcome::Rejected {
        class: ErrorClass::Transient,
        code: None,
        detail: detail.to_owned(),
        trace_id: None,
        retry_after: None,
    }
}

fn rejected(error: ProviderError, wait: Option<Duration>) -> SendOutcome {
    let detail = error.detail.or(error.title).unwrap_or_else(|| "no detail".to_owned());
    SendOutcome::Rejected { class: error.class, code: error.code, detail, trace_id: error.trace_id, retry_after: wait }
}

fn accepted(body: &[u8]) -> Option<SendOutcome> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let external_id = read::list(&answer, "messages").first().and_then(|message| read::id(message, "id"))?;
    let address = read::list(&answer, "contacts").first().map(|contact| Address {
        bsuid: read::bsuid(contact, "user_id"),
        parent_bsuid: read::bsuid(contact, "parent_user_id"),
        phone_raw: read::phone(contact, "wa_id"),
        ..Address::default()
    });
    Some(SendOutcome::Accepted { external_id, address_used: address.filter(|address| !address.is_nobody()) })
}

/// The answer of a media look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaLookup {
    /// Lives five minutes; needs the same bearer token.
    pub url: String,
    pub mime_type: Option<String>,
    /// 64 lower case hex digits.
    pub sha256: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
}

/// Reads the answer of `GET /{media_id}`. An expired id is error 100, subcode 33 ([`media_is_gone`]).
pub fn read_media_lookup(status: u16, body: &[u8]) -> Result<MediaLookup, ProviderError> {
    let answer: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let url = read::line(&answer, "url").filter(|_| (200..300).contains(&status));
    let Some(url) = url else { return Err(errors::parse_body(status, body)) };
    Ok(MediaLookup {
        url,
        mime_type: read::mime_type(&answer, "mime_type"),
        sha256: read::sha256(&answer, "sha256"),
        size: read::integer(&answer, "file_size").and_then(|size| u64::try_from(size).ok()),
    })
}

/// Did the look-up say that the file is no longer (or never was) there? Then asking again is useless.
pub fn media_is_gone(error: &ProviderError) -> bool {
    error.code == Some(100) && error.subcode == Some(33)
}

/// May the access token be sent to this address? Only over TLS to [`MEDIA_HOST`], or to exactly one of
/// `further_origins` (`scheme://host[:port]`, for a configured Graph address other than Meta's).
pub fn may_carry_token(url: &str, further_origins: &[&str]) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    if authority.is_empty() || authority.contains(['@', '%']) || authority.chars().any(char::is_whitespace) {
        return false;
    }
    let origin = format!("{scheme}://{authority}").to_ascii_lowercase();
    origin == format!("https://{MEDIA_HOST}")
        || further_origins.iter().any(|allowed| origin == allowed.trim_end_matches('/').to_ascii_lowercase())
}
