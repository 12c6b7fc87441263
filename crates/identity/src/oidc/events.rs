//! What identity providers and identities tell.

use crate::events::{about_user, doc, event, seen_with};
use kernel::NewEvent;
use kernel::ids::UserId;
use module::EventDoc;
use serde_json::json;
use uuid::Uuid;

pub const EVENTS: &[EventDoc] = &[
    doc("auth.identity_linked", "Somebody's account at a provider was linked: user_id, provider, by (person, e_mail)."),
    doc("auth.identity_unlinked", "Somebody took such a link away: user_id, provider."),
    doc("identity_provider.created", "The organization got an identity provider: identity_provider_id."),
    doc("identity_provider.updated", "An identity provider was changed: identity_provider_id, fields."),
    doc("identity_provider.deleted", "An identity provider was taken away: identity_provider_id."),
];

pub fn linked(user: UserId, provider: &str, by: &str) -> NewEvent {
    about_user("auth.identity_linked", user, json!({ "user_id": user, "provider": provider, "by": by }))
}

pub fn unlinked(user: UserId, provider: &str) -> NewEvent {
    about_user("auth.identity_unlinked", user, json!({ "user_id": user, "provider": provider }))
}

pub fn provider(kind: &'static str, id: Uuid, fields: &[&str]) -> NewEvent {
    let mut data = json!({ "identity_provider_id": id });
    if !fields.is_empty() {
        data["fields"] = json!(fields);
    }
    event(kind, "identity_provider", id, seen_with("organization.manage"), data)
}
