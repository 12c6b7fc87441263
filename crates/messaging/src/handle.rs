//! The domain's handle: what its edges (routes, sockets) share, and the one value for the binary's list.

use crate::author::Authors;
use crate::events::EVENTS;
use crate::limits::SendLimits;
use crate::reply::{Desk, NewReply, Posted, ReplyBody};
use crate::{routes, sockets};
use kernel::cursor::CursorKey;
use kernel::ids::ConversationId;
use kernel::{Ctx, Error, Permission};
use module::Module;
use std::sync::Arc;
use store::Database;

/// What the operator may set.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Public messages of one user or key a minute, on all transports together; 0 for no limit.
    pub outbound_per_minute: u32,
    /// The same in ten seconds; 0 for no limit.
    pub outbound_per_ten_seconds: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { outbound_per_minute: 100, outbound_per_ten_seconds: 20 }
    }
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Messaging(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub db: Database,
    pub cursors: CursorKey,
    pub authors: Authors,
    pub limits: SendLimits,
    desk: Desk,
}

impl Messaging {
    /// `cursors` must be the same on every node.
    pub fn new(db: Database, cursors: CursorKey, settings: Settings) -> Self {
        let desk = Desk::new(db.clone());
        Self(Arc::new(Inner { db, cursors, authors: Authors::default(), limits: SendLimits::new(settings), desk }))
    }

    /// Stores a reply in a transaction that concurrent replies share, and commits it. For edges only: a command that is
    /// part of something larger calls [`crate::reply`].
    ///
    /// # Errors
    /// As [`crate::reply`], and 429 `RATE_LIMITED`.
    pub async fn post(&self, ctx: &Ctx, conversation_id: ConversationId, body: ReplyBody) -> Result<Posted, Error> {
        self.0.limits.take(ctx)?;
        let author = match self.0.authors.known(ctx) {
            Some(author) => author,
            None => {
                let mut tx = self.0.db.tenant(ctx.organization_id()).await?;
                let author = self.0.authors.of(ctx, &mut tx).await?;
                tx.commit().await?;
                author
            }
        };
        self.0.desk.reply(NewReply { ctx: ctx.clone(), author, conversation_id, body }).await
    }
}

/// What this domain brings to the house.
pub fn module(messaging: &Messaging) -> Module {
    Module {
        name: "messaging",
        routes: routes::router(messaging.clone()),
        permissions: PERMISSIONS,
        events: EVENTS,
        socket_commands: sockets::commands(messaging),
        rooms: sockets::rooms(messaging),
        ..Module::default()
    }
}

const PERMISSIONS: &[Permission] = &[
    Permission::MESSAGING_VIEW,
    Permission::MESSAGING_REPLY,
    Permission::MESSAGING_ASSIGN,
    Permission::MESSAGING_MANAGE,
];
