//! The facts about invitations.

use super::InvitationRow;
use kernel::ids::UserId;
use kernel::{Actor, Audience, NewEvent, StreamRef};
use module::EventDoc;
use serde_json::json;
use uuid::Uuid;

/// Every kind of this area, for readers of the documentation.
pub const EVENTS: &[EventDoc] = &[
    doc("invitation.created", "Somebody was invited: invitation_id, user_id."),
    doc("invitation.resent", "An invitation got a new link and a new life: invitation_id, user_id."),
    doc("invitation.accepted", "Somebody accepted an invitation: invitation_id, user_id."),
    doc("invitation.revoked", "An invitation was taken back: invitation_id, user_id."),
    doc("invitation.expired", "Nobody accepted an invitation in time: invitation_id, user_id."),
];

const fn doc(kind: &'static str, meaning: &'static str) -> EventDoc {
    EventDoc { kind, version: 1, meaning }
}

pub fn invitation(kind: &'static str, id: Uuid, user: UserId) -> NewEvent {
    NewEvent {
        kind,
        version: 1,
        stream: StreamRef { kind: "invitation".into(), id, seq: None },
        actor: Actor::SYSTEM,
        audience: Audience { permission: Some("users.manage".to_owned()), ..Audience::default() },
        data: json!({ "invitation_id": id, "user_id": user }),
    }
}

pub fn about(kind: &'static str, row: &InvitationRow) -> NewEvent {
    invitation(kind, row.id, row.user_id)
}
