//! Facts about service accounts and keys. Never a secret, never a hash.

use super::{Account, Behalf, Key};
use crate::events::{doc, event, seen_with};
use chrono::{DateTime, Utc};
use kernel::{Actor, Ctx, NewEvent};
use module::EventDoc;
use serde_json::{Value, json};
use uuid::Uuid;

pub const EVENTS: &[EventDoc] = &[
    doc("service_account.created", "A service account was made: name."),
    doc("service_account.updated", "A service account was changed: before and after, each with name and status."),
    doc("service_account.deleted", "A service account ended with its keys and roles: name."),
    doc("api_key.created", "A key was made: prefix, scopes, masks, expires_at."),
    doc("api_key.rotated", "A key got a successor: prefix, successor_id, overlap_hours."),
    doc("api_key.revoked", "A key was ended: prefix."),
    doc("api_key.expired", "A key came to its end: prefix."),
    doc(
        "api_key.acted_on_behalf",
        "A key wrote in a member's name: service_account_id, user_id. Once in ten minutes of a key and member.",
    ),
];

pub fn account_created(ctx: &Ctx, id: Uuid, name: &str) -> NewEvent {
    about(ctx.actor(), "service_account.created", "service_account", id, json!({ "name": name }))
}

pub fn account_updated(ctx: &Ctx, before: &Account, name: &str, status: &str) -> NewEvent {
    let data = json!({
        "before": { "name": before.name, "status": before.status },
        "after": { "name": name, "status": status },
    });
    about(ctx.actor(), "service_account.updated", "service_account", before.id, data)
}

pub fn account_deleted(ctx: &Ctx, account: &Account) -> NewEvent {
    about(ctx.actor(), "service_account.deleted", "service_account", account.id, json!({ "name": account.name }))
}

pub fn key_created(ctx: &Ctx, key: &Key) -> NewEvent {
    let data = json!({
        "service_account_id": key.service_account_id,
        "prefix": key.prefix,
        "scopes": key.scopes,
        "masks": key.masks,
        "expires_at": key.expires_at,
    });
    about(ctx.actor(), "api_key.created", "api_key", key.id, data)
}

pub fn key_rotated(ctx: &Ctx, old: &Key, successor: Uuid, overlap_hours: i64) -> NewEvent {
    let data = json!({
        "service_account_id": old.service_account_id,
        "prefix": old.prefix,
        "successor_id": successor,
        "overlap_hours": overlap_hours,
    });
    about(ctx.actor(), "api_key.rotated", "api_key", old.id, data)
}

pub fn key_revoked(ctx: &Ctx, key: &Key) -> NewEvent {
    let data = json!({ "service_account_id": key.service_account_id, "prefix": key.prefix });
    about(ctx.actor(), "api_key.revoked", "api_key", key.id, data)
}

pub fn key_expired(id: Uuid, account: Uuid, prefix: &str, at: DateTime<Utc>) -> NewEvent {
    let data = json!({ "service_account_id": account, "prefix": prefix, "expires_at": at });
    about(Actor::SYSTEM, "api_key.expired", "api_key", id, data)
}

pub fn acted_on_behalf(behalf: &Behalf) -> NewEvent {
    let data = json!({ "service_account_id": behalf.service_account_id, "user_id": behalf.user_id });
    about(behalf.key.actor(), "api_key.acted_on_behalf", "api_key", behalf.api_key_id, data)
}

fn about(actor: Actor, kind: &'static str, stream: &'static str, id: Uuid, data: Value) -> NewEvent {
    NewEvent { actor, ..event(kind, stream, id, seen_with("service_accounts.view"), data) }
}
