//! `/conversations`, `/conversations/{conversation_id}`.

use crate::conversation::{Conversation, ConversationStatus};
use crate::details::{DetailsBody, edit_details};
use crate::find::write_conversation;
use crate::handle::Messaging;
use crate::list::{ConversationFilter, ConversationSort, write_conversations};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http::{StatusCode, header};
use http_kit::{
    Caller, IfMatch, IfNoneMatch, Json, Paging, Path, Query, Refusal, etag, json_response, written_page_response,
};
use kernel::Page;
use kernel::ids::{ChannelAccountId, ContactId, ConversationId, UnitId};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// Filters of the list; what is left out does not filter.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConversationsQuery {
    status: Option<ConversationStatus>,
    unit_id: Option<UnitId>,
    /// A user's id, `me` or `none`.
    owner_id: Option<String>,
    channel_account_id: Option<ChannelAccountId>,
    channel_kind: Option<ChannelKind>,
    contact_id: Option<ContactId>,
    priority: Option<Priority>,
    number: Option<i64>,
    /// `true`: archived ones only; without it they are left out.
    archived: Option<bool>,
    audience: Option<Audience>,
    handled_by: Option<HandledBy>,
    /// Changed after this instant.
    updated_after: Option<DateTime<Utc>>,
    sort: Option<ConversationSort>,
    #[serde(flatten)]
    #[param(inline)]
    paging: Paging,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($variant),+ }
        impl $name {
            fn word(self) -> String {
                match self { $(Self::$variant => $word),+ }.to_owned()
            }
        }
    };
}

words!(
    /// The kind of channel.
    ChannelKind { Whatsapp = "whatsapp", Telegram = "telegram", Email = "email", Webchat = "webchat", Sms = "sms", Api = "api", Internal = "internal" }
);
words!(
    /// How urgent it is.
    Priority { Low = "low", Normal = "normal", High = "high", Urgent = "urgent" }
);
words!(
    /// With a contact, or among users.
    Audience { External = "external", Internal = "internal" }
);
words!(
    /// Who has sent public messages.
    HandledBy { None = "none", Bot = "bot", Human = "human", Mixed = "mixed" }
);

impl ConversationsQuery {
    fn filter(&self) -> ConversationFilter {
        ConversationFilter {
            status: self.status,
            unit_id: self.unit_id,
            owner_id: self.owner_id.clone(),
            channel_account_id: self.channel_account_id,
            channel_kind: self.channel_kind.map(ChannelKind::word),
            contact_id: self.contact_id,
            priority: self.priority.map(Priority::word),
            number: self.number,
            archived: self.archived,
            audience: self.audience.map(Audience::word),
            handled_by: self.handled_by.map(HandledBy::word),
            updated_after: self.updated_after,
            sort: self.sort,
        }
    }
}

/// Conversations that the caller may view.
#[utoipa::path(
    get, path = "/conversations", operation_id = "listConversations", tag = "messaging",
    params(ConversationsQuery),
    responses((status = 200, description = "A page of conversations", body = Page<Conversation>)),
    extensions(("x-permission" = json!("messaging.view"))),
)]
pub async fn list(
    State(messaging): State<Messaging>,
    caller: Caller,
    Query(query): Query<ConversationsQuery>,
) -> Result<Response, Refusal> {
    let mut reads = messaging.0.db.read(caller.ctx.organization_id());
    let (filter, paging) = (query.filter(), query.paging.request());
    let (entries, next) = write_conversations(&caller.ctx, &mut reads, &messaging.0.cursors, &filter, &paging).await?;
    written_page_response(&caller.info, &entries, next.as_deref())
}

/// One conversation.
#[utoipa::path(
    get, path = "/conversations/{conversation_id}", operation_id = "getConversation", tag = "messaging",
    params(("conversation_id" = ConversationId, Path)),
    responses(
        (status = 200, description = "The conversation; `ETag` is its version", body = Conversation),
        (status = 304, description = "Not changed since the version in `If-None-Match`"),
    ),
    extensions(("x-permission" = json!("messaging.view"))),
)]
pub async fn get(
    State(messaging): State<Messaging>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    known: IfNoneMatch,
) -> Result<Response, Refusal> {
    let mut reads = messaging.0.db.read(caller.ctx.organization_id());
    let conversation = write_conversation(&caller.ctx, &mut reads, id).await?;
    let tag = [(header::ETAG, etag(conversation.version))];
    if known.has(conversation.version) {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    Ok((tag, json_response(conversation.text)).into_response())
}

/// Changes priority, subject, summary or language.
#[utoipa::path(
    patch, path = "/conversations/{conversation_id}", operation_id = "updateConversation", tag = "messaging",
    params(("conversation_id" = ConversationId, Path), ("If-Match" = String, Header, description = "The `ETag` that was read", example = "\"v7\"")),
    request_body(content = DetailsBody, example = json!({"priority": "high", "subject": "Resultado de exame"})),
    responses(
        (status = 200, description = "As it is now", body = Conversation),
        (status = 412, description = "It was changed in the meantime"),
        (status = 428, description = "`If-Match` is missing"),
    ),
    extensions(("x-permission" = json!("messaging.reply"))),
)]
pub async fn patch(
    State(messaging): State<Messaging>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    read: IfMatch,
    Json(body): Json<DetailsBody>,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&messaging.0.db).await?;
    let conversation = edit_details(&caller.ctx, &mut tx, id, read.0, body).await?;
    super::answer(&caller, tx, &conversation).await
}
