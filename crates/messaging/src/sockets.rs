//! What is open to sockets: the same commands as REST, and the rooms of this domain.

use crate::assign::claim;
use crate::find::may_view;
use crate::handle::Messaging;
use crate::reply::ReplyBody;
use crate::seen::{SeenBody, seen};
use crate::store;
use kernel::ids::{ConversationId, UnitId};
use kernel::{Ctx, Error, Permission, Resource};
use realtime::{RoomKind, SocketCommand};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;

/// `message_send`, `seen`, `claim`: the body of REST and `conversation_id`.
pub(crate) fn commands(messaging: &Messaging) -> Vec<SocketCommand> {
    let (send, look, take) = (messaging.clone(), messaging.clone(), messaging.clone());
    vec![
        SocketCommand {
            name: "message_send",
            run: Arc::new(move |ctx, payload| {
                let messaging = send.clone();
                Box::pin(async move { message_send(&messaging, &ctx, payload).await })
            }),
        },
        SocketCommand {
            name: "seen",
            run: Arc::new(move |ctx, payload| {
                let messaging = look.clone();
                Box::pin(async move { run_seen(&messaging, &ctx, payload).await })
            }),
        },
        SocketCommand {
            name: "claim",
            run: Arc::new(move |ctx, payload| {
                let messaging = take.clone();
                Box::pin(async move { run_claim(&messaging, &ctx, payload).await })
            }),
        },
    ]
}

/// `inbox`, `conversation:<id>`, `unit:<id>`.
pub(crate) fn rooms(messaging: &Messaging) -> Vec<RoomKind> {
    let (of_conversation, of_unit) = (messaging.clone(), messaging.clone());
    vec![
        RoomKind {
            kind: "inbox",
            resolve: Arc::new(|ctx, id| {
                Box::pin(async move { Ok(id.is_none() && ctx.subject.holds(Permission::MESSAGING_VIEW, ctx.now())) })
            }),
        },
        RoomKind {
            kind: "conversation",
            resolve: Arc::new(move |ctx, id| {
                let messaging = of_conversation.clone();
                Box::pin(async move {
                    let Some(id) = id else { return Ok(false) };
                    let mut tx = messaging.0.db.tenant(ctx.organization_id()).await?;
                    let may = may_view(&ctx, &mut tx, ConversationId(id)).await?;
                    tx.commit().await?;
                    Ok(may)
                })
            }),
        },
        RoomKind {
            kind: "unit",
            resolve: Arc::new(move |ctx, id| {
                let messaging = of_unit.clone();
                Box::pin(async move {
                    let Some(unit) = id.map(UnitId) else { return Ok(false) };
                    let resource = Resource::in_unit(ctx.organization_id(), Some(unit));
                    if ctx.require(Permission::MESSAGING_VIEW, &resource).is_err() {
                        return Ok(false);
                    }
                    let mut tx = messaging.0.db.tenant(ctx.organization_id()).await?;
                    let there = store::unit_exists(&mut tx, unit).await?;
                    tx.commit().await?;
                    Ok(there)
                })
            }),
        },
    ]
}

async fn message_send(messaging: &Messaging, ctx: &Ctx, payload: Value) -> Result<Value, Error> {
    let (id, body): (_, ReplyBody) = parts(payload)?;
    let posted = messaging.post(ctx, id, body).await?;
    Ok(json!({"message": posted.message, "replayed": posted.replayed}))
}

async fn run_seen(messaging: &Messaging, ctx: &Ctx, payload: Value) -> Result<Value, Error> {
    let (id, body): (_, SeenBody) = parts(payload)?;
    let mut tx = messaging.0.db.tenant(ctx.organization_id()).await?;
    let seen = seen(ctx, &mut tx, id, body).await?;
    tx.commit().await?;
    serde_json::to_value(seen).map_err(Error::internal)
}

async fn run_claim(messaging: &Messaging, ctx: &Ctx, payload: Value) -> Result<Value, Error> {
    let (id, Nothing {}) = parts(payload)?;
    let mut tx = messaging.0.db.tenant(ctx.organization_id()).await?;
    let conversation = claim(ctx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(json!({ "conversation": conversation }))
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// `conversation_id`, and the rest as the body that REST takes.
fn parts<T: DeserializeOwned>(payload: Value) -> Result<(ConversationId, T), Error> {
    let Value::Object(mut members) = payload else {
        return Err(Error::invalid_field("", "WRONG_TYPE", "Send an object."));
    };
    let id = members.remove("conversation_id").and_then(|id| serde_json::from_value(id).ok());
    let id = id.ok_or_else(|| Error::invalid_field("conversation_id", "REQUIRED", "Say which conversation."))?;
    // The strict reader of HTTP bodies names the wrong field.
    let body = serde_json::to_vec(&Value::Object(members)).map_err(Error::internal)?;
    Ok((id, http_kit::parse_json(&body)?))
}
