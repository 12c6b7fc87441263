//! The facts about people that this domain appends. No name, no address: what the log holds cannot be erased with the
//! person.

use kernel::ids::{MembershipId, UserId};
use kernel::{Actor, Audience, Ctx, NewEvent, StreamRef};
use module::EventDoc;
use serde_json::{Value, json};
use store::TenantTx;
use uuid::Uuid;

/// Every kind of this area, for readers of the documentation.
pub const EVENTS: &[EventDoc] = &[
    doc("user.created", "A login was made for a new member: user_id."),
    doc("user.updated", "Somebody's login was changed: user_id, fields."),
    doc("user.email_changed", "A login has another e-mail now, or has its old one back: user_id, undone."),
    doc("user.disabled", "A login has no membership any more and is erased later: user_id, erase_at."),
    doc("membership.created", "Somebody became a member or was invited: membership_id, user_id, status, units."),
    doc("membership.updated", "What the organization keeps of a member was changed: membership_id, user_id, fields."),
    doc("membership.suspended", "A member may not come in: membership_id, user_id. Live work returns to the queues."),
    doc("membership.restored", "A suspended member may come in again: membership_id, user_id."),
    doc("membership.removed", "A membership ended: membership_id, user_id. Live work returns to the queues."),
];

const fn doc(kind: &'static str, meaning: &'static str) -> EventDoc {
    EventDoc { kind, version: 1, meaning }
}

/// Appends with the caller as the actor.
pub fn append(ctx: &Ctx, tx: &mut TenantTx, mut event: NewEvent) {
    event.actor = ctx.actor();
    tx.append(ctx, event);
}

pub fn user(kind: &'static str, id: UserId, mut data: Value) -> NewEvent {
    if let Value::Object(members) = &mut data {
        members.insert("user_id".to_owned(), json!(id));
    }
    event(kind, "user", *id, "users.view", data)
}

pub fn membership(kind: &'static str, id: MembershipId, user: UserId, mut data: Value) -> NewEvent {
    if let Value::Object(members) = &mut data {
        members.insert("membership_id".to_owned(), json!(id));
        members.insert("user_id".to_owned(), json!(user));
    }
    event(kind, "user", *user, "users.view", data)
}

pub fn event(kind: &'static str, stream: &'static str, id: Uuid, permission: &str, data: Value) -> NewEvent {
    NewEvent {
        kind,
        version: 1,
        stream: StreamRef { kind: stream.into(), id, seq: None },
        actor: Actor::SYSTEM,
        audience: Audience { permission: Some(permission.to_owned()), ..Audience::default() },
        data,
    }
}
