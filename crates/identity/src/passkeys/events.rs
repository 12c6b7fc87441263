//! What passkeys tell.

use crate::events::{about_user, doc};
use kernel::NewEvent;
use kernel::ids::UserId;
use module::EventDoc;
use serde_json::json;
use uuid::Uuid;

pub const EVENTS: &[EventDoc] = &[
    doc("auth.passkey_added", "Somebody added a passkey: user_id, passkey_id."),
    doc("auth.passkey_removed", "Somebody removed a passkey: user_id, passkey_id."),
    doc("auth.passkey_refused", "A passkey's counter went back, so it may have been copied: user_id, passkey_id."),
];

pub fn added(user: UserId, passkey: Uuid) -> NewEvent {
    about_user("auth.passkey_added", user, json!({ "user_id": user, "passkey_id": passkey }))
}

pub fn removed(user: UserId, passkey: Uuid) -> NewEvent {
    about_user("auth.passkey_removed", user, json!({ "user_id": user, "passkey_id": passkey }))
}

pub fn refused(user: UserId, passkey: Uuid) -> NewEvent {
    about_user("auth.passkey_refused", user, json!({ "user_id": user, "passkey_id": passkey }))
}
