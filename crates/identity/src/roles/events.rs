//! Facts about roles.

use super::Role;
use crate::events::{doc, event, seen_with};
use kernel::ids::RoleId;
use kernel::{Ctx, NewEvent};
use module::EventDoc;
use serde_json::{Value, json};

pub const EVENTS: &[EventDoc] = &[
    doc("role.created", "A custom role was made: name, permissions."),
    doc("role.updated", "A custom role was changed: before and after, each with name and permissions."),
    doc("role.deleted", "A custom role was deleted: name, and replaced_with where others took its place."),
];

pub fn created(ctx: &Ctx, id: RoleId, name: &str, permissions: &[String]) -> NewEvent {
    about(ctx, "role.created", id, json!({ "name": name, "permissions": permissions }))
}

pub fn updated(ctx: &Ctx, before: &Role, name: &str, permissions: &[String]) -> NewEvent {
    let data = json!({
        "before": { "name": before.name, "permissions": before.named },
        "after": { "name": name, "permissions": permissions },
    });
    about(ctx, "role.updated", before.id, data)
}

pub fn deleted(ctx: &Ctx, role: &Role, replaced_with: Option<&str>) -> NewEvent {
    about(ctx, "role.deleted", role.id, json!({ "name": role.name, "replaced_with": replaced_with }))
}

fn about(ctx: &Ctx, kind: &'static str, id: RoleId, data: Value) -> NewEvent {
    NewEvent { actor: ctx.actor(), ..event(kind, "role", id.0, seen_with("roles.view"), data) }
}
