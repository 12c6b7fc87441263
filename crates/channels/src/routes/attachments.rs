//! The bytes of an attachment, for those who may view its conversation.

use crate::Channels;
use crate::store;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, RANGE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use files::OpenBlob;
use files::disposition::serving_headers;
use files::range::{self, Wanted};
use http_kit::{Caller, Path, Refusal};
use kernel::ids::{AttachmentId, MessageId};
use kernel::{Error, ErrorKind};
use messaging::Attachment;

/// The bytes of a fetched attachment; one range may be asked for.
#[utoipa::path(
    get, path = "/messages/{message_id}/attachments/{attachment_id}/content", operation_id = "get_attachment_content",
    tag = "channels",
    params(("message_id" = MessageId, Path), ("attachment_id" = AttachmentId, Path)),
    responses(
        (status = 200, description = "The bytes", content_type = "application/octet-stream"),
        (status = 206, description = "A part of them", content_type = "application/octet-stream"),
        (status = 409, description = "`ATTACHMENT_NOT_AVAILABLE`: not fetched (yet), or not to be served"),
    ),
    extensions(("x-permission" = json!("messaging.view"))),
)]
pub(crate) async fn content(
    State(channels): State<Channels>,
    caller: Caller,
    Path((message_id, attachment_id)): Path<(MessageId, AttachmentId)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&channels.db).await?;
    let message = match channels.messaging.get() {
        Some(messaging) => messaging.open_message(&caller.ctx, &mut tx, message_id).await?,
        None => messaging::find_message(&caller.ctx, &mut tx, message_id).await?,
    };
    let attachment = message.attachments.into_iter().find(|attachment| attachment.id == attachment_id);
    let attachment = attachment.ok_or_else(Error::not_found)?;
    let file =
        attachment.file_id.filter(|_| attachment.fetch_status == "fetched" && attachment.scan_status != "infected");
    let Some(file) = file else { return Err(not_available(&attachment).into()) };
    let key = store::files::blob_key(&mut tx, file).await?;
    tx.commit().await?;
    let organization = caller.ctx.organization_id();
    let Some(key) = key else { return Err(not_available(&attachment).into()) };
    let size = channels.files.size(organization, &key).await.map_err(storage)?;
    let Some(size) = size else { return Err(not_available(&attachment).into()) };
    let asked = headers.get(RANGE).and_then(|value| value.to_str().ok());
    let (status, open) = match range::wanted(asked, size) {
        Wanted::Whole => (StatusCode::OK, channels.files.open(organization, &key).await),
        Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, channels.files.open_range(organization, &key, part).await),
        Wanted::Unsatisfiable => return Ok(unsatisfiable(size)),
    };
    let Some(open) = open.map_err(storage)? else { return Err(not_available(&attachment).into()) };
    Ok(answer(status, &attachment, open))
}

fn answer(status: StatusCode, attachment: &Attachment, open: OpenBlob) -> Response {
    let (size, part) = (open.size, open.range.clone());
    let mut answer = Response::new(Body::from_stream(open.into_stream()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    for (name, value) in serving_headers(&attachment.mime_type, &attachment.name) {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(part.end.saturating_sub(part.start)));
    if status == StatusCode::PARTIAL_CONTENT
        && let Ok(value) = HeaderValue::try_from(range::content_range(&part, size))
    {
        headers.insert(CONTENT_RANGE, value);
    }
    answer
}

fn unsatisfiable(size: u64) -> Response {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
    if let Ok(value) = HeaderValue::try_from(format!("bytes */{size}")) {
        answer.headers_mut().insert(CONTENT_RANGE, value);
    }
    answer
}

fn not_available(attachment: &Attachment) -> Error {
    Error::new(ErrorKind::Conflict, "ATTACHMENT_NOT_AVAILABLE", "The file of this attachment cannot be had (yet).")
        .with("fetch_status", attachment.fetch_status.as_str())
}

fn storage(error: files::GetError) -> Error {
    Error::new(ErrorKind::Unavailable, "FILES_UNAVAILABLE", "The file store does not answer.").with_private(error)
}
