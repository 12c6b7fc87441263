//! Reads that are worth remembering: noted once per actor, thing and ten minutes, without slowing the read.

use crate::handle::Audit;
use crate::record::READ_WINDOW;
use kernel::{Audience, Ctx, NewEvent, Permission, StreamRef};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

/// What was noted lately: who read what. Only saves work; the audit itself keeps to one entry a window.
pub(crate) struct RecentReads(moka::sync::Cache<(Uuid, Uuid), i64>);

/// Entries remembered at most.
const REMEMBERED: u64 = 50_000;

impl Default for RecentReads {
    fn default() -> Self {
        let life = Duration::from_secs(u64::try_from(READ_WINDOW.num_seconds()).unwrap_or(600));
        Self(moka::sync::Cache::builder().max_capacity(REMEMBERED).time_to_live(life).build())
    }
}

impl Audit {
    /// Notes that the caller read a thing in which it takes no part. The fact is written by a task of its own: a read
    /// never waits for it, and the audit has it within seconds.
    pub fn note_read(&self, ctx: &Ctx, resource: &'static str, id: Uuid) {
        let Some(actor) = ctx.actor().id else { return };
        let (key, now) = ((actor, id), ctx.now().timestamp());
        let known = self.0.reads.0.get(&key);
        if known.is_some_and(|at| now < at + READ_WINDOW.num_seconds()) {
            return;
        }
        self.0.reads.0.insert(key, now);
        let (audit, ctx) = (self.clone(), ctx.clone());
        #[expect(clippy::disallowed_methods, reason = "must not delay the read, and ends with one statement")]
        tokio::spawn(async move {
            if let Err(error) = audit.write_read(&ctx, resource, id).await {
                // Let the next read try again.
                audit.0.reads.0.invalidate(&key);
                tracing::warn!(%error, "a read of personal data was not noted");
            }
        });
    }

    async fn write_read(&self, ctx: &Ctx, resource: &'static str, id: Uuid) -> Result<(), store::DbError> {
        let mut tx = self.0.db.tenant(ctx.organization_id()).await?;
        tx.append(
            ctx,
            NewEvent {
                kind: "privacy.data_read",
                version: 1,
                stream: StreamRef { kind: resource.into(), id, seq: None },
                actor: ctx.actor(),
                audience: Audience {
                    permission: Some(Permission::AUDIT_VIEW.name().to_owned()),
                    ..Audience::default()
                },
                data: json!({ "resource_type": resource, "resource_id": id }),
            },
        );
        tx.commit().await
    }
}
