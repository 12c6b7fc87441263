//! Items of `statuses[]`: what became of a message we sent.

use serde_json::Value;

use super::{Events, Scope, clean, read};
use crate::connector::{InboundKind, ProviderStatus, RawItem, StatusUpdate, UnknownReason};
use crate::whatsapp::errors;

pub(super) fn normalize(scope: &Scope, item: &Value, raw: RawItem, events: &mut Events) {
    if item.get("recipient_type").and_then(Value::as_str) == Some("group") {
        return events.unknown(scope, UnknownReason::Group, Some("statuses"), raw);
    }
    let (Some(external_id), Some(word)) = (read::id(item, "id"), read::id(item, "status")) else {
        return events.unknown(scope, UnknownReason::NoId, Some("statuses"), raw);
    };
    // The recipient of the key is what the item itself says, so that the contacts beside it change nothing.
    let recipient_key = read::id(item, "recipient_user_id").or_else(|| read::id(item, "recipient_id"));
    let key = format!("{external_id}:{}:{}", shortened(&word), recipient_key.as_deref().map_or("", shortened));
    let status = ProviderStatus::parse(&word);
    let error = (status == ProviderStatus::Failed)
        .then(|| read::list(item, "errors").first().map(errors::parse_object))
        .flatten();
    let at = read::time(item, "timestamp");
    let update = StatusUpdate {
        external_id,
        status,
        at,
        recipient: scope.people.address(item, "recipient_id", "recipient_user_id", "recipient_parent_user_id"),
        callback_tag: read::text(item, "biz_opaque_callback_data").filter(|tag| tag.chars().count() <= 512),
        error,
        pricing: item.get("pricing").filter(|pricing| pricing.is_object()).cloned().map(clean::json),
    };
    events.push(scope, InboundKind::Status(Box::new(update)), at, &key, raw);
}

/// Keeps the key within what an index takes; real words and ids are far shorter.
fn shortened(part: &str) -> &str {
    part.get(..part.floor_char_boundary(200)).unwrap_or_default()
}
