//! What second factors, passkeys and identity providers tell.

use crate::events::{about_user, doc};
use kernel::NewEvent;
use kernel::ids::UserId;
use module::EventDoc;
use serde_json::json;

pub const EVENTS: &[EventDoc] = &[
    doc("auth.mfa_enabled", "Somebody confirmed an authenticator app: user_id."),
    doc("auth.mfa_disabled", "Somebody's second factors were taken away: user_id, reason (own, reset)."),
    doc("auth.mfa_failed", "A second factor was wrong: user_id, method."),
    doc("auth.recovery_code_used", "Somebody signed in with a recovery code: user_id, left."),
    doc("auth.recovery_codes_renewed", "Somebody made new recovery codes; the earlier ones are void: user_id."),
];

pub fn enabled(user: UserId) -> NewEvent {
    about_user("auth.mfa_enabled", user, json!({ "user_id": user }))
}

pub fn disabled(user: UserId, reason: &str) -> NewEvent {
    about_user("auth.mfa_disabled", user, json!({ "user_id": user, "reason": reason }))
}

pub fn failed(user: UserId, method: super::Method) -> NewEvent {
    about_user("auth.mfa_failed", user, json!({ "user_id": user, "method": method }))
}

pub fn recovery_code_used(user: UserId, left: i64) -> NewEvent {
    about_user("auth.recovery_code_used", user, json!({ "user_id": user, "left": left }))
}

pub fn recovery_codes_renewed(user: UserId) -> NewEvent {
    about_user("auth.recovery_codes_renewed", user, json!({ "user_id": user }))
}
