//! `subscribe` and `unsubscribe`: rooms are wishes, resolved by the domain that owns the kind.

use crate::connection::Connection;
use crate::flow::Outcome;
use crate::hub::Inner;
use crate::refusal;
use crate::room::{Room, USER};
use kernel::{Ctx, Error, ErrorKind};
use serde::Deserialize;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rooms {
    rooms: Vec<String>,
}

/// `{"rooms":[{"room":"inbox","ok":true},{"room":"conversation:…","ok":false,"code":"NOT_FOUND"}]}`
pub(crate) async fn subscribe(
    hub: &Arc<Inner>,
    connection: &Arc<Connection>,
    ctx: &Ctx,
    body: Value,
) -> Result<Value, Error> {
    let rooms = read(hub, connection, body)?;
    let mut answers = Vec::with_capacity(rooms.len());
    for text in &rooms {
        answers.push(match join(hub, connection, ctx, text).await {
            Joined::Yes => json!({ "room": text, "ok": true }),
            Joined::No(code) => json!({ "room": text, "ok": false, "code": code }),
        });
    }
    Ok(json!({ "rooms": answers }))
}

pub(crate) fn unsubscribe(hub: &Arc<Inner>, connection: &Arc<Connection>, body: Value) -> Result<Value, Error> {
    let rooms = read(hub, connection, body)?;
    let answers: Vec<Value> = rooms
        .iter()
        .map(|text| {
            let joined = Room::parse(text).filter(|room| room.kind != USER && connection.pass().rooms.contains(room));
            match joined {
                Some(room) => {
                    hub.registry.part(connection, &room);
                    json!({ "room": text, "ok": true })
                }
                None => json!({ "room": text, "ok": false, "code": "NOT_FOUND" }),
            }
        })
        .collect();
    Ok(json!({ "rooms": answers }))
}

/// What became of a wish.
pub(crate) enum Joined {
    Yes,
    No(&'static str),
}

/// Joins one room, if the domain that owns its kind says so. Foreign and unknown rooms answer alike.
pub(crate) async fn join(hub: &Arc<Inner>, connection: &Arc<Connection>, ctx: &Ctx, text: &str) -> Joined {
    let Some(room) = Room::parse(text) else { return Joined::No("NOT_FOUND") };
    let full = {
        let pass = connection.pass();
        // One that is joined already is asked for all the same: what the user may see has changed perhaps.
        !pass.rooms.contains(&room) && pass.rooms.len() >= hub.settings.rooms_per_socket
    };
    if full {
        return Joined::No("TOO_MANY_ROOMS");
    }
    match may_join(hub, ctx, &room).await {
        Ok(true) => {
            // From here on losing sight of the one thing in the room is worth a notice.
            if let Some(id) = room.id.filter(|_| room.kind != USER) {
                connection.with_flow(hub, |flow, _| {
                    flow.sights.joined(room.kind.clone(), id);
                    Outcome::default()
                });
            }
            hub.registry.join(connection, &room);
            Joined::Yes
        }
        Ok(false) => {
            hub.registry.part(connection, &room);
            Joined::No("NOT_FOUND")
        }
        Err(error) => {
            tracing::warn!(code = error.code(), kind = %room.kind, "realtime: a room could not be resolved");
            Joined::No(error.code())
        }
    }
}

/// Asks the domain that owns the kind of room.
pub(crate) async fn may_join(hub: &Inner, ctx: &Ctx, room: &Room) -> Result<bool, Error> {
    if room.kind == USER {
        return Ok(Room::own(&ctx.subject).is_some_and(|own| own == *room));
    }
    let kind: &Cow<'static, str> = &room.kind;
    let Some(kind) = hub.rooms.get(kind.as_ref()) else { return Ok(false) };
    match (kind.resolve)(ctx.clone(), room.id).await {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forbidden) => Ok(false),
        answer => answer,
    }
}

fn read(hub: &Inner, connection: &Connection, body: Value) -> Result<Vec<String>, Error> {
    hub.limits.of(connection.organization_id, connection.user_id).subscribe(&hub.settings.rates)?;
    let Rooms { rooms } = refusal::read(body)?;
    if rooms.len() > hub.settings.rooms_per_socket {
        return Err(Error::invalid_field("rooms", "TOO_MANY", "Too many rooms at once."));
    }
    Ok(rooms)
}
