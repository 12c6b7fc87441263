//! System messages: a person's number, business-scoped id or security key changed.

use serde_json::Value;

use super::people::address;
use super::{Events, Scope, read};
use crate::connector::{Address, IdentityChange, IdentityChangeKind, InboundKind, RawItem, UnknownReason};

/// Names of changes, in the `system` object or (older) as the type of the message itself.
const CHANGES: [(&str, IdentityChangeKind); 4] = [
    ("user_changed_number", IdentityChangeKind::Number),
    ("customer_changed_number", IdentityChangeKind::Number),
    ("user_changed_user_id", IdentityChangeKind::UserId),
    ("customer_identity_changed", IdentityChangeKind::SecurityKey),
];

fn change_named(word: &str) -> Option<IdentityChangeKind> {
    CHANGES.iter().find(|(name, _)| *name == word).map(|(_, change)| *change)
}

/// Is this item no message of a person but a notice of the system?
pub(super) fn is_system(item: &Value) -> bool {
    item.get("type").and_then(Value::as_str).is_some_and(|kind| kind == "system" || change_named(kind).is_some())
}

/// Reads a notice. They come without `contacts`, without `from` when the phone is hidden, and with empty strings for
/// what does not apply.
pub(super) fn normalize(scope: &Scope, item: &Value, raw: RawItem, events: &mut Events) {
    let Some(external_id) = read::id(item, "id") else {
        return events.unknown(scope, UnknownReason::NoId, Some("system"), raw);
    };
    let system = item.get("system").unwrap_or(&Value::Null);
    let word = read::id(system, "type").or_else(|| read::id(item, "type")).unwrap_or_default();
    let Some(change) = change_named(&word) else {
        return events.unknown(scope, UnknownReason::System, Some(&word), raw);
    };
    let previous = previous(item, system);
    let current = if change == IdentityChangeKind::SecurityKey { previous.clone() } else { current(system) };
    if previous.is_nobody() || current.is_nobody() {
        return events.unknown(scope, UnknownReason::NoAddress, Some(&word), raw);
    }
    let change = IdentityChange { external_id: external_id.clone(), change, previous, current };
    events.push(scope, InboundKind::IdentityChange(change), read::time(item, "timestamp"), &external_id, raw);
}

fn previous(item: &Value, system: &Value) -> Address {
    let from = address(item, "from", "from_user_id", "from_parent_user_id");
    Address {
        bsuid: read::bsuid(system, "previous_user_id").or(from.bsuid),
        parent_bsuid: read::bsuid(system, "previous_parent_user_id").or(from.parent_bsuid),
        phone_raw: from.phone_raw.or_else(|| read::phone(system, "customer")),
        ..Address::default()
    }
}

fn current(system: &Value) -> Address {
    let current = address(system, "wa_id", "user_id", "parent_user_id");
    Address { phone_raw: current.phone_raw.or_else(|| read::phone(system, "new_wa_id")), ..current }
}
