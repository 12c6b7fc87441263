//! From the handshake to the present: `hello`, what was missed, then the tail, without a gap or a repetition.

use crate::connection::{Connection, Cut};
use crate::envelope::{Heard, wished};
use crate::flow::{Outcome, Stage};
use crate::hub::Inner;
use crate::packet;
use crate::session::Gone;
use crate::sync::{self, Place};
use chrono::SecondsFormat;
use engineioxide::Str;
use kernel::ids::{OrganizationId, SessionId, UserId};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use store::log::{Position, TextEvent};
use uuid::Uuid;

/// Entries of the log read at once.
const PAGE: i64 = 200;

#[derive(Serialize)]
struct Hello<'a> {
    session_id: Option<SessionId>,
    user_id: UserId,
    organization_id: OrganizationId,
    cursor: String,
    server_time: String,
    resumed: bool,
    reset: Option<&'a str>,
}

/// Greets a client that was let in and brings it to the present.
pub(crate) async fn begin(hub: &Arc<Inner>, connection: &Arc<Connection>, cursor: Option<&Value>) {
    let place = match cursor {
        None | Some(Value::Null) => Ok(None),
        Some(cursor) => sync::place(hub, connection.organization_id, cursor.as_str().or(Some(""))).await.map(Some),
    };
    let sid: Uuid = hub.ids.random();
    connection.say(hub, packet::connected(&sid.simple().to_string()));
    match place {
        Ok(None) => start_now(hub, connection, None),
        Ok(Some(Place::Reset { reason, .. })) => start_now(hub, connection, Some(reason)),
        Ok(Some(Place::From(position))) => {
            connection.with_flow(hub, |flow, line| {
                flow.outbox.handed = position;
                flow.say(line, hello(hub, connection, position, true, None))
            });
            connection.pass().greeted = true;
            if let Err(Interrupted) = catch_up(hub, connection, position).await {
                connection.cut(hub, Cut::Lost);
            }
        }
        Err(error) => {
            tracing::warn!(code = error.code(), "realtime: a cursor could not be looked up");
            connection.cut(hub, Cut::Lost);
        }
    }
}

/// Goes live with what comes from here on.
fn start_now(hub: &Arc<Inner>, connection: &Arc<Connection>, reset: Option<&str>) {
    connection.with_flow(hub, |flow, line| {
        // Set before the place of the tail is let go: whatever it takes up next finds this socket listening.
        let tail = hub.tail();
        flow.outbox.handed = *tail;
        let outcome = flow.say(line, hello(hub, connection, *tail, false, reset));
        flow.stage = Stage::Live { after: *tail };
        outcome
    });
    connection.pass().greeted = true;
}

/// The log could not be read, or the client is gone.
struct Interrupted;

/// Replays from `position`: first at the reader's pace, then the rest while the tail's events wait.
async fn catch_up(hub: &Arc<Inner>, connection: &Arc<Connection>, mut position: Position) -> Result<(), Interrupted> {
    loop {
        let page = read(hub, connection, position).await?;
        let more = page.len() as i64 >= PAGE;
        replay(hub, connection, &page).await?;
        position = page.last().map_or(position, |event| event.position);
        if !more {
            break;
        }
    }
    let mut until = Position::default();
    connection.with_flow(hub, |flow, _| {
        let tail = hub.tail();
        // The tail may be behind what was read here already.
        until = (*tail).max(position);
        flow.stage = Stage::Joining { after: until, waiting: Vec::new() };
        Outcome::default()
    });
    while position < until {
        let mut page = read(hub, connection, position).await?;
        let more = page.len() as i64 >= PAGE;
        page.retain(|event| event.position <= until);
        replay(hub, connection, &page).await?;
        match page.last() {
            Some(last) if more => position = last.position,
            _ => break,
        }
    }
    let subject = connection.session().fresh(hub, hub.settings.recheck).await.map_err(|_| Interrupted)?;
    let now = hub.clock.now();
    connection.with_flow(hub, |flow, line| flow.go_live(line, &subject, now));
    Ok(())
}

async fn read(hub: &Inner, connection: &Connection, position: Position) -> Result<Vec<TextEvent>, Interrupted> {
    if connection.is_closed() {
        return Err(Interrupted);
    }
    sync::read(hub, connection.organization_id, position, PAGE).await.map_err(|error| {
        tracing::warn!(
            code = error.code(),
            private = error.private(),
            "realtime: the log could not be read for a replay"
        );
        Interrupted
    })
}

/// Delivers a page of the past, in its live form, authorized as of now.
async fn replay(hub: &Arc<Inner>, connection: &Arc<Connection>, page: &[TextEvent]) -> Result<(), Interrupted> {
    let Some(cursors) = hub.cursors() else { return Err(Interrupted) };
    let subject = connection.session().fresh(hub, hub.settings.recheck).await.map_err(|gone| {
        if gone == Gone::Revoked {
            connection.cut(hub, Cut::SessionRevoked);
        }
        Interrupted
    })?;
    let rooms = connection.pass().rooms.clone();
    let now = hub.clock.now();
    for event in page.iter().filter(|event| wished(event, &rooms)) {
        wait_for_room(hub, connection).await?;
        let heard = Heard::new(event, cursors);
        connection.with_flow(hub, |flow, line| match flow.stage {
            Stage::Closed => Outcome::default(),
            _ => flow.deliver(line, &heard, &subject, now),
        });
    }
    Ok(())
}

/// Waits until a slow reader has taken about half of what was sent, so that a replay does not overflow its queue.
async fn wait_for_room(hub: &Arc<Inner>, connection: &Arc<Connection>) -> Result<(), Interrupted> {
    loop {
        let mut room = false;
        connection.with_flow(hub, |flow, line| {
            room = flow.outbox.has_room(line.settings);
            Outcome::default()
        });
        if room {
            return Ok(());
        }
        if connection.is_closed() {
            return Err(Interrupted);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn hello(hub: &Inner, connection: &Connection, position: Position, resumed: bool, reset: Option<&str>) -> Str {
    let cursor = hub.cursors().map(|cursors| cursors.write(connection.organization_id, position)).unwrap_or_default();
    let hello = Hello {
        session_id: connection.session().id,
        user_id: connection.user_id,
        organization_id: connection.organization_id,
        cursor,
        server_time: hub.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true),
        resumed,
        reset,
    };
    packet::event("hello", &hello)
}
