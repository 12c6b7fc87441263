//! The watch: transports without a token, tokens near their end, sessions that ended or changed elsewhere, how many
//! sockets there are.

use crate::connection::{Connection, Cut};
use crate::counts::Noted;
use crate::gate::Stage;
use crate::hub::Inner;
use crate::packet;
use crate::room::Room;
use crate::session::{Gone, Session};
use crate::subscribe;
use chrono::{DateTime, SecondsFormat, Utc};
use engineioxide::DisconnectReason;
use futures_util::{StreamExt, stream};
use kernel::Subject;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Time between two rounds.
const ROUND: Duration = Duration::from_millis(250);
/// Idle sessions read again in one round: with more sessions than fit in [`crate::Settings::recheck`] each one's turn
/// comes later; ends are heard through the log at once anyway, and nothing is delivered on an old decision.
const IDLE_A_ROUND: usize = 50;
const READ_AT_ONCE: usize = 8;
/// `auth_expiring` is sent this long before the end.
const WARN_BEFORE: chrono::Duration = chrono::Duration::seconds(60);

pub(crate) async fn run(hub: &Arc<Inner>, mut stop: watch::Receiver<bool>) {
    let mut noted = Noted::new();
    while !*stop.borrow() {
        close_silent_newcomers(hub);
        let connections = hub.registry.all();
        expire(hub, &connections);
        recheck(hub, &connections).await;
        for connection in &connections {
            reconsider(hub, connection).await;
        }
        hub.limits.forget_idle();
        noted.keep(hub).await;
        tokio::select! {
            () = tokio::time::sleep(ROUND) => {}
            _ = stop.changed() => {}
        }
    }
    noted.clear(hub).await;
}

/// Closes transports on which nobody has shown a token in time.
fn close_silent_newcomers(hub: &Inner) {
    let mut late = Vec::new();
    {
        let mut newcomers = hub.newcomers();
        while newcomers.front().is_some_and(|(since, _)| since.elapsed() >= hub.settings.connect_timeout) {
            late.extend(newcomers.pop_front());
        }
    }
    for socket in late.iter().filter_map(|(_, socket)| socket.upgrade()) {
        if matches!(socket.data.lock().stage, Stage::Connected(_)) {
            continue;
        }
        socket.close(DisconnectReason::TransportClose);
    }
}

fn expire(hub: &Arc<Inner>, connections: &[Arc<Connection>]) {
    let now = hub.clock.now();
    for connection in connections {
        let Some(end) = due(connection, now) else { continue };
        if end <= now {
            connection.cut(hub, Cut::TokenExpired);
        } else {
            let end = end.to_rfc3339_opts(SecondsFormat::Millis, true);
            connection.say(hub, packet::event("auth_expiring", &json!({ "expires_at": end })));
        }
    }
}

/// The end of a token that is over, or near and not yet announced.
fn due(connection: &Connection, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let mut pass = connection.pass();
    let end = pass.expires_at?;
    if end <= now {
        return Some(end);
    }
    if pass.greeted && end - now <= WARN_BEFORE && !pass.warned {
        pass.warned = true;
        return Some(end);
    }
    None
}

/// Reads sessions again and ends the sockets of those that are over.
async fn recheck(hub: &Arc<Inner>, connections: &[Arc<Connection>]) {
    // A round must come before the limit, so a session is due a little early.
    let due_at = hub.settings.recheck.saturating_sub(ROUND * 2);
    stream::iter(due_sessions(connections, due_at))
        .for_each_concurrent(READ_AT_ONCE, |(session, connections)| async move {
            if session.fresh(hub, due_at / 2).await.is_err_and(|gone| gone == Gone::Revoked) {
                for connection in connections {
                    connection.cut(hub, Cut::SessionRevoked);
                }
            }
        })
        .await;
}

type WithSockets<'c> = (Arc<Session>, Vec<&'c Arc<Connection>>);

/// The sessions to read in this round: those in use well before the tail would have to wait for it, idle ones as they
/// come due, the longest unread first.
fn due_sessions(connections: &[Arc<Connection>], due_at: Duration) -> Vec<WithSockets<'_>> {
    let mut sessions: HashMap<usize, WithSockets<'_>> = HashMap::new();
    for connection in connections {
        let session = connection.session();
        sessions.entry(Arc::as_ptr(&session).addr()).or_insert_with(|| (session, Vec::new())).1.push(connection);
    }
    let (mut due, mut idle) = (Vec::new(), Vec::new());
    for (session, connections) in sessions.into_values() {
        let age = session.age();
        if age >= due_at / 2 && session.take_used() {
            due.push((session, connections));
        } else if age >= due_at {
            idle.push((age, session, connections));
        }
    }
    idle.sort_unstable_by_key(|(age, ..)| std::cmp::Reverse(*age));
    due.extend(idle.into_iter().take(IDLE_A_ROUND).map(|(_, session, connections)| (session, connections)));
    due
}

/// After a change of what its user may do: tells a socket what it lost or gained sight of.
async fn reconsider(hub: &Arc<Inner>, connection: &Arc<Connection>) {
    let (session, changed) = {
        let mut pass = connection.pass();
        let grants = pass.session.grants();
        let changed = std::mem::replace(&mut pass.grants, grants) != grants;
        if changed {
            pass.answers.clear();
        }
        (Arc::clone(&pass.session), changed)
    };
    if !changed || connection.is_closed() {
        return;
    }
    let (subject, now) = (session.subject(), hub.clock.now());
    let mut undecided = Vec::new();
    connection.with_flow(hub, |flow, line| {
        let (flipped, unknown) = flow.sights.reconsider(|judge| judge.allows(&subject, now));
        undecided = unknown;
        flipped
            .iter()
            .map(|(verdict, thing)| flow.tell(line, *verdict, thing))
            .fold(Default::default(), crate::flow::Outcome::and)
    });
    for thing in undecided {
        let room = Room { kind: thing.kind.clone(), id: Some(thing.id) };
        let Some(allowed) = ask(hub, &subject, &room).await else { continue };
        connection.with_flow(hub, |flow, line| {
            let verdict = flow.sights.settle(thing.id, allowed);
            flow.tell(line, verdict, &thing)
        });
    }
}

async fn ask(hub: &Inner, subject: &Arc<Subject>, room: &Room) -> Option<bool> {
    let asked = Instant::now();
    let answer = subscribe::may_join(hub, &hub.ctx(Arc::clone(subject)), room).await.ok();
    tracing::trace!(kind = %room.kind, took = ?asked.elapsed(), "realtime: a room was asked for again");
    answer
}
