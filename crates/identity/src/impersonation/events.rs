//! Facts about acting in somebody's name. Persons by id only; the reason is for the audit.

use super::Impersonation;
use crate::events::{doc, event, seen_with};
use kernel::{Actor, ActorKind, NewEvent};
use module::EventDoc;
use serde_json::{Value, json};

pub const EVENTS: &[EventDoc] = &[
    doc("impersonation.requested", "Platform staff asked to be let in: kind, mode, minutes, reason, by."),
    doc("impersonation.approved", "A support session was let in: by."),
    doc("impersonation.rejected", "A support session was refused, by an admin or by the setting: by."),
    doc("impersonation.started", "Somebody acts in a member's name now: kind, mode, by, user_id, session_id, reason."),
    doc("impersonation.ended", "And no longer does: kind, by, user_id, session_id, how."),
];

pub fn requested(one: &Impersonation) -> NewEvent {
    about("impersonation.requested", one, staff(one), json!({}))
}

pub fn decided(one: &Impersonation, approved: bool, actor: Option<Actor>) -> NewEvent {
    let kind = if approved { "impersonation.approved" } else { "impersonation.rejected" };
    about(kind, one, actor.unwrap_or(Actor::SYSTEM), json!({}))
}

pub fn started(one: &Impersonation) -> NewEvent {
    about("impersonation.started", one, staff(one), json!({}))
}

pub fn ended(one: &Impersonation, actor: Actor, how: &str) -> NewEvent {
    about("impersonation.ended", one, actor, json!({ "how": how }))
}

/// The person who really acts.
fn staff(one: &Impersonation) -> Actor {
    Actor { kind: ActorKind::User, id: Some(one.by_user_id.0) }
}

fn about(kind: &'static str, one: &Impersonation, actor: Actor, more: Value) -> NewEvent {
    let mut data = json!({
        "kind": one.kind,
        "mode": one.mode,
        "minutes": one.minutes,
        "reason": one.reason,
        "by": one.by_user_id,
        "user_id": one.user_id,
        "session_id": one.session_id,
    });
    if let (Value::Object(data), Value::Object(more)) = (&mut data, more) {
        data.extend(more);
    }
    NewEvent { actor, ..event(kind, "impersonation", one.id, seen_with("audit.view"), data) }
}
