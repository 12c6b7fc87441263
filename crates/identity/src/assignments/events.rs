//! Facts about assignments. People are named by id only.

use super::Assignment;
use crate::events::{doc, event, seen_with};
use kernel::{Ctx, NewEvent};
use module::EventDoc;
use serde_json::{Value, json};

pub const EVENTS: &[EventDoc] = &[
    doc("role_assignment.created", "Somebody got a role: holder, role, scope, dates."),
    doc("role_assignment.updated", "The dates of an assignment changed: before and after."),
    doc("role_assignment.deleted", "Somebody lost a role: holder, role, scope, dates."),
];

pub fn created(ctx: &Ctx, assignment: &Assignment, role: &str) -> NewEvent {
    about(ctx, "role_assignment.created", assignment, facts(assignment, role))
}

pub fn updated(ctx: &Ctx, before: &Assignment, after: &Assignment, role: &str) -> NewEvent {
    let mut data = facts(after, role);
    if let Value::Object(members) = &mut data {
        members.insert("before".to_owned(), dates(before));
        members.insert("after".to_owned(), dates(after));
    }
    about(ctx, "role_assignment.updated", after, data)
}

pub fn deleted(ctx: &Ctx, assignment: &Assignment, role: &str) -> NewEvent {
    about(ctx, "role_assignment.deleted", assignment, facts(assignment, role))
}

fn facts(assignment: &Assignment, role: &str) -> Value {
    json!({
        "membership_id": assignment.membership_id,
        "service_account_id": assignment.service_account_id,
        "role": role,
        "scope_type": assignment.scope_type,
        "scope_id": assignment.scope_id,
        "effective_from": assignment.effective_from,
        "effective_to": assignment.effective_to,
    })
}

fn dates(assignment: &Assignment) -> Value {
    json!({ "effective_from": assignment.effective_from, "effective_to": assignment.effective_to })
}

fn about(ctx: &Ctx, kind: &'static str, assignment: &Assignment, data: Value) -> NewEvent {
    NewEvent { actor: ctx.actor(), ..event(kind, "role_assignment", assignment.id, seen_with("roles.view"), data) }
}
