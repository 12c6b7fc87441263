//! `/conversations/{conversation_id}/messages`, `/notes`, `/messages/{message_id}`.

use crate::find::{self, AttemptView, VersionView};
use crate::handle::Messaging;
use crate::list::{MessagePlace, messages_of, viewed};
use crate::message::Message;
use crate::note::{self, NoteBody};
use crate::reply::{Posted, ReplyBody, reply};
use crate::retry as again;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use http_kit::{Caller, Json, Paging, Path, Query, REPLAYED, Refusal, page_response};
use kernel::ids::{ConversationId, MessageId};
use kernel::{Error, Page};
use serde::{Deserialize, Serialize};
use store::TenantTx;
use utoipa::{IntoParams, ToSchema};

/// Which messages: the newest, or those at one place.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MessagesQuery {
    /// Older than this number.
    before_seq: Option<i64>,
    /// Newer than this number, oldest of them first.
    after_seq: Option<i64>,
    /// Half before, half from this number on.
    around_seq: Option<i64>,
    #[serde(flatten)]
    #[param(inline)]
    paging: Paging,
}

/// Messages of a conversation: newest page first, ascending inside.
#[utoipa::path(
    get, path = "/conversations/{conversation_id}/messages", operation_id = "listMessages", tag = "messaging",
    params(("conversation_id" = ConversationId, Path), MessagesQuery),
    responses((status = 200, description = "A page of messages", body = Page<Message>)),
    extensions(("x-permission" = json!("messaging.view"))),
)]
pub async fn list(
    State(messaging): State<Messaging>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Query(query): Query<MessagesQuery>,
) -> Result<Response, Refusal> {
    let place = MessagePlace { before_seq: query.before_seq, after_seq: query.after_seq, around_seq: query.around_seq };
    let mut tx = messaging.0.db.tenant(caller.ctx.organization_id()).await?;
    let conversation = viewed(&caller.ctx, &mut tx, id).await?;
    let (cursors, paging) = (&messaging.0.cursors, query.paging.request());
    let page = messages_of(&caller.ctx, &mut tx, cursors, &conversation, place, &paging).await?;
    tx.commit().await?;
    messaging.note_read(&caller.ctx, &conversation);
    page_response(&caller.info, &page)
}

/// Sends a public message to the contact.
///
/// The same `client_id` with the same body answers the stored message with 200 and `Idempotency-Replayed`, at any age.
#[utoipa::path(
    post, path = "/conversations/{conversation_id}/messages", operation_id = "postMessage", tag = "messaging",
    params(("conversation_id" = ConversationId, Path)),
    request_body(content = ReplyBody, example = json!({"client_id": "k1", "segments": [{"type": "text", "text": "Olá! Como posso ajudar?"}]})),
    responses(
        (status = 201, description = "Stored and on its way", body = Message),
        (status = 200, description = "It was stored before", body = Message),
        (status = 403, description = "`PERMISSION_DENIED`, `ON_BEHALF_NOT_ALLOWED`"),
        (status = 409, description = "`STALE_REPLY`, `CONVERSATION_MERGED`, `ACCOUNT_NOT_ACTIVE`, `LIMIT_REACHED`"),
        (status = 422, description = "`WINDOW_CLOSED`, `CONTACT_BLOCKED`, `MESSAGE_TOO_LONG`, `CAPABILITY_MISSING`, `REPLY_TARGET_NOT_FOUND`, `IDEMPOTENCY_KEY_REUSED`"),
    ),
    extensions(("x-permission" = json!("messaging.reply"))),
)]
pub async fn post(
    State(messaging): State<Messaging>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Json(body): Json<ReplyBody>,
) -> Result<Response, Refusal> {
    if !caller.has_idempotency_key() {
        let posted = messaging.post(&caller.ctx, id, body).await?;
        let (status, headers) = parts(&posted)?;
        return Ok((status, headers, Json(posted.message)).into_response());
    }
    // The kept answer belongs into the message's own transaction, so this one cannot be shared.
    messaging.0.limits.take(&caller.ctx)?;
    let mut tx = caller.begin(&messaging.0.db).await?;
    let (ctx, author) = messaging.0.authors.writer(&caller.ctx, &mut tx, body.on_behalf_of).await?;
    let posted = reply(&ctx, &mut tx, author, id, body).await?;
    answer(&caller, tx, posted).await
}

/// Writes a private note.
#[utoipa::path(
    post, path = "/conversations/{conversation_id}/notes", operation_id = "postNote", tag = "messaging",
    params(("conversation_id" = ConversationId, Path)),
    request_body(content = NoteBody, example = json!({"client_id": "n1", "text": "Convênio confirmado por telefone."})),
    responses(
        (status = 201, description = "Stored; it never leaves", body = Message),
        (status = 200, description = "It was stored before", body = Message),
    ),
    extensions(("x-permission" = json!("messaging.reply"))),
)]
pub async fn note(
    State(messaging): State<Messaging>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Json(body): Json<NoteBody>,
) -> Result<Response, Refusal> {
    if !caller.has_idempotency_key() {
        let posted = messaging.note(&caller.ctx, id, body).await?;
        let (status, headers) = parts(&posted)?;
        return Ok((status, headers, Json(posted.message)).into_response());
    }
    let mut tx = caller.begin(&messaging.0.db).await?;
    let (ctx, author) = messaging.0.authors.writer(&caller.ctx, &mut tx, body.on_behalf_of).await?;
    let posted = note::note(&ctx, &mut tx, author, id, body).await?;
    answer(&caller, tx, posted).await
}

/// One message.
#[utoipa::path(
    get, path = "/messages/{message_id}", operation_id = "getMessage", tag = "messaging",
    params(("message_id" = MessageId, Path)),
    responses((status = 200, description = "The message", body = Message)),
    extensions(("x-permission" = json!("messaging.view"))),
)]
pub async fn get(
    State(messaging): State<Messaging>,
    caller: Caller,
    Path(id): Path<MessageId>,
) -> Result<Response, Refusal> {
    let mut reads = messaging.0.db.read(caller.ctx.organization_id());
    let message = messaging.open_message(&caller.ctx, &mut reads, id).await?;
    Ok(Json(message).into_response())
}

/// A short list that needs no pages.
#[derive(Serialize, ToSchema)]
pub struct Whole<T> {
    data: Vec<T>,
}

/// The tries to hand a message over.
#[utoipa::path(
    get, path = "/messages/{message_id}/attempts", operation_id = "listMessageAttempts", tag = "messaging",
    params(("message_id" = MessageId, Path)),
    responses((status = 200, description = "First to last", body = Whole<AttemptView>)),
    extensions(("x-permission" = json!("messaging.view"))),
)]
pub async fn attempts(
    State(messaging): State<Messaging>,
    caller: Caller,
    Path(id): Path<MessageId>,
) -> Result<Response, Refusal> {
    let mut tx = messaging.0.db.tenant(caller.ctx.organization_id()).await?;
    let data = find::attempts(&caller.ctx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(Whole { data }).into_response())
}

/// The forms of an edited message.
#[utoipa::path(
    get, path = "/messages/{message_id}/versions", operation_id = "listMessageVersions", tag = "messaging",
    params(("message_id" = MessageId, Path)),
    responses((status = 200, description = "First to last; empty if it was never edited", body = Whole<VersionView>)),
    extensions(("x-permission" = json!("messaging.view"))),
)]
pub async fn versions(
    State(messaging): State<Messaging>,
    caller: Caller,
    Path(id): Path<MessageId>,
) -> Result<Response, Refusal> {
    let mut tx = messaging.0.db.tenant(caller.ctx.organization_id()).await?;
    messaging.open_message(&caller.ctx, &mut tx, id).await?;
    let data = find::versions(&caller.ctx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(Whole { data }).into_response())
}

/// Sends a failed message again.
#[utoipa::path(
    post, path = "/messages/{message_id}/retry", operation_id = "retryMessage", tag = "messaging",
    params(("message_id" = MessageId, Path)),
    responses(
        (status = 200, description = "Queued again", body = Message),
        (status = 409, description = "`NOT_RETRYABLE`"),
        (status = 422, description = "`WINDOW_CLOSED`, `CONTACT_BLOCKED`"),
    ),
    extensions(("x-permission" = json!("messaging.reply"))),
)]
pub async fn retry(
    State(messaging): State<Messaging>,
    caller: Caller,
    Path(id): Path<MessageId>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&messaging.0.db).await?;
    let message = again::retry(&caller.ctx, &mut tx, id).await?;
    caller.commit(tx, StatusCode::OK, &message).await
}

async fn answer(caller: &Caller, tx: TenantTx, posted: Posted) -> Result<Response, Refusal> {
    if posted.replayed {
        return caller
            .commit_with(tx, StatusCode::OK, [(REPLAYED, HeaderValue::from_static("true"))], &posted.message)
            .await;
    }
    let place = [(header::LOCATION, location(&posted)?)];
    caller.commit_with(tx, StatusCode::CREATED, place, &posted.message).await
}

/// Status and header of a stored message.
fn parts(posted: &Posted) -> Result<(StatusCode, [(http::HeaderName, HeaderValue); 1]), Error> {
    if posted.replayed {
        return Ok((StatusCode::OK, [(REPLAYED, HeaderValue::from_static("true"))]));
    }
    Ok((StatusCode::CREATED, [(header::LOCATION, location(posted)?)]))
}

fn location(posted: &Posted) -> Result<HeaderValue, Error> {
    HeaderValue::try_from(format!("/api/messages/{}", posted.message.id)).map_err(Error::internal)
}
