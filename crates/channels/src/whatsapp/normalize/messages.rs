//! Items of `messages[]` and `message_echoes[]`: messages, edits, deletions, reactions.

use serde_json::Value;

use super::{Events, Scope, content, read, system};
use crate::connector::{
    Address, InboundEdit, InboundKind, InboundMessage, InboundReaction, InboundRevoke, RawItem, UnknownReason,
};

/// An item of the contact.
pub(super) fn inbound(scope: &Scope, item: &Value, raw: RawItem, events: &mut Events) {
    if system::is_system(item) {
        return system::normalize(scope, item, raw, events);
    }
    let contact = scope.people.address(item, "from", "from_user_id", "from_parent_user_id");
    normalize(scope, item, contact, false, raw, events);
}

/// An item of the business, written in the phone app; the contact is its addressee.
pub(super) fn echo(scope: &Scope, item: &Value, raw: RawItem, events: &mut Events) {
    let contact = scope.people.address(item, "to", "to_user_id", "to_parent_user_id");
    normalize(scope, item, contact, true, raw, events);
}

fn normalize(scope: &Scope, item: &Value, contact: Address, by_business: bool, raw: RawItem, events: &mut Events) {
    if item.get("group_id").is_some_and(|group| !group.is_null()) {
        return events.unknown(scope, UnknownReason::Group, None, raw);
    }
    let Some(external_id) = read::id(item, "id") else {
        return events.unknown(scope, UnknownReason::NoId, None, raw);
    };
    if contact.is_nobody() {
        return events.unknown(scope, UnknownReason::NoAddress, None, raw);
    }
    let kind = match item.get("type").and_then(Value::as_str) {
        Some("reaction") => reaction(item, &external_id, &contact, by_business),
        Some("edit") => edit(item, &external_id, &contact, by_business),
        Some("revoke") => revoke(item, &external_id, &contact, by_business),
        kind => Some(message(scope, item, kind, &external_id, &contact, by_business)),
    };
    match kind {
        Some(kind) => events.push(scope, kind, read::time(item, "timestamp"), &external_id, raw),
        // A reaction, edit or deletion that does not say of what.
        None => events.unknown(scope, UnknownReason::NoId, item.get("type").and_then(Value::as_str), raw),
    }
}

fn message(
    scope: &Scope,
    item: &Value,
    kind: Option<&str>,
    external_id: &str,
    contact: &Address,
    by_business: bool,
) -> InboundKind {
    let context = item.get("context").unwrap_or(&Value::Null);
    let content = content::of_message(item, kind);
    let message = Box::new(InboundMessage {
        external_id: external_id.to_owned(),
        contact: contact.clone(),
        kind: content.kind,
        segments: content.segments,
        reply_to_external_id: read::id(context, "id"),
        forwarded: read::flag(context, "forwarded") || read::flag(context, "frequently_forwarded"),
        frequently_forwarded: read::flag(context, "frequently_forwarded"),
        standby: scope.standby(),
    });
    if by_business { InboundKind::Echo(message) } else { InboundKind::Message(message) }
}

fn reaction(item: &Value, external_id: &str, contact: &Address, by_business: bool) -> Option<InboundKind> {
    let reaction = item.get("reaction")?;
    // Absent and empty both remove. The longest emoji sequences have about a dozen characters.
    let emoji = read::line(reaction, "emoji").filter(|emoji| emoji.chars().count() <= 32);
    Some(InboundKind::Reaction(InboundReaction {
        external_id: external_id.to_owned(),
        target_external_id: read::id(reaction, "message_id")?,
        contact: contact.clone(),
        by_business,
        emoji,
    }))
}

fn edit(item: &Value, external_id: &str, contact: &Address, by_business: bool) -> Option<InboundKind> {
    let edit = item.get("edit")?;
    let version = edit.get("message").unwrap_or(&Value::Null);
    let content = content::of_message(version, version.get("type").and_then(Value::as_str));
    Some(InboundKind::Edit(InboundEdit {
        external_id: external_id.to_owned(),
        target_external_id: read::id(edit, "original_message_id")?,
        contact: contact.clone(),
        by_business,
        kind: content.kind,
        segments: content.segments,
    }))
}

fn revoke(item: &Value, external_id: &str, contact: &Address, by_business: bool) -> Option<InboundKind> {
    Some(InboundKind::Revoke(InboundRevoke {
        external_id: external_id.to_owned(),
        target_external_id: read::id(item.get("revoke")?, "original_message_id")?,
        contact: contact.clone(),
        by_business,
    }))
}
