//! Working on a conversation: owners, statuses, what one has seen.

use crate::assign::{self, Assignment};
use crate::conversation::Conversation;
use crate::handle::Messaging;
use crate::lifecycle::{self, StatusBody};
use crate::seen::{self, Seen, SeenBody};
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use http_kit::{Caller, Json, Path, Refusal, parse_json};
use kernel::ids::ConversationId;
use serde::Deserialize;
use utoipa::ToSchema;

/// Gives a conversation to a member, a unit, or both.
#[utoipa::path(
    post, path = "/conversations/{conversation_id}/assign", operation_id = "assignConversation", tag = "messaging",
    params(("conversation_id" = ConversationId, Path)),
    request_body(content = Assignment, example = json!({"reason": "manual"})),
    responses((status = 200, description = "As it is now", body = Conversation)),
    extensions(("x-permission" = json!("messaging.assign"))),
)]
pub async fn assign(
    State(messaging): State<Messaging>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Json(body): Json<Assignment>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&messaging.0.db).await?;
    let conversation = assign::assign(&caller.ctx, &mut tx, id, body).await?;
    super::answer(&caller, tx, &conversation).await
}

/// Takes a conversation for oneself.
#[utoipa::path(
    post, path = "/conversations/{conversation_id}/claim", operation_id = "claimConversation", tag = "messaging",
    params(("conversation_id" = ConversationId, Path)),
    responses(
        (status = 200, description = "As it is now", body = Conversation),
        (status = 409, description = "`CONVERSATION_ALREADY_ASSIGNED` with `owner_id`"),
    ),
    extensions(("x-permission" = json!("messaging.reply"))),
)]
pub async fn claim(
    State(messaging): State<Messaging>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&messaging.0.db).await?;
    let conversation = assign::claim(&caller.ctx, &mut tx, id).await?;
    super::answer(&caller, tx, &conversation).await
}

/// Takes the owner off.
#[utoipa::path(
    post, path = "/conversations/{conversation_id}/release", operation_id = "releaseConversation", tag = "messaging",
    params(("conversation_id" = ConversationId, Path)),
    responses((status = 200, description = "As it is now", body = Conversation)),
    extensions(("x-permission" = json!("messaging.reply"))),
)]
pub async fn release(
    State(messaging): State<Messaging>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&messaging.0.db).await?;
    let conversation = assign::release(&caller.ctx, &mut tx, id).await?;
    super::answer(&caller, tx, &conversation).await
}

/// Sets a status.
#[utoipa::path(
    post, path = "/conversations/{conversation_id}/status", operation_id = "setConversationStatus", tag = "messaging",
    params(("conversation_id" = ConversationId, Path)),
    request_body(content = StatusBody, example = json!({"status": "waiting"})),
    responses(
        (status = 200, description = "As it is now", body = Conversation),
        (status = 409, description = "`INVALID_STATUS_TRANSITION` with `status` and `allowed`"),
    ),
    extensions(("x-permission" = json!("messaging.reply"))),
)]
pub async fn status(
    State(messaging): State<Messaging>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Json(body): Json<StatusBody>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&messaging.0.db).await?;
    let conversation = lifecycle::set_status(&caller.ctx, &mut tx, id, body).await?;
    super::answer(&caller, tx, &conversation).await
}

/// Why it is closed; the whole body may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseBody {
    /// `resolved` (default), `no_reply`, `abandoned`, `spam`, `duplicate`, `other`.
    #[serde(default)]
    reason: Option<String>,
}

/// Closes a conversation.
#[utoipa::path(
    post, path = "/conversations/{conversation_id}/close", operation_id = "closeConversation", tag = "messaging",
    params(("conversation_id" = ConversationId, Path)),
    request_body(content = CloseBody, example = json!({"reason": "resolved"})),
    responses((status = 200, description = "As it is now", body = Conversation)),
    extensions(("x-permission" = json!("messaging.reply"))),
)]
pub async fn close(
    State(messaging): State<Messaging>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let CloseBody { reason } = if body.is_empty() { CloseBody::default() } else { parse_json(&body)? };
    let mut tx = caller.begin(&messaging.0.db).await?;
    let conversation = lifecycle::close(&caller.ctx, &mut tx, id, reason).await?;
    super::answer(&caller, tx, &conversation).await
}

/// Opens a closed conversation again.
#[utoipa::path(
    post, path = "/conversations/{conversation_id}/reopen", operation_id = "reopenConversation", tag = "messaging",
    params(("conversation_id" = ConversationId, Path)),
    responses(
        (status = 200, description = "As it is now", body = Conversation),
        (status = 409, description = "`INVALID_STATUS_TRANSITION`, `THREAD_ACTIVE`, `CONVERSATION_MERGED`"),
    ),
    extensions(("x-permission" = json!("messaging.reply"))),
)]
pub async fn reopen(
    State(messaging): State<Messaging>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&messaging.0.db).await?;
    let conversation = lifecycle::reopen(&caller.ctx, &mut tx, id).await?;
    super::answer(&caller, tx, &conversation).await
}

/// Puts a closed conversation away.
#[utoipa::path(
    post, path = "/conversations/{conversation_id}/archive", operation_id = "archiveConversation", tag = "messaging",
    params(("conversation_id" = ConversationId, Path)),
    responses((status = 200, description = "As it is now", body = Conversation)),
    extensions(("x-permission" = json!("messaging.manage"))),
)]
pub async fn archive(
    State(messaging): State<Messaging>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&messaging.0.db).await?;
    let conversation = lifecycle::set_archived(&caller.ctx, &mut tx, id, true).await?;
    super::answer(&caller, tx, &conversation).await
}

/// Brings an archived conversation back into the lists.
#[utoipa::path(
    post, path = "/conversations/{conversation_id}/unarchive", operation_id = "unarchiveConversation", tag = "messaging",
    params(("conversation_id" = ConversationId, Path)),
    responses((status = 200, description = "As it is now", body = Conversation)),
    extensions(("x-permission" = json!("messaging.manage"))),
)]
pub async fn unarchive(
    State(messaging): State<Messaging>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&messaging.0.db).await?;
    let conversation = lifecycle::set_archived(&caller.ctx, &mut tx, id, false).await?;
    super::answer(&caller, tx, &conversation).await
}

/// Notes what the caller has seen; it never goes back.
#[utoipa::path(
    post, path = "/conversations/{conversation_id}/seen", operation_id = "markConversationSeen", tag = "messaging",
    params(("conversation_id" = ConversationId, Path)),
    request_body(content = SeenBody, example = json!({"up_to_seq": 42})),
    responses((status = 200, description = "What is seen now", body = Seen)),
    extensions(("x-permission" = json!("messaging.view"))),
)]
pub async fn seen(
    State(messaging): State<Messaging>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Json(body): Json<SeenBody>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&messaging.0.db).await?;
    let seen = seen::seen(&caller.ctx, &mut tx, id, body).await?;
    caller.commit(tx, StatusCode::OK, &seen).await
}
