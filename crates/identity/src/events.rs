//! The facts that this domain appends.

use kernel::ids::{MembershipId, SessionId, UserId};
use kernel::{Actor, ActorKind, Audience, NewEvent, StreamRef};
use module::EventDoc;
use serde_json::{Value, json};
use store::INSTALLATION;
use uuid::Uuid;

/// Every kind, for readers of the documentation.
pub const EVENTS: &[EventDoc] = &[
    doc("auth.signing_key_rotated", "Another key signs access tokens, of the installation: kid, emergency."),
    doc("membership.activated", "An invited member signed in for the first time: membership_id, user_id."),
];

pub(crate) const fn doc(kind: &'static str, meaning: &'static str) -> EventDoc {
    EventDoc { kind, version: 1, meaning }
}

pub fn membership(kind: &'static str, membership: MembershipId, user: UserId) -> NewEvent {
    event(kind, "user", *user, seen_with("users.view"), json!({ "membership_id": membership, "user_id": user }))
}

/// `emergency`: what earlier keys signed is refused from now on.
pub fn signing_key_rotated(kid: &str, emergency: bool) -> NewEvent {
    let data = json!({ "kid": kid, "emergency": emergency });
    event("auth.signing_key_rotated", "installation", INSTALLATION.0, seen_with("audit.view"), data)
}

pub fn login_succeeded(user: UserId, session: SessionId, amr: &[String]) -> NewEvent {
    let data = json!({ "user_id": user, "session_id": session, "amr": amr });
    by(user, event("auth.login_succeeded", "user", *user, seen_with("audit.view"), data))
}

pub fn about_session(kind: &'static str, user: UserId, session: SessionId) -> NewEvent {
    by(user, event(kind, "user", *user, seen_with("audit.view"), json!({ "user_id": user, "session_id": session })))
}

pub fn reauthenticated(user: UserId, session: SessionId, methods: &[String]) -> NewEvent {
    let data = json!({ "user_id": user, "session_id": session, "methods": methods });
    by(user, event("auth.reauthenticated", "user", *user, seen_with("audit.view"), data))
}

/// Something that a person did with the own login.
pub(crate) fn about_user(kind: &'static str, user: UserId, data: Value) -> NewEvent {
    by(user, event(kind, "user", *user, seen_with("audit.view"), data))
}

/// What the realtime hub hears to disconnect; the person alone may see it.
pub fn session_revoked(user: UserId, session: SessionId, reason: &str) -> NewEvent {
    let audience = Audience { only_user: Some(user), ..Audience::default() };
    by(user, event("auth.session_revoked", "user", *user, audience, json!({ "session_id": session, "reason": reason })))
}

pub(crate) fn event(kind: &'static str, stream: &'static str, id: Uuid, audience: Audience, data: Value) -> NewEvent {
    NewEvent {
        kind,
        version: 1,
        stream: StreamRef { kind: stream.into(), id, seq: None },
        actor: Actor::SYSTEM,
        audience,
        data,
    }
}

/// Before a sign-in there is no subject: the person is the actor all the same.
fn by(user: UserId, mut event: NewEvent) -> NewEvent {
    event.actor = Actor { kind: ActorKind::User, id: Some(user.0) };
    event
}

pub(crate) fn seen_with(permission: &str) -> Audience {
    Audience { permission: Some(permission.to_owned()), ..Audience::default() }
}
