//! The facts that this domain appends.

use kernel::ids::{MembershipId, OrganizationId, SessionId, UserId};
use kernel::{Actor, ActorKind, Audience, NewEvent, StreamRef};
use module::EventDoc;
use serde_json::{Value, json};
use uuid::Uuid;

/// Every kind, for readers of the documentation.
pub const EVENTS: &[EventDoc] = &[
    doc("organization.created", "An organization was provisioned: slug, name, kind."),
    doc("user.created", "A login was made for a new member: user_id."),
    doc("membership.created", "Somebody became a member: membership_id, user_id."),
    doc("membership.activated", "An invited member signed in for the first time: membership_id, user_id."),
    doc("role_assignment.created", "A member got a role: membership_id, role, scope_type."),
    doc("auth.login_succeeded", "Somebody signed in: user_id, session_id, amr."),
    doc("auth.login_failed", "A sign-in meant for this organization failed: reason."),
    doc("auth.throttled", "A sign-in meant for this organization came too soon after failed ones."),
    doc("auth.logged_out", "Somebody signed out: user_id, session_id."),
    doc("auth.session_revoked", "A session ended; its sockets close: session_id, reason."),
    doc("auth.refresh_reused", "A refresh token was used again; its session was ended: user_id, session_id."),
];

const fn doc(kind: &'static str, meaning: &'static str) -> EventDoc {
    EventDoc { kind, version: 1, meaning }
}

pub fn organization_created(id: OrganizationId, slug: &str, name: &str, kind: &str) -> NewEvent {
    let data = json!({ "slug": slug, "name": name, "kind": kind });
    event("organization.created", "organization", *id, seen_with("organization.view"), data)
}

/// No name: what the log holds cannot be erased with the person.
pub fn user_created(user: UserId) -> NewEvent {
    event("user.created", "user", *user, seen_with("users.view"), json!({ "user_id": user }))
}

pub fn membership(kind: &'static str, membership: MembershipId, user: UserId) -> NewEvent {
    event(kind, "user", *user, seen_with("users.view"), json!({ "membership_id": membership, "user_id": user }))
}

pub fn role_assigned(assignment: Uuid, membership: MembershipId, role: &str, scope_type: &str) -> NewEvent {
    let data = json!({ "membership_id": membership, "role": role, "scope_type": scope_type });
    event("role_assignment.created", "role_assignment", assignment, seen_with("roles.view"), data)
}

pub fn login_succeeded(user: UserId, session: SessionId, amr: &[String]) -> NewEvent {
    let data = json!({ "user_id": user, "session_id": session, "amr": amr });
    by(user, event("auth.login_succeeded", "user", *user, seen_with("audit.view"), data))
}

/// Nothing about the login: whether there is one must not show.
pub fn login_refused(kind: &'static str, organization: OrganizationId, reason: &str) -> NewEvent {
    event(kind, "organization", *organization, seen_with("audit.view"), json!({ "reason": reason }))
}

pub fn about_session(kind: &'static str, user: UserId, session: SessionId) -> NewEvent {
    by(user, event(kind, "user", *user, seen_with("audit.view"), json!({ "user_id": user, "session_id": session })))
}

/// What the realtime hub hears to disconnect; the person alone may see it.
pub fn session_revoked(user: UserId, session: SessionId, reason: &str) -> NewEvent {
    let audience = Audience { only_user: Some(user), ..Audience::default() };
    by(user, event("auth.session_revoked", "user", *user, audience, json!({ "session_id": session, "reason": reason })))
}

fn event(kind: &'static str, stream: &'static str, id: Uuid, audience: Audience, data: Value) -> NewEvent {
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

fn seen_with(permission: &str) -> Audience {
    Audience { permission: Some(permission.to_owned()), ..Audience::default() }
}
