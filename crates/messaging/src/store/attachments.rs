//! Files of messages.

use crate::message::Attachment;
use chrono::{DateTime, Utc};
use kernel::ids::{AttachmentId, ChannelAccountId, FileId, MessageId};
use store::{DbError, Reads, TenantTx};
use uuid::Uuid;

/// A file that a message came with, not fetched yet.
#[derive(Clone, Debug)]
pub(crate) struct NewAttachment {
    pub id: AttachmentId,
    pub message_id: MessageId,
    pub position: i16,
    pub name: String,
    pub mime_type: String,
    pub sha256: Option<String>,
    pub provider_ref: Option<String>,
    pub expires_at: Option<DateTime<Utc>>,
}

pub(crate) async fn insert_attachments(tx: &mut TenantTx, new: &[NewAttachment]) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    let ids: Vec<Uuid> = new.iter().map(|row| row.id.0).collect();
    let messages: Vec<Uuid> = new.iter().map(|row| row.message_id.0).collect();
    let positions: Vec<i16> = new.iter().map(|row| row.position).collect();
    let names: Vec<String> = new.iter().map(|row| row.name.clone()).collect();
    let types: Vec<String> = new.iter().map(|row| row.mime_type.clone()).collect();
    let hashes: Vec<Option<String>> = new.iter().map(|row| row.sha256.clone()).collect();
    let refs: Vec<Option<String>> = new.iter().map(|row| row.provider_ref.clone()).collect();
    let ends: Vec<Option<DateTime<Utc>>> = new.iter().map(|row| row.expires_at).collect();
    sqlx::query!(
        "insert into message_attachments (organization_id, id, message_id, position, name, mime_type, sha256, provider_ref, expires_at)
         select $1, * from unnest($2::uuid[], $3::uuid[], $4::smallint[], $5::text[], $6::text[], $7::text[], $8::text[],
           $9::timestamptz[])",
        organization_id,
        &ids,
        &messages,
        &positions,
        &names,
        &types,
        &hashes as &[Option<String>],
        &refs as &[Option<String>],
        &ends as &[Option<DateTime<Utc>>]
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The files of these messages, in order.
pub(crate) async fn attachments_of(reads: &mut impl Reads, messages: &[Uuid]) -> Result<Vec<Attachment>, DbError> {
    let organization_id = *reads.organization_id();
    let query = sqlx::query_as!(
        Attachment,
        r#"select a.id as "id: AttachmentId", a.message_id as "message_id: MessageId", a.name, a.mime_type, a.size, a.sha256,
             a.file_id as "file_id: FileId", a.fetch_status, a.fetch_error, a.scan_status
           from (select set_config('app.organization_id', $1::uuid::text, true)::uuid as organization_id) tenant
           cross join lateral (select f.* from message_attachments f
             where f.organization_id = tenant.organization_id and f.message_id = any($2::uuid[])
             order by f.message_id, f.position offset 0) a"#,
        organization_id,
        messages
    );
    reads.all(query).await
}

/// What the fetcher needs to know of a file.
#[derive(Clone, Debug)]
pub(crate) struct AttachmentState {
    pub message_id: MessageId,
    pub channel_account_id: Option<ChannelAccountId>,
    pub name: String,
    pub mime_type: String,
    pub sha256: Option<String>,
    pub provider_ref: Option<String>,
    pub fetch_status: String,
    pub expires_at: Option<DateTime<Utc>>,
    pub simulated: bool,
}

pub(crate) async fn attachment(tx: &mut TenantTx, id: AttachmentId) -> Result<Option<AttachmentState>, DbError> {
    let organization_id = *tx.organization_id();
    Ok(sqlx::query_as!(
        AttachmentState,
        r#"select a.message_id as "message_id: MessageId", c.channel_account_id as "channel_account_id: ChannelAccountId", a.name, a.mime_type, a.sha256, a.provider_ref,
             a.fetch_status, a.expires_at, m.simulated
           from message_attachments a
           join messages m on m.id = a.message_id and m.organization_id = $1
           join conversations c on c.id = m.conversation_id and c.organization_id = $1
           where a.id = $2 and a.organization_id = $1
           for no key update of a"#,
        organization_id,
        *id
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Writes how fetching ended.
pub(crate) async fn set_attachment(
    tx: &mut TenantTx,
    id: AttachmentId,
    status: &str,
    error: Option<&str>,
    file: Option<&crate::attachments::Fetched>,
) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    sqlx::query!(
        "update message_attachments set fetch_status = $3, fetch_error = $4, file_id = coalesce($5, file_id), size = coalesce($6, size),
           mime_type = coalesce($7, mime_type), sha256 = coalesce($8, sha256), name = coalesce($9, name),
           scan_status = coalesce($10, scan_status)
         where id = $2 and organization_id = $1",
        organization_id,
        *id,
        status,
        error,
        file.map(|file| file.file_id.0),
        file.map(|file| file.size),
        file.map(|file| file.mime_type.as_str()),
        file.map(|file| file.sha256.as_str()),
        file.and_then(|file| file.name.as_deref()),
        file.map(|file| file.scan_status)
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
