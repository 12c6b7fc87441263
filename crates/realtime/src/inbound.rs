//! Client events: one after the other for each socket, each answered within ten seconds.

use crate::connection::{Connection, Cut};
use crate::hub::Inner;
use crate::session::Gone;
use crate::{ephemeral, limits, packet, refresh, refusal, subscribe, sync};
use engineioxide::Str;
use kernel::{Ctx, Error, ErrorKind};
use serde_json::{Map, Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Answered by then, counted from the arrival (the contract says ten seconds).
const PATIENCE: Duration = Duration::from_millis(9_500);
/// Events of one socket that may wait for their turn.
const MOST_WAITING: usize = 100;
/// Refusals older than this are forgotten.
const REFUSAL_MEMORY: Duration = Duration::from_secs(60);

/// One event as it came in.
pub(crate) struct Inbound {
    name: String,
    body: Result<Value, Error>,
    ack: Option<u64>,
    arrived: Instant,
}

/// What came in and has not been answered.
#[derive(Default)]
pub(crate) struct Inbox(Mutex<(VecDeque<Inbound>, bool)>);

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, (VecDeque<Inbound>, bool)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inbound {
    /// An event takes one object or nothing.
    pub(crate) fn new(name: String, arguments: Vec<Value>, ack: Option<u64>, binary: bool) -> Self {
        let invalid = |message: &'static str| Err(Error::invalid_field("", "INVALID", message));
        let mut arguments = arguments.into_iter();
        let body = match (arguments.next(), arguments.next()) {
            _ if binary => invalid("binary data is not taken"),
            (_, Some(_)) => invalid("an event takes one object"),
            (None | Some(Value::Null), _) => Ok(Value::Object(Map::new())),
            (Some(body @ Value::Object(_)), None) => Ok(body),
            (Some(_), None) => invalid("must be an object"),
        };
        Self { name, body, ack, arrived: Instant::now() }
    }
}

/// Takes an event in; a task works through what one socket sent, in its order.
pub(crate) fn receive(hub: &Arc<Inner>, connection: &Arc<Connection>, inbound: Inbound) {
    let limits = hub.limits.of(connection.organization_id, connection.user_id);
    if let Err(error) = limits.event(&hub.settings.rates) {
        return refuse(hub, connection, &inbound, &error);
    }
    let idle = {
        let mut inbox = connection.inbox.lock();
        if inbox.0.len() >= MOST_WAITING {
            drop(inbox);
            return refuse(hub, connection, &inbound, &limits::rate_limited().with_retry_after_ms(1_000));
        }
        inbox.0.push_back(inbound);
        !std::mem::replace(&mut inbox.1, true)
    };
    if idle {
        let (hub, connection) = (Arc::clone(hub), Arc::clone(connection));
        let tasks = hub.tasks.clone();
        tasks.spawn(async move { work(&hub, &connection).await });
    }
}

async fn work(hub: &Arc<Inner>, connection: &Arc<Connection>) {
    loop {
        let inbound = {
            let mut inbox = connection.inbox.lock();
            match inbox.0.pop_front().filter(|_| !connection.is_closed()) {
                Some(inbound) => inbound,
                None => {
                    *inbox = (VecDeque::new(), false);
                    return;
                }
            }
        };
        let Inbound { name, body, ack, arrived } = inbound;
        let answer = match body {
            Err(error) => Err(error),
            Ok(body) => tokio::time::timeout_at(arrived + PATIENCE, dispatch(hub, connection, &name, body))
                .await
                .unwrap_or_else(|_| {
                    Err(Error::new(
                        ErrorKind::Unavailable,
                        "TIMEOUT",
                        "It took too long; it may have been done or not.",
                    ))
                }),
        };
        let inbound = Inbound { name, body: Ok(Value::Null), ack, arrived };
        match answer {
            Ok(json) => {
                if let Some(id) = ack {
                    connection.say(hub, Str::from(format!("3{id}[{json}]")));
                }
            }
            Err(error) => refuse(hub, connection, &inbound, &error),
        }
    }
}

/// Runs one event; answers the whole JSON of the acknowledgement.
async fn dispatch(hub: &Arc<Inner>, connection: &Arc<Connection>, name: &str, body: Value) -> Result<String, Error> {
    if name == "auth_refresh" {
        return refresh::auth_refresh(hub, connection, body).await.map(accepted);
    }
    let ctx = ctx(hub, connection).await?;
    match name {
        "subscribe" => subscribe::subscribe(hub, connection, &ctx, body).await.map(accepted),
        "unsubscribe" => subscribe::unsubscribe(hub, connection, body).map(accepted),
        "sync" => {
            let page = sync::over_socket(hub, connection, &ctx, body).await?;
            serde_json::to_string(&page).map_err(Error::internal)
        }
        // Nobody is shown at work who is not.
        "typing" | "viewing" if ctx.subject.impersonation.is_some() => Err(in_name_of_another()),
        "typing" => ephemeral::typing(hub, connection, &ctx, body).await.map(accepted),
        "viewing" => ephemeral::viewing(hub, connection, &ctx, body).await.map(accepted),
        name => match hub.commands.get(name) {
            Some(_) if ctx.subject.impersonation.as_ref().is_some_and(|acting| !acting.writes) => {
                Err(in_name_of_another())
            }
            Some(command) => (command.run)(ctx, body).await.map(accepted),
            None => Err(Error::invalid_field("", "UNKNOWN_EVENT", "There is no event of this name.")),
        },
    }
}

fn in_name_of_another() -> Error {
    Error::new(ErrorKind::Forbidden, "IMPERSONATION_FORBIDDEN", "Nobody may do this in somebody else's name.")
}

/// The circumstances of an event. What the client does is decided as a request is, on what is known of its user now; only
/// what it hears may be decided on what was known a moment ago.
async fn ctx(hub: &Arc<Inner>, connection: &Arc<Connection>) -> Result<Ctx, Error> {
    match connection.session().fresh(hub, Duration::ZERO).await {
        Ok(subject) => Ok(hub.ctx(subject)),
        Err(Gone::Revoked) => {
            connection.cut(hub, Cut::SessionRevoked);
            Err(Error::new(ErrorKind::Unauthenticated, "AUTH_SESSION_REVOKED", "The session has ended."))
        }
        Err(Gone::Unknown) => {
            Err(Error::new(ErrorKind::Unavailable, "UNAVAILABLE", "Not now; try again.").with_retry_after_ms(1_000))
        }
    }
}

/// `{"ok":true,…}` around what a command answered.
fn accepted(value: Value) -> String {
    let mut members = Map::new();
    members.insert("ok".to_owned(), true.into());
    match value {
        Value::Object(object) => members.extend(object.into_iter().filter(|(name, _)| name != "ok")),
        Value::Null => {}
        other => {
            members.insert("result".to_owned(), other);
        }
    }
    Value::Object(members).to_string()
}

/// Answers an error; a socket that is refused too often for doing too much is cut.
fn refuse(hub: &Arc<Inner>, connection: &Arc<Connection>, inbound: &Inbound, error: &Error) {
    let mut body = refusal::body(error);
    match inbound.ack {
        Some(id) => connection.say(hub, packet::ack(id, &body)),
        None => {
            body["event"] = json!(inbound.name);
            connection.say(hub, packet::event("error", &body));
        }
    }
    if error.code() == "RATE_LIMITED" && refused_too_often(hub, connection) {
        connection.cut(hub, Cut::TooManyRefusals);
    }
}

fn refused_too_often(hub: &Inner, connection: &Connection) -> bool {
    let now = std::time::Instant::now();
    let mut pass = connection.pass();
    pass.refusals.retain(|at| now.duration_since(*at) < REFUSAL_MEMORY);
    pass.refusals.push_back(now);
    pass.refusals.len() >= hub.settings.rates.refusals_a_minute
}
