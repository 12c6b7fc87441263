//! A server with a hub, people whose sessions the test decides about, and a log to append to.

use crate::client::DEADLINE;
use axum::Router;
use kernel::access::{Grant, Scope};
use kernel::cursor::CursorKey;
use kernel::ids::{MembershipId, OrganizationId, SessionId, UnitId, UserId};
use kernel::{
    Actor, Audience, Clock, Ctx, Error, ErrorKind, Ids, NewEvent, Permission, PermissionSet, Principal, Resource,
    StreamRef, Subject, authorize,
};
use realtime::{Hub, HubParts, RoomKind, Settings, SocketCommand};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use store::Database;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// One server. Dropping it stops it.
pub struct World {
    pub address: SocketAddr,
    pub hub: Hub,
    pub db: Database,
    pub clock: Clock,
    pub ids: Ids,
    pub people: People,
    stop: watch::Sender<bool>,
}

/// Sessions by token; shared by the servers of a test, as a database would be.
#[derive(Clone, Default)]
pub struct People(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    tokens: HashMap<String, Result<Arc<Subject>, Error>>,
    sessions: HashMap<SessionId, Result<Arc<Subject>, Error>>,
    conversations: HashMap<Uuid, (OrganizationId, UnitId)>,
}

/// One signed-in user.
#[derive(Clone)]
pub struct Agent {
    pub token: String,
    pub subject: Arc<Subject>,
}

impl Agent {
    pub fn user(&self) -> UserId {
        self.subject.user_id().unwrap()
    }
    pub fn session(&self) -> SessionId {
        self.subject.session_id.unwrap()
    }
    pub fn auth(&self) -> Value {
        json!({ "token": self.token, "rooms": ["inbox"] })
    }
    pub fn auth_from(&self, cursor: &str) -> Value {
        json!({ "token": self.token, "rooms": ["inbox"], "cursor": cursor })
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(Settings::default(), Clock::system()).await
    }

    pub async fn with(settings: Settings, clock: Clock) -> Self {
        Self::beside(People::default(), settings, clock).await
    }

    /// A server of its own over the same database and people.
    pub async fn beside(people: People, settings: Settings, clock: Clock) -> Self {
        let db = store::testing::TestDatabase::shared().await.open();
        let ids = Ids::system();
        let hub = Hub::new(HubParts {
            db: db.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            cursor_key: CursorKey::new(b"one key for all servers of a test"),
            authenticate: people.authenticate(),
            refreshed: people.refreshed(),
            commands: commands(),
            rooms: people.rooms(),
            settings,
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let tasks = TaskTracker::new();
        let router = hub.attach(Router::new());
        tasks.spawn(async move { axum::serve(listener, router).await });
        let running = hub.clone();
        tasks.spawn(async move { running.run(stopped).await });
        Self { address, hub, db, clock, ids, people, stop }
    }

    pub fn organization(&self) -> OrganizationId {
        self.ids.random()
    }

    /// Signs a user in who sees the whole organization.
    pub fn agent(&self, organization_id: OrganizationId) -> Agent {
        self.agent_in(organization_id, Scope::Organization)
    }

    pub fn agent_in(&self, organization_id: OrganizationId, scope: Scope) -> Agent {
        let subject = Subject {
            principal: Principal::User { user_id: self.ids.random(), membership_id: MembershipId(self.ids.random()) },
            session_id: Some(self.ids.random()),
            grants: vec![grant(scope)],
            ..Subject::system(organization_id)
        };
        self.people.sign_in(subject, &self.ids)
    }

    pub fn system(&self, organization_id: OrganizationId) -> Ctx {
        Ctx::system(organization_id, self.clock.clone(), self.ids.clone(), "test".into())
    }

    /// A conversation that the room kind knows.
    pub fn conversation(&self, organization_id: OrganizationId, unit: UnitId) -> Uuid {
        let id = self.ids.random();
        self.people.0.lock().unwrap().conversations.insert(id, (organization_id, unit));
        id
    }

    /// Appends `message.created` with a text, in a transaction of its own.
    pub async fn say(&self, organization_id: OrganizationId, conversation: Uuid, unit: UnitId, text: &str) {
        self.append(organization_id, message(conversation, unit, text)).await;
    }

    pub async fn append(&self, organization_id: OrganizationId, event: NewEvent) {
        let mut tx = self.db.tenant(organization_id).await.unwrap();
        tx.append(&self.system(organization_id), event);
        tx.commit().await.unwrap();
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
    }
}

pub fn grant(scope: Scope) -> Grant {
    Grant {
        role: "agent".into(),
        permissions: PermissionSet::granting([Permission::MESSAGING_VIEW]),
        scope,
        effective_from: None,
        effective_to: None,
    }
}

pub fn message(conversation: Uuid, unit: UnitId, text: &str) -> NewEvent {
    NewEvent {
        kind: "message.created",
        version: 1,
        stream: StreamRef { kind: "conversation".into(), id: conversation, seq: Some(1) },
        actor: Actor::SYSTEM,
        audience: Audience {
            permission: Some("messaging.view".to_owned()),
            unit_id: Some(unit),
            ..Audience::default()
        },
        data: json!({ "message": { "text": text } }),
    }
}

/// Waits until `done` answers yes.
pub async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + DEADLINE;
    while !done() {
        assert!(std::time::Instant::now() < deadline, "{what}: not within the deadline");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

impl People {
    pub fn sign_in(&self, subject: Subject, ids: &Ids) -> Agent {
        let token: Uuid = ids.random();
        let agent = Agent { token: token.to_string(), subject: Arc::new(subject) };
        let mut known = self.0.lock().unwrap();
        known.tokens.insert(agent.token.clone(), Ok(agent.subject.clone()));
        known.sessions.insert(agent.session(), Ok(agent.subject.clone()));
        agent
    }

    /// Another token that answers with an error.
    pub fn bad_token(&self, token: &str, error: Error) {
        self.0.lock().unwrap().tokens.insert(token.to_owned(), Err(error));
    }

    /// What the session's subject is from now on.
    pub fn change(&self, agent: &Agent, change: impl FnOnce(&mut Subject)) {
        let mut subject = (*agent.subject).clone();
        change(&mut subject);
        self.0.lock().unwrap().sessions.insert(agent.session(), Ok(Arc::new(subject)));
    }

    pub fn revoke(&self, agent: &Agent) {
        let gone = Error::new(ErrorKind::Unauthenticated, "AUTH_SESSION_REVOKED", "The session has ended.");
        self.0.lock().unwrap().sessions.insert(agent.session(), Err(gone));
    }

    fn authenticate(&self) -> realtime::Authenticate {
        let people = self.clone();
        Arc::new(move |token, _| {
            let invalid =
                || Err(Error::new(ErrorKind::Unauthenticated, "AUTH_TOKEN_INVALID", "The token is not valid."));
            let found = people.0.lock().unwrap().tokens.get(&token).cloned().unwrap_or_else(invalid);
            Box::pin(async move { found })
        })
    }

    fn refreshed(&self) -> realtime::Refreshed {
        let people = self.clone();
        Arc::new(move |subject| {
            let found = people.0.lock().unwrap().sessions.get(&subject.session_id.unwrap()).cloned().unwrap();
            Box::pin(async move { found })
        })
    }

    fn rooms(&self) -> Vec<RoomKind> {
        let people = self.clone();
        let inbox = RoomKind { kind: "inbox", resolve: Arc::new(|_, id| Box::pin(async move { Ok(id.is_none()) })) };
        let conversation = RoomKind {
            kind: "conversation",
            resolve: Arc::new(move |ctx, id| {
                let found = id.and_then(|id| people.0.lock().unwrap().conversations.get(&id).copied());
                Box::pin(async move {
                    Ok(found.is_some_and(|(organization_id, unit)| {
                        let resource = Resource::in_unit(organization_id, Some(unit));
                        authorize(&ctx.subject, Permission::MESSAGING_VIEW, &resource, ctx.now()).is_ok()
                    }))
                })
            }),
        };
        vec![inbox, conversation]
    }
}

fn commands() -> Vec<SocketCommand> {
    let echo = SocketCommand {
        name: "echo",
        run: Arc::new(|ctx, body| {
            Box::pin(async move {
                Ok(json!({ "user_id": ctx.subject.user_id(), "organization_id": ctx.organization_id(), "body": body }))
            })
        }),
    };
    let stale = SocketCommand {
        name: "stale",
        run: Arc::new(|_, _| {
            Box::pin(async { Err(Error::new(ErrorKind::Conflict, "STALE_REPLY", "Somebody was faster.")) })
        }),
    };
    vec![echo, stale]
}
