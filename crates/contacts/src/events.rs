//! Facts about contacts. Names and masked addresses only: an event is read by everybody who may view contacts.

use crate::mask;
use kernel::ids::{ContactId, IdentityId};
use kernel::{Actor, Audience, Ctx, NewEvent, Permission, StreamRef};
use module::EventDoc;
use serde_json::{Value, json};
use store::TenantTx;

/// Every event of this domain.
pub const EVENTS: &[EventDoc] = &[
    doc("contact.created", "Somebody unknown wrote. data: contact {id, name, stage, origin}."),
    doc("contact.updated", "Fields changed. data: contact_id, changed (names of the fields), name (as shown)."),
    doc("contact.blocked", "Staff blocked the contact. data: contact_id."),
    doc("contact.unblocked", "Staff lifted the block. data: contact_id."),
    doc("contact.identity_added", "One more address. data: contact_id, identity {id, kind, value (masked), trust}."),
    doc("contact.identity_verified", "A channel proved an asserted address. data as contact.identity_added."),
    doc("contact.identity_retired", "An address is not theirs any more. data as contact.identity_added."),
    doc("contact.duplicate_suggested", "Two contacts may be one person. data: contact_id, other_contact_id, evidence."),
];

const fn doc(kind: &'static str, meaning: &'static str) -> EventDoc {
    EventDoc { kind, version: 1, meaning }
}

pub(crate) fn append(
    ctx: &Ctx,
    tx: &mut TenantTx,
    kind: &'static str,
    contact_id: ContactId,
    actor: Actor,
    data: Value,
) {
    let audience = Audience { permission: Some(Permission::CONTACTS_VIEW.name().to_owned()), ..Audience::default() };
    let stream = StreamRef { kind: "contact".into(), id: *contact_id, seq: None };
    tx.append(ctx, NewEvent { kind, version: 1, stream, actor, audience, data });
}

/// An identity's part of an event.
pub(crate) fn identity(contact_id: ContactId, id: IdentityId, kind: &str, value: &str, trust: &str) -> Value {
    json!({"contact_id": contact_id, "identity": {"id": id, "kind": kind, "value": mask::address(value), "trust": trust}})
}
