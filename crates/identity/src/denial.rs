//! Refusals by the rules of access, noted as `access.denied`.

use crate::events::{doc, event, seen_with};
use crate::handle::Identity;
use kernel::{Ctx, Denied, Error, NewEvent};
use module::EventDoc;
use serde_json::json;
use uuid::Uuid;

pub const EVENTS: &[EventDoc] =
    &[doc("access.denied", "Somebody was refused by the rules of access: action, reason. Once a minute of a kind.")];

impl Identity {
    /// Appends `access.denied` where the error is a refusal by the rules of access: at most once a minute of the same
    /// kind and principal, in a transaction of its own, because the command that was refused has none.
    pub async fn note_denial(&self, ctx: Option<Ctx>, error: &Error) {
        let (Some(denied), Some(ctx)) = (error.denied(), ctx) else { return };
        let Some(principal) = ctx.subject.principal_id() else { return };
        let key = (principal, denied.action, denied.reason);
        if self.0.denials.contains_key(&key) {
            return;
        }
        self.0.denials.insert(key, ());
        let noted = async {
            let mut tx = self.0.db.tenant(ctx.organization_id()).await?;
            tx.append(&ctx, access_denied(&ctx, principal, denied));
            tx.commit().await
        };
        if let Err(error) = noted.await {
            tracing::warn!(%error, "a refusal could not be noted");
        }
    }
}

fn access_denied(ctx: &Ctx, principal: Uuid, denied: Denied) -> NewEvent {
    let data = json!({ "action": denied.action, "reason": denied.reason });
    NewEvent { actor: ctx.actor(), ..event("access.denied", "principal", principal, seen_with("audit.view"), data) }
}
