//! REST: paths, bodies, answers, docs. Each handler extracts, calls one command, answers.

mod conversations;
mod messages;
mod work;

use crate::conversation::Conversation;
use crate::handle::Messaging;
use axum::response::Response;
use http::{StatusCode, header};
use http_kit::{Caller, Refusal, etag};
use store::TenantTx;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Every route of this domain.
pub(crate) fn router(messaging: Messaging) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(conversations::list))
        .routes(routes!(conversations::get, conversations::patch))
        .routes(routes!(work::assign))
        .routes(routes!(work::claim))
        .routes(routes!(work::release))
        .routes(routes!(work::status))
        .routes(routes!(work::close))
        .routes(routes!(work::reopen))
        .routes(routes!(work::archive))
        .routes(routes!(work::unarchive))
        .routes(routes!(work::seen))
        .routes(routes!(messages::list, messages::post))
        .routes(routes!(messages::note))
        .routes(routes!(messages::get))
        .routes(routes!(messages::attempts))
        .routes(routes!(messages::versions))
        .routes(routes!(messages::retry))
        .with_state(messaging)
}

/// Commits, and answers the changed conversation with its `ETag`.
async fn answer(caller: &Caller, tx: TenantTx, conversation: &Conversation) -> Result<Response, Refusal> {
    let tag = [(header::ETAG, etag(conversation.version))];
    caller.commit_with(tx, StatusCode::OK, tag, conversation).await
}
