//! Typing and viewing: outside the log, for the others who look at the same conversation, on this node.

use crate::connection::Connection;
use crate::hub::Inner;
use crate::room::Room;
use crate::{packet, refusal, subscribe};
use kernel::{Ctx, Error};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;
use uuid::Uuid;

/// Answers about rooms that one socket keeps; beyond it they are forgotten all at once.
const MOST_ANSWERS: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typing {
    conversation_id: Uuid,
    is_typing: bool,
    #[serde(default)]
    kind: TypingKind,
}

#[derive(Clone, Copy, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum TypingKind {
    #[default]
    Reply,
    Note,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Viewing {
    conversation_id: Uuid,
    active: bool,
}

pub(crate) async fn typing(
    hub: &Arc<Inner>,
    connection: &Arc<Connection>,
    ctx: &Ctx,
    body: Value,
) -> Result<Value, Error> {
    let Typing { conversation_id, is_typing, kind } = refusal::read(body)?;
    let limits = hub.limits.of(connection.organization_id, connection.user_id);
    // The end of typing always passes: it must not be the one that is ignored.
    if is_typing && !limits.typing(conversation_id) {
        return Ok(Value::Null);
    }
    let body = json!({ "conversation_id": conversation_id, "user_id": connection.user_id, "is_typing": is_typing, "kind": kind });
    tell_others(hub, connection, ctx, conversation_id, "typing", &body).await
}

pub(crate) async fn viewing(
    hub: &Arc<Inner>,
    connection: &Arc<Connection>,
    ctx: &Ctx,
    body: Value,
) -> Result<Value, Error> {
    let Viewing { conversation_id, active } = refusal::read(body)?;
    let body = json!({ "conversation_id": conversation_id, "user_id": connection.user_id, "active": active });
    tell_others(hub, connection, ctx, conversation_id, "viewing", &body).await
}

/// Sends to every other user in the conversation's room who may still see it.
async fn tell_others(
    hub: &Arc<Inner>,
    connection: &Arc<Connection>,
    ctx: &Ctx,
    conversation_id: Uuid,
    name: &str,
    body: &Value,
) -> Result<Value, Error> {
    let room = Room { kind: "conversation".into(), id: Some(conversation_id) };
    if !may_hear(hub, connection, ctx, &room).await? {
        return Err(Error::not_found());
    }
    let text = packet::event(name, body);
    for other in hub.registry.in_rooms(connection.organization_id, std::slice::from_ref(&room)) {
        if other.user_id == connection.user_id {
            continue;
        }
        let Ok(subject) = other.session().fresh(hub, hub.settings.recheck).await else { continue };
        if may_hear(hub, &other, &hub.ctx(subject), &room).await.unwrap_or(false) {
            other.with_flow(hub, |flow, line| flow.whisper(line, text.clone()));
        }
    }
    Ok(Value::Null)
}

/// The room kind's answer for one socket, at most as old as a cached decision may be.
async fn may_hear(hub: &Inner, connection: &Connection, ctx: &Ctx, room: &Room) -> Result<bool, Error> {
    let known = connection.pass().answers.get(room).copied();
    if let Some((answer, at)) = known
        && at.elapsed() < hub.settings.recheck
    {
        return Ok(answer);
    }
    let answer = subscribe::may_join(hub, ctx, room).await?;
    let mut pass = connection.pass();
    if pass.answers.len() >= MOST_ANSWERS {
        pass.answers.clear();
    }
    pass.answers.insert(room.clone(), (answer, Instant::now()));
    Ok(answer)
}
