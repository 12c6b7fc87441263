//! The domain's handle: what its edges (routes, sockets) share, and the one value for the binary's list.

use crate::author::{Author, Authors};
use crate::conversation::ConversationRow;
use crate::desk::Desk;
use crate::events::EVENTS;
use crate::limits::SendLimits;
use crate::note::{NewNote, NoteBody};
use crate::reply::{NewReply, Posted, ReplyBody};
use crate::{departures, resources, routes, sockets, upkeep};
use audit::Audit;
use kernel::cursor::CursorKey;
use kernel::ids::{ConversationId, UserId};
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
    replies: Desk<NewReply>,
    notes: Desk<NewNote>,
    audit: Option<Audit>,
}

impl Messaging {
    /// `cursors` must be the same on every node.
    pub fn new(db: Database, cursors: CursorKey, settings: Settings) -> Self {
        let (replies, notes) = (Desk::new(db.clone()), Desk::new(db.clone()));
        let (authors, limits) = (Authors::default(), SendLimits::new(settings));
        Self(Arc::new(Inner { db, cursors, authors, limits, replies, notes, audit: None }))
    }

    /// The same, with an audit that is told who reads what. To be called before the handle is shared.
    #[must_use]
    pub fn watched_by(mut self, audit: Audit) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.audit = Some(audit);
        }
        self
    }

    /// Notes that messages were read by somebody who takes no part in their conversation.
    pub(crate) fn note_read(&self, ctx: &Ctx, conversation: &ConversationRow) {
        let Some(audit) = &self.0.audit else { return };
        if !conversation.has_part(ctx.subject.user_id()) {
            audit.note_read(ctx, "conversation", conversation.id.0);
        }
    }

    /// Stores a reply in a transaction that concurrent replies share, and commits it. For edges only: a command that is
    /// part of something larger calls [`crate::reply`].
    ///
    /// # Errors
    /// As [`crate::reply`], and 429 `RATE_LIMITED`.
    pub async fn post(&self, ctx: &Ctx, conversation_id: ConversationId, body: ReplyBody) -> Result<Posted, Error> {
        self.0.limits.take(ctx)?;
        let (ctx, author) = self.writer(ctx, body.on_behalf_of).await?;
        self.0.replies.post(NewReply { ctx, author, conversation_id, body }).await
    }

    /// The same for a note.
    ///
    /// # Errors
    /// As [`crate::note`].
    pub async fn note(&self, ctx: &Ctx, conversation_id: ConversationId, body: NoteBody) -> Result<Posted, Error> {
        let (ctx, author) = self.writer(ctx, body.on_behalf_of).await?;
        self.0.notes.post(NewNote { ctx, author, conversation_id, body }).await
    }

    async fn writer(&self, ctx: &Ctx, on_behalf_of: Option<UserId>) -> Result<(Ctx, Author), Error> {
        if let (None, Some(author)) = (on_behalf_of, self.0.authors.known(ctx)) {
            return Ok((ctx.clone(), author));
        }
        let mut tx = self.0.db.tenant(ctx.organization_id()).await?;
        let writer = self.0.authors.writer(ctx, &mut tx, on_behalf_of).await?;
        tx.commit().await?;
        Ok(writer)
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
        resources: resources::resources(),
        job_kinds: vec![upkeep::job(messaging.0.db.clone())],
        schedules: vec![upkeep::schedule()],
        readers: vec![departures::reader(messaging.0.db.clone())],
        ..Module::default()
    }
}

const PERMISSIONS: &[Permission] = &[
    Permission::MESSAGING_VIEW,
    Permission::MESSAGING_REPLY,
    Permission::MESSAGING_ASSIGN,
    Permission::MESSAGING_MANAGE,
    // Whether addresses are shown whole.
];
