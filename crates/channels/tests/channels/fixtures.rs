//! The protocol fixtures of the repository, and short ways to build webhook bodies of one's own.

use std::path::PathBuf;

use channels::connector::{InboundEvent, InboundKind, InboundMessage};
use channels::whatsapp::normalize::normalize;
use serde_json::{Value, json};

/// Files of the folder that are no webhook bodies.
const NOT_WEBHOOKS: [&str; 4] =
    ["api_exchanges.json", "phone_normalisation_cases.json", "signature_vectors.json", "verification_requests.json"];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/whatsapp")
}

pub fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub fn value(name: &str) -> Value {
    serde_json::from_slice(&bytes(name)).unwrap()
}

/// All webhook bodies: name and bytes, by name.
pub fn webhooks() -> Vec<(String, Vec<u8>)> {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json") && !NOT_WEBHOOKS.contains(&name.as_str()))
        .collect();
    names.sort();
    assert!(names.len() >= 79, "fixtures are missing: {}", names.len());
    names.into_iter().map(|name| (name.clone(), bytes(&name))).collect()
}

/// A body of one change.
pub fn body(field: &str, value: Value) -> Vec<u8> {
    let body = json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": field, "value": value}]}]});
    serde_json::to_vec(&body).unwrap()
}

/// A body of the field `messages` with these contacts and messages.
pub fn messages(contacts: Value, messages: Value) -> Vec<u8> {
    let metadata = json!({"display_phone_number": "551130001234", "phone_number_id": "2200"});
    body(
        "messages",
        json!({"messaging_product": "whatsapp", "metadata": metadata, "contacts": contacts, "messages": messages}),
    )
}

/// A text message as Meta sends it.
pub fn text(id: &str, from: &str, body: &str) -> Value {
    json!({"id": id, "from": from, "timestamp": "1767355237", "type": "text", "text": {"body": body}})
}

/// The one event of a body.
pub fn only(raw: &[u8]) -> InboundEvent {
    let mut events = normalize(raw);
    assert_eq!(events.len(), 1, "{events:?}");
    events.remove(0)
}

/// The one message of a body.
pub fn only_message(raw: &[u8]) -> InboundMessage {
    match only(raw).kind {
        InboundKind::Message(message) => *message,
        other => panic!("no message: {other:?}"),
    }
}
