//! The facts about organizations.

use crate::events::{doc, event, seen_with};
use kernel::{Ctx, NewEvent};
use module::EventDoc;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Every kind, for readers of the documentation.
pub const EVENTS: &[EventDoc] = &[
    doc("organization.created", "An organization was provisioned: slug, name, kind."),
    doc("organization.updated", "Its own data were changed: before and after of what changed, version."),
    doc("organization.status_changed", "Its state changed: from, to, suspension_mode, reason, closing_at."),
    doc("organization.settings_changed", "Settings were changed: before and after by key, version."),
    doc("organization.domain_verified", "A domain was proven: domain_id, domain, purposes."),
    doc(
        "organization.domain_lost",
        "A domain is no longer proven: domain_id, domain, reason (no_record, newer_proof).",
    ),
    doc("organization.limit_warning", "80 % of a limit are used: limit, current, max."),
    doc("organization.limit_reached", "A limit is used up: limit, current, max."),
    doc("organization.subscription_changed", "Plan, seats, limits or features changed: before and after."),
    doc("organization.data_key_rotated", "Its data are sealed with a new key: version."),
    doc("organization.export_downloaded", "The archive of an organization was fetched: export_id."),
    doc("organization.exported", "A final export is ready: file_id, size."),
];

pub fn created(ctx: &Ctx, slug: &str, name: &str, kind: &str) -> NewEvent {
    about(ctx, "organization.created", "organization.view", json!({ "slug": slug, "name": name, "kind": kind }))
}

/// What changed, by name: value before, value after.
pub type Changes = [(String, Value, Value)];

pub fn updated(ctx: &Ctx, changes: &Changes, version: i64) -> NewEvent {
    let (before, after) = sides(changes);
    let data = json!({ "before": before, "after": after, "version": version });
    about(ctx, "organization.updated", "organization.view", data)
}

pub fn settings_changed(ctx: &Ctx, changes: &Changes, version: i64) -> NewEvent {
    let (before, after) = sides(changes);
    let data = json!({ "before": before, "after": after, "version": version });
    about(ctx, "organization.settings_changed", "organization.view", data)
}

pub fn subscription_changed(ctx: &Ctx, changes: &Changes) -> NewEvent {
    let (before, after) = sides(changes);
    let data = json!({ "before": before, "after": after });
    about(ctx, "organization.subscription_changed", "organization.billing", data)
}

/// `kind` is `organization.limit_warning` or `organization.limit_reached`.
pub fn limit(ctx: &Ctx, kind: &'static str, limit: &str, current: i64, max: i64) -> NewEvent {
    about(ctx, kind, "organization.view", json!({ "limit": limit, "current": current, "max": max }))
}

pub fn status_changed(ctx: &Ctx, data: Value) -> NewEvent {
    about(ctx, "organization.status_changed", "organization.view", data)
}

pub fn domain(ctx: &Ctx, kind: &'static str, id: Uuid, data: Value) -> NewEvent {
    let mut event = event(kind, "organization_domain", id, seen_with("organization.view"), data);
    event.actor = ctx.actor();
    event
}

pub fn data_key_rotated(ctx: &Ctx, version: i32) -> NewEvent {
    about(ctx, "organization.data_key_rotated", "audit.view", json!({ "version": version }))
}

pub fn export_downloaded(ctx: &Ctx, export_id: Uuid) -> NewEvent {
    about(ctx, "organization.export_downloaded", "organization.close", json!({ "export_id": export_id }))
}

pub fn exported(ctx: &Ctx, file_id: Uuid, size: u64) -> NewEvent {
    about(ctx, "organization.exported", "organization.close", json!({ "file_id": file_id, "size": size }))
}

fn about(ctx: &Ctx, kind: &'static str, permission: &str, data: Value) -> NewEvent {
    let mut event = event(kind, "organization", *ctx.organization_id(), seen_with(permission), data);
    event.actor = ctx.actor();
    event
}

fn sides(changes: &Changes) -> (Map<String, Value>, Map<String, Value>) {
    let side = |which: fn(&(String, Value, Value)) -> &Value| {
        changes.iter().map(|change| (change.0.clone(), which(change).clone())).collect()
    };
    (side(|change| &change.1), side(|change| &change.2))
}
