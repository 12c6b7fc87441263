//! One client that has shown its token.

use crate::flow::{Flow, Outcome};
use crate::gate::EngineSocket;
use crate::hub::Inner;
use crate::inbound::Inbox;
use crate::packet;
use crate::queue::{Line, Push};
use crate::room::Room;
use crate::session::Session;
use chrono::{DateTime, Utc};
use engineioxide::{DisconnectReason, Str, TransportType};
use kernel::Subject;
use kernel::ids::{OrganizationId, UserId};
use serde_json::json;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A transport that takes nothing for this long is given up.
const STALLED: Duration = Duration::from_secs(45);
/// A polling client fetches the last words within this time.
const LAST_WORDS: Duration = Duration::from_millis(500);

pub(crate) struct Connection {
    /// Unique on this node.
    pub(crate) number: u64,
    pub(crate) organization_id: OrganizationId,
    pub(crate) user_id: UserId,
    pub(crate) socket: Arc<EngineSocket>,
    pub(crate) inbox: Inbox,
    flow: Mutex<Flow>,
    pass: Mutex<Pass>,
    closed: AtomicBool,
}

/// What lets the client stay.
pub(crate) struct Pass {
    pub(crate) session: Arc<Session>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    /// `hello` was sent; notices wait for it.
    pub(crate) greeted: bool,
    /// `auth_expiring` was sent.
    pub(crate) warned: bool,
    /// [`Session::grants`] when the rooms were last looked at.
    pub(crate) grants: u64,
    pub(crate) rooms: Vec<Room>,
    /// Cached answers of room kinds, for things without an event: typing, viewing.
    pub(crate) answers: HashMap<Room, (bool, Instant)>,
    /// When this socket was refused for doing too much, lately.
    pub(crate) refusals: VecDeque<Instant>,
}

/// Why a connection is ended by the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    SessionRevoked,
    TokenExpired,
    TooManyRefusals,
    /// The client should come back and resume.
    Lost,
    /// This node stops; come back after so many milliseconds.
    Draining(u64),
}

impl Connection {
    pub(crate) fn new(
        number: u64,
        socket: Arc<EngineSocket>,
        subject: &Subject,
        user_id: UserId,
        session: Arc<Session>,
    ) -> Self {
        let grants = session.grants();
        Self {
            number,
            organization_id: subject.organization_id,
            user_id,
            socket,
            inbox: Inbox::default(),
            flow: Mutex::new(Flow::new()),
            pass: Mutex::new(Pass {
                session,
                expires_at: subject.expires_at,
                greeted: false,
                warned: false,
                grants,
                rooms: Vec::new(),
                answers: HashMap::new(),
                refusals: VecDeque::new(),
            }),
            closed: AtomicBool::new(false),
        }
    }

    pub(crate) fn pass(&self) -> MutexGuard<'_, Pass> {
        self.pass.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn session(&self) -> Arc<Session> {
        Arc::clone(&self.pass().session)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Works on the flow, then does what came of it outside the lock.
    pub(crate) fn with_flow(
        self: &Arc<Self>,
        hub: &Arc<Inner>,
        work: impl FnOnce(&mut Flow, &Line<'_>) -> Outcome,
    ) -> Outcome {
        let Some(cursors) = hub.cursors() else { return Outcome::default() };
        let line =
            Line { socket: &self.socket, cursors, settings: &hub.settings, organization_id: self.organization_id };
        let outcome = {
            let mut flow = self.flow.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut flow, &line)
        };
        if outcome.hopeless {
            self.cut(hub, Cut::Lost);
        } else if outcome.pump {
            let (hub, connection) = (Arc::clone(hub), Arc::clone(self));
            let tracker = hub.tasks.clone();
            tracker.spawn(async move { connection.pump(&hub).await });
        }
        outcome
    }

    /// Sends an answer or a notice.
    pub(crate) fn say(self: &Arc<Self>, hub: &Arc<Inner>, text: Str) {
        self.with_flow(hub, |flow, line| flow.say(line, text));
    }

    /// Hands on what waits while the transport is full; ends when nothing is left.
    async fn pump(self: &Arc<Self>, hub: &Arc<Inner>) {
        let (mut pause, mut moved) = (Duration::from_millis(1), Instant::now());
        loop {
            let mut state = (Push::Gone, false);
            self.with_flow(hub, |flow, line| {
                state = flow.outbox.flush(line);
                flow.outbox.pumping = state.0 == Push::Waiting;
                Outcome::default()
            });
            match state {
                (Push::Waiting, true) => {
                    (pause, moved) = (Duration::from_millis(1), Instant::now());
                    tokio::task::yield_now().await;
                    continue;
                }
                (Push::Waiting, false) if moved.elapsed() > STALLED => return self.cut(hub, Cut::Lost),
                (Push::Waiting, false) => pause = (pause * 2).min(Duration::from_millis(100)),
                _ => return,
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Ends the connection; the reason goes to the client first. Safe to call again.
    pub(crate) fn cut(self: &Arc<Self>, hub: &Arc<Inner>, why: Cut) {
        if self.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        hub.registry.leave(self);
        // What still waits is for a reader that is too slow, or no longer allowed to read it.
        self.flow.lock().unwrap_or_else(PoisonError::into_inner).close();
        metrics::counter!("realtime_cuts_total", "reason" => why.name()).increment(1);
        for text in why.last_words(self.session().id) {
            if let Ok(permit) = self.socket.reserve() {
                permit.emit(text);
            }
        }
        if self.socket.transport_type() == TransportType::Websocket {
            self.socket.close(DisconnectReason::ClosingServer);
        } else {
            let socket = Arc::clone(&self.socket);
            hub.tasks.spawn(async move {
                tokio::time::sleep(LAST_WORDS).await;
                socket.close(DisconnectReason::ClosingServer);
            });
        }
    }

    /// The client left, or the transport ended.
    pub(crate) fn left(self: &Arc<Self>, hub: &Inner) {
        if !self.closed.swap(true, Ordering::AcqRel) {
            hub.registry.leave(self);
            self.flow.lock().unwrap_or_else(PoisonError::into_inner).close();
        }
    }
}

impl Cut {
    fn name(self) -> &'static str {
        match self {
            Self::SessionRevoked => "session_revoked",
            Self::TokenExpired => "token_expired",
            Self::TooManyRefusals => "too_many_refusals",
            Self::Lost => "lost",
            Self::Draining(_) => "draining",
        }
    }

    /// Packets that tell the client. A final `1` keeps it from coming back by itself.
    fn last_words(self, session: Option<kernel::ids::SessionId>) -> Vec<Str> {
        let error = |code: &str, status: u16, title: &str, detail: &str| {
            let error = json!({ "code": code, "status": status, "title": title, "detail": detail, "errors": [] });
            packet::event("error", &json!({ "ok": false, "error": error }))
        };
        match self {
            Self::SessionRevoked => vec![
                packet::event("session_revoked", &json!({ "code": "AUTH_SESSION_REVOKED", "session_id": session })),
                packet::disconnect(),
            ],
            Self::TokenExpired => vec![
                error("AUTH_TOKEN_EXPIRED", 401, "Unauthorized", "The access token is past its end."),
                packet::disconnect(),
            ],
            Self::TooManyRefusals => vec![
                error("RATE_LIMITED", 429, "Too Many Requests", "Refused too often; this connection is closed."),
                packet::disconnect(),
            ],
            Self::Draining(ms) => vec![packet::event("server_draining", &json!({ "reconnect_in_ms": ms }))],
            Self::Lost => Vec::new(),
        }
    }
}
