//! Files that messages came with: bound when the message is stored, fetched in the background, visible when it failed.

use crate::content::{MediaRef, Segment};
use crate::events;
use crate::message::Attachment;
use crate::store::{self, NewAttachment};
use ::store::TenantTx;
use ::store::jobs::{Lane, NewJob};
use chrono::{DateTime, Duration, Utc};
use kernel::ids::{AttachmentId, ChannelAccountId, FileId, MessageId};
use kernel::text::truncate_chars;
use kernel::{Actor, Ctx, Error, Permission, Resource};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The job that fetches one file; payload [`FetchMedia`]. Channels register its handler.
pub const FETCH_MEDIA: &str = "messaging.fetch_media";
/// Files of one message at most.
const MOST: usize = 10;
/// Providers keep inbound media this long.
const PROVIDER_KEEPS: Duration = Duration::days(7);

/// Payload of [`FETCH_MEDIA`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchMedia {
    pub attachment_id: AttachmentId,
}

/// A file that was fetched and stored.
#[derive(Clone, Debug)]
pub struct Fetched {
    pub file_id: FileId,
    pub size: i64,
    /// As sniffed from the bytes.
    pub mime_type: String,
    /// 64 lower case hex digits.
    pub sha256: String,
    /// A better name than the declared one, if any.
    pub name: Option<String>,
    /// `clean`, `infected`, `failed` or `skipped`.
    pub scan_status: &'static str,
}

/// What a fetcher must know.
#[derive(Clone, Debug)]
pub struct PendingAttachment {
    pub message_id: MessageId,
    pub channel_account_id: ChannelAccountId,
    /// The provider's id of the file.
    pub provider_ref: String,
    /// As declared; to be checked against the bytes.
    pub mime_type: String,
    /// As declared.
    pub sha256: Option<String>,
    pub name: String,
    /// After this the provider has it no more.
    pub expires_at: Option<DateTime<Utc>>,
    pub simulated: bool,
}

/// The file, if it still must be fetched.
///
/// # Errors
/// When the database fails.
pub async fn pending_attachment(tx: &mut TenantTx, id: AttachmentId) -> Result<Option<PendingAttachment>, Error> {
    let Some(state) = store::attachment(tx, id).await?.filter(|state| state.fetch_status == "pending") else {
        return Ok(None);
    };
    let (Some(channel_account_id), Some(provider_ref)) = (state.channel_account_id, state.provider_ref) else {
        return Ok(None);
    };
    Ok(Some(PendingAttachment {
        message_id: state.message_id,
        channel_account_id,
        provider_ref,
        mime_type: state.mime_type,
        sha256: state.sha256,
        name: state.name,
        expires_at: state.expires_at,
        simulated: state.simulated,
    }))
}

/// The file is here.
///
/// # Errors
/// 404 for an unknown attachment.
pub async fn attachment_fetched(ctx: &Ctx, tx: &mut TenantTx, id: AttachmentId, file: &Fetched) -> Result<(), Error> {
    end(ctx, tx, id, "fetched", None, Some(file)).await
}

/// The file cannot be had (`expired`: no more); `reason` is a stable code.
///
/// # Errors
/// 404 for an unknown attachment.
pub async fn attachment_failed(
    ctx: &Ctx,
    tx: &mut TenantTx,
    id: AttachmentId,
    reason: &str,
    expired: bool,
) -> Result<(), Error> {
    end(ctx, tx, id, if expired { "expired" } else { "failed" }, Some(reason), None).await
}

async fn end(
    ctx: &Ctx,
    tx: &mut TenantTx,
    id: AttachmentId,
    status: &str,
    reason: Option<&str>,
    file: Option<&Fetched>,
) -> Result<(), Error> {
    ctx.require(Permission::MESSAGING_MANAGE, &Resource::organization(ctx.organization_id()))?;
    let state = store::attachment(tx, id).await?.ok_or_else(Error::not_found)?;
    if state.fetch_status == "fetched" {
        return Ok(());
    }
    store::set_attachment(tx, id, status, reason, file).await?;
    let (message, conversation) =
        store::message_with_conversation(tx, state.message_id).await?.ok_or_else(Error::not_found)?;
    let files = store::attachments_of(tx, &[message.id.0]).await?;
    let data = json!({ "message": message.show(files) });
    events::message(ctx, tx, &conversation, "message.updated", &Actor::SYSTEM, data);
    Ok(())
}

/// Binds the files of new content to attachments of `message`; what is stored keeps no address of the provider's.
pub(crate) fn bind(
    ctx: &Ctx,
    message_id: MessageId,
    segments: &mut [Segment],
    channel_kind: &str,
) -> Vec<NewAttachment> {
    let expires_at = (channel_kind == "whatsapp").then(|| ctx.now() + PROVIDER_KEEPS);
    let mut files = Vec::new();
    for segment in segments.iter_mut() {
        let default_name = default_name(segment);
        let Some(media) = segment.media_mut().filter(|_| files.len() < MOST) else { continue };
        let id: AttachmentId = ctx.new_id();
        let told = std::mem::take(media);
        files.push(NewAttachment {
            id,
            message_id,
            position: i16::try_from(files.len()).unwrap_or(i16::MAX),
            name: name_of(&told, default_name),
            mime_type: told.mime_type.clone().unwrap_or_else(|| "application/octet-stream".to_owned()),
            sha256: told.sha256.clone(),
            provider_ref: told.provider_id.clone().or_else(|| told.url.clone()),
            expires_at,
        });
        *media = told.stored_as(id.0);
    }
    files
}

/// Stores bound files and has them fetched.
pub(crate) async fn store(ctx: &Ctx, tx: &mut TenantTx, files: Vec<NewAttachment>) -> Result<Vec<Attachment>, Error> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    store::insert_attachments(tx, &files).await?;
    for file in &files {
        tx.enqueue(ctx, NewJob::new(Lane::Default, FETCH_MEDIA, &FetchMedia { attachment_id: file.id }));
    }
    Ok(files.into_iter().map(shown).collect())
}

fn shown(file: NewAttachment) -> Attachment {
    Attachment {
        id: file.id,
        message_id: file.message_id,
        name: file.name,
        mime_type: file.mime_type,
        size: None,
        sha256: file.sha256,
        file_id: None,
        fetch_status: "pending".to_owned(),
        fetch_error: None,
        scan_status: "pending".to_owned(),
    }
}

fn name_of(media: &MediaRef, default: &str) -> String {
    let name = kernel::text::clean_line(media.file_name.as_deref().unwrap_or_default());
    let name = truncate_chars(&name, 255);
    if name.is_empty() { default.to_owned() } else { name.to_owned() }
}

fn default_name(segment: &Segment) -> &'static str {
    match segment {
        Segment::Image { .. } => "image",
        Segment::Audio { .. } => "audio",
        Segment::Video { .. } => "video",
        Segment::Sticker { .. } => "sticker",
        _ => "file",
    }
}
