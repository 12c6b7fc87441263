//! From a webhook body to its items. Pure and total: whatever comes in, a list of events comes out.
//!
//! The body is taken apart lazily: envelope, entries, changes and items are cut out as raw text first, and each item is
//! parsed on its own. So an item that cannot be parsed (a broken escape, absurd nesting, a number out of range) becomes
//! one unknown event with its raw text, and its neighbours never notice.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::connector::{InboundEvent, InboundKind, RawItem, UnknownItem, UnknownReason};

mod clean;
mod content;
mod fields;
mod messages;
mod people;
pub(crate) mod read;
mod statuses;
mod system;

use people::People;

/// Takes a raw webhook body apart. Statuses only, empty lists and errors without messages are normal; an empty result
/// is possible.
pub fn normalize(raw: &[u8]) -> Vec<InboundEvent> {
    let mut events = Events::default();
    let text = String::from_utf8_lossy(raw);
    let Ok(envelope) = serde_json::from_str::<&RawValue>(&text) else {
        events.unknown(&Scope::default(), UnknownReason::BrokenJson, None, as_json_string(&text));
        return events.0;
    };
    let Some(parts) = object(envelope) else {
        events.unknown(&Scope::default(), UnknownReason::Shape, Some("body"), envelope.to_owned());
        return events.0;
    };
    let product = parts.get("object").and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
    if product.as_deref() != Some("whatsapp_business_account") {
        events.unknown(&Scope::default(), UnknownReason::NotOurs, None, envelope.to_owned());
        return events.0;
    }
    match parts.get("entry").map(|entries| array(entries)) {
        Some(Some(entries)) => entries.into_iter().for_each(|entry| normalize_entry(entry, &mut events)),
        _ => events.unknown(&Scope::default(), UnknownReason::Shape, Some("entry"), envelope.to_owned()),
    }
    events.0
}

/// Where an item was found.
#[derive(Clone, Default)]
struct Scope {
    business: Option<String>,
    account: Option<String>,
    entry_time: Option<DateTime<Utc>>,
    field: String,
    people: People,
}

impl Scope {
    fn standby(&self) -> bool {
        self.field == "standby"
    }
}

/// The events found so far.
#[derive(Default)]
struct Events(Vec<InboundEvent>);

impl Events {
    /// Adds an event. `key` is the dedupe key without its kind.
    fn push(&mut self, scope: &Scope, kind: InboundKind, at: Option<DateTime<Utc>>, key: &str, raw: RawItem) {
        // Messages and echoes are one key space per direction; every other kind is its own.
        let direction = match &kind {
            InboundKind::Message(_) => "message:in",
            InboundKind::Echo(_) => "message:out",
            other => other.name(),
        };
        self.0.push(InboundEvent {
            account_external_id: scope.account.clone(),
            business_external_id: scope.business.clone(),
            dedupe_key: format!("{direction}:{key}"),
            kind,
            occurred_at: at,
            raw,
        });
    }

    /// Adds an item that is kept and not shown; its key is the hash of where and what it is.
    fn unknown(&mut self, scope: &Scope, reason: UnknownReason, about: Option<&str>, raw: RawItem) {
        let key = content_key(scope, &raw);
        let about = about.or((!scope.field.is_empty()).then_some(scope.field.as_str()));
        let item = UnknownItem { reason, about: about.map(str::to_owned) };
        self.push(scope, InboundKind::Unknown(item), scope.entry_time, &key, raw);
    }
}

fn normalize_entry(entry: &RawValue, events: &mut Events) {
    let Some(parts) = object(entry) else {
        return events.unknown(&Scope::default(), UnknownReason::Shape, Some("entry"), entry.to_owned());
    };
    let get = |name: &str| parts.get(name).and_then(|raw| value(raw));
    let head = Value::from_iter([("id", get("id")), ("time", get("time"))]);
    let scope = Scope { business: read::id(&head, "id"), entry_time: read::time(&head, "time"), ..Scope::default() };
    match parts.get("changes").map(|changes| array(changes)) {
        Some(Some(changes)) => changes.into_iter().for_each(|change| normalize_change(scope.clone(), change, events)),
        _ => events.unknown(&scope, UnknownReason::Shape, Some("changes"), entry.to_owned()),
    }
}

fn normalize_change(mut scope: Scope, change: &RawValue, events: &mut Events) {
    let parts = object(change).unwrap_or_default();
    let field = parts.get("field").and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
    scope.field = field.map(|field| clean::line(&field, 100)).unwrap_or_default();
    let Some(body) = parts.get("value").and_then(|raw| object(raw)) else {
        return events.unknown(&scope, UnknownReason::Shape, Some("value"), change.to_owned());
    };
    scope.account = body.get("metadata").and_then(|raw| value(raw)).and_then(|v| read::id(&v, "phone_number_id"));
    let contacts = body.get("contacts").and_then(|raw| array(raw)).unwrap_or_default();
    scope.people = People::read(contacts.into_iter().filter_map(value));
    let change = Change { parts: body, raw: change };
    match scope.field.as_str() {
        "messages" | "standby" | "smb_message_echoes" => change.conversation(&scope, events),
        _ => fields::normalize(&scope, &change, events),
    }
}

/// The value of one change, cut into its parts.
struct Change<'a> {
    parts: BTreeMap<String, &'a RawValue>,
    /// The whole change, kept when it holds no items of its own.
    raw: &'a RawValue,
}

impl<'a> Change<'a> {
    /// Everything that concerns a thread: messages, echoes, statuses, and errors without a message.
    fn conversation(&self, scope: &Scope, events: &mut Events) {
        type Each = fn(&Scope, &Value, RawItem, &mut Events);
        const LISTS: [(&str, Each); 5] = [
            ("messages", messages::inbound),
            // The older product's name for messages an external agent is answering.
            ("standby", messages::inbound),
            ("message_echoes", messages::echo),
            ("statuses", statuses::normalize),
            ("errors", fields::value_error),
        ];
        let mut found = false;
        for (name, each) in LISTS {
            if let Some(list) = self.parts.get(name) {
                found = true;
                self.each(scope, name, list, each, events);
            }
        }
        if !found {
            events.unknown(scope, UnknownReason::Shape, None, self.raw.to_owned());
        }
    }

    /// Calls `each` with every item of a list; what is no list, or no readable item, is kept as unknown.
    fn each(
        &self,
        scope: &Scope,
        name: &str,
        list: &'a RawValue,
        each: impl Fn(&Scope, &Value, RawItem, &mut Events),
        events: &mut Events,
    ) {
        let Some(items) = array(list) else {
            return events.unknown(scope, UnknownReason::Shape, Some(name), self.raw.to_owned());
        };
        for item in items {
            match value(item) {
                Some(parsed) if parsed.is_object() => each(scope, &parsed, item.to_owned(), events),
                _ => events.unknown(scope, UnknownReason::Shape, Some(name), item.to_owned()),
            }
        }
    }
}

/// A key for items without an id of their own: the hash of where and what they are.
fn content_key(scope: &Scope, raw: &RawValue) -> String {
    let mut hash = Sha256::new();
    for part in [scope.business.as_deref(), scope.account.as_deref(), Some(scope.field.as_str())] {
        hash.update(part.unwrap_or_default());
        hash.update([0]);
    }
    hash.update(scope.entry_time.map_or(0, |at| at.timestamp()).to_be_bytes());
    hash.update(raw.get());
    hex::encode(hash.finalize())
}

fn object(raw: &RawValue) -> Option<BTreeMap<String, &RawValue>> {
    serde_json::from_str(raw.get()).ok()
}

fn array(raw: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(raw.get()).ok()
}

fn value(raw: &RawValue) -> Option<Value> {
    serde_json::from_str(raw.get()).ok()
}

/// Bytes that are no JSON, as a JSON string (its characters are kept, its invalid UTF-8 is not).
fn as_json_string(text: &str) -> RawItem {
    serde_json::value::to_raw_value(text).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
