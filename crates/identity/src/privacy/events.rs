//! The facts about exports and erasures.

use kernel::ids::UserId;
use kernel::{Ctx, NewEvent};
use module::EventDoc;
use serde_json::{Value, json};
use store::TenantTx;

/// Every kind of this area, for readers of the documentation.
pub const EVENTS: &[EventDoc] = &[
    doc("privacy.export_requested", "Somebody asked for the data of a person: user_id, export_id."),
    doc("privacy.export_ready", "A copy of a person's data can be fetched: user_id, export_id."),
    doc("privacy.export_downloaded", "A copy of a person's data was fetched: user_id, export_id."),
    doc("privacy.erasure_requested", "A person is to be erased: user_id, due_at, cause."),
    doc("privacy.erasure_canceled", "A person took the own wish to be erased back: user_id."),
    doc("privacy.erased", "A person was erased here: user_id, number, shown (what takes the place of the name)."),
    doc("privacy.hold_set", "A person's data must be kept: user_id."),
    doc("privacy.hold_lifted", "A person's data need not be kept any more: user_id."),
    doc("user.erased", "A login was erased; its e-mail is free: user_id."),
];

const fn doc(kind: &'static str, meaning: &'static str) -> EventDoc {
    EventDoc { kind, version: 1, meaning }
}

/// Appends a fact about a person, with the caller as the actor.
pub fn append(ctx: &Ctx, tx: &mut TenantTx, kind: &'static str, user: UserId, mut data: Value) {
    if let Value::Object(members) = &mut data {
        members.insert("user_id".to_owned(), json!(user));
    }
    let mut event: NewEvent = crate::users::event(kind, "user", *user, "privacy.view", data);
    event.actor = ctx.actor();
    tx.append(ctx, event);
}
