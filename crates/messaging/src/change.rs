//! What a step of the status table does to a conversation, and how it is announced.

use crate::conversation::{ConversationRow, ConversationStatus};
use crate::events;
use crate::transition::Step;
use chrono::{DateTime, Utc};
use kernel::{Actor, Ctx, Error};
use serde_json::json;
use store::{DbError, TenantTx};

impl ConversationRow {
    /// Runs through the steps. `reason` is that of the last one.
    pub(crate) fn run(&mut self, steps: &[Step], reason: Option<&str>, now: DateTime<Utc>) {
        for step in steps {
            if step.from == ConversationStatus::Closed {
                self.closed_at = None;
                self.archived_at = None;
                self.reopened_count += 1;
            }
            if step.from == ConversationStatus::Snoozed {
                self.snoozed_until = None;
            }
            if step.to == ConversationStatus::Closed {
                self.closed_at = Some(now);
                self.waiting_since = None;
                self.give_floor("nobody", None, now);
            }
            self.status = step.to;
            self.status_reason = None;
        }
        if !steps.is_empty() {
            self.status_reason = reason.map(str::to_owned);
        }
    }
}

/// Appends the events of the steps that a conversation (as it is now) ran through.
pub(crate) fn announce(ctx: &Ctx, tx: &mut TenantTx, row: &ConversationRow, actor: &Actor, steps: &[Step]) {
    for (place, step) in steps.iter().enumerate() {
        let reason = row.status_reason.as_deref().filter(|_| place + 1 == steps.len());
        let data = json!({"from": step.from, "to": step.to, "reason": reason});
        events::conversation(ctx, tx, row, "conversation.status_changed", actor, data);
        if step.from == ConversationStatus::Closed {
            events::conversation(ctx, tx, row, "conversation.reopened", actor, json!({}));
        }
        if step.to == ConversationStatus::Closed {
            events::conversation(ctx, tx, row, "conversation.closed", actor, json!({ "reason": reason }));
        }
    }
}

/// Appends who holds the floor now.
pub(crate) fn announce_floor(ctx: &Ctx, tx: &mut TenantTx, row: &ConversationRow, actor: &Actor) {
    let floor = json!({"holder": row.floor_holder, "holder_id": row.floor_holder_id, "token": row.floor_token});
    events::conversation(ctx, tx, row, "conversation.floor_changed", actor, json!({ "floor": floor }));
}

/// The contact has a newer active thread on this channel: it takes what comes, this one stays closed.
pub(crate) fn thread_taken(error: DbError) -> Error {
    error.conflict_on(
        "conversations_thread_idx",
        "THREAD_ACTIVE",
        "This contact has another active conversation on this channel.",
    )
}
