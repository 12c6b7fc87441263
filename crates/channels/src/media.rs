//! Fetching the files of inbound messages: at once, in the background, within the provider's deadline.
//!
//! A file that cannot be had is visible on its attachment; its message is there all the same. The blob's id is the
//! attachment's, so that a run that died half-way leaves nothing but what the next one replaces.

use crate::Channels;
use crate::accounts;
use crate::connector::ErrorClass;
use crate::graph_client::{MAX_MEDIA, MediaError};
use crate::items::reason_of;
use crate::secrets::ACCESS_TOKEN;
use crate::store;
use crate::store::accounts as account_rows;
use ::store::TenantTx;
use ::store::jobs::{JobOutcome, JobRun};
use chrono::Duration;
use files::{Declared, NewBlob, PutError, StoredBlob};
use kernel::ids::{AttachmentId, FileId};
use kernel::{Ctx, Error, ErrorKind};
use messaging::{FetchMedia, Fetched, PendingAttachment};
use outbound::CallError;
use secrecy::SecretString;

/// How long an account without good credentials keeps its files waiting before the next look.
const ACCOUNT_WAIT: Duration = Duration::minutes(5);
/// Bytes that do not fit their hash are fetched again so often.
const HASH_TRIES: i16 = 3;

/// The job `messaging.fetch_media`.
pub(crate) async fn fetch(channels: Channels, run: JobRun) -> Result<JobOutcome, Error> {
    let FetchMedia { attachment_id } = run.parse()?;
    let mut tx = channels.db.tenant(run.organization_id).await?;
    let Some(pending) = messaging::pending_attachment(&mut tx, attachment_id).await? else {
        return Ok(JobOutcome::Done);
    };
    let end = match prepare(&channels, &run.ctx, &mut tx, &pending).await? {
        Err(end) => end,
        Ok((number, token)) => {
            // Nothing leaves the process inside a transaction.
            drop(tx);
            let end = match fetch_blob(&channels, &run, attachment_id, &pending, &number, &token).await {
                Ok(blob) => End::Stored(Box::new(blob)),
                Err(end) => end,
            };
            tx = channels.db.tenant(run.organization_id).await?;
            end
        }
    };
    finish(&run.ctx, tx, attachment_id, &pending, end).await
}

/// How a run ends.
enum End {
    Stored(Box<StoredBlob>),
    /// The attachment shows this.
    Failed {
        reason: &'static str,
        expired: bool,
    },
    /// The account must be reconnected; the file waits.
    AccountRefused,
    AccountNotReady,
    /// Tried again with growing pauses.
    Later(String),
}

/// Number and token to fetch with, or why not to try.
async fn prepare(
    channels: &Channels,
    ctx: &Ctx,
    tx: &mut TenantTx,
    pending: &PendingAttachment,
) -> Result<Result<(String, SecretString), End>, Error> {
    if pending.simulated {
        return Ok(Err(End::Failed { reason: "SIMULATION", expired: false }));
    }
    if pending.expires_at.is_some_and(|end| end <= ctx.now()) {
        return Ok(Err(End::Failed { reason: "EXPIRED", expired: true }));
    }
    let account = account_rows::brief(tx, pending.channel_account_id).await?;
    let token = channels.secret(tx, pending.channel_account_id, ACCESS_TOKEN).await?;
    Ok(match (account.and_then(|account| account.external_id), token) {
        (Some(number), Some(token)) => Ok((number, token)),
        _ => Err(End::AccountNotReady),
    })
}

/// Look-up, download, store, compare.
async fn fetch_blob(
    channels: &Channels,
    run: &JobRun,
    attachment_id: AttachmentId,
    pending: &PendingAttachment,
    number: &str,
    token: &SecretString,
) -> Result<StoredBlob, End> {
    let found = channels.look_up_media(number, token, &pending.provider_ref).await.map_err(End::from)?;
    if found.size.is_some_and(|size| size > MAX_MEDIA) {
        return Err(End::Failed { reason: "TOO_LARGE", expired: false });
    }
    let open = channels.open_media(&found.url, token).await.map_err(End::from)?;
    let declared =
        Declared { mime: found.mime_type.or(Some(pending.mime_type.clone())), name: Some(pending.name.clone()) };
    let blob = NewBlob {
        organization: run.organization_id,
        file: FileId(attachment_id.0),
        at: run.ctx.now(),
        declared,
        max_bytes: MAX_MEDIA,
    };
    let key = files::BlobKey::new(blob.organization, blob.file, blob.at);
    let stored = match channels.files.put_stream(blob, open).await {
        Ok(stored) => stored,
        Err(PutError::Exists) => {
            let removed = channels.files.delete(run.organization_id, &key).await;
            return Err(End::Later(format!("a half-way run left a blob; removed: {}", removed.is_ok())));
        }
        Err(error) => return Err(sort(&error)),
    };
    let hash = stored.sha256_hex();
    if [&pending.sha256, &found.sha256].into_iter().flatten().all(|told| *told == hash) {
        return Ok(stored);
    }
    // Whatever came is not what was sent; it is not kept.
    if let Err(error) = channels.files.delete(run.organization_id, &stored.key).await {
        tracing::warn!(%error, "a blob with a wrong hash could not be removed");
    }
    Err(match run.attempt {
        ..HASH_TRIES => End::Later("the bytes do not fit their hash".to_owned()),
        _ => End::Failed { reason: "HASH_MISMATCH", expired: false },
    })
}

async fn finish(
    ctx: &Ctx,
    mut tx: TenantTx,
    id: AttachmentId,
    pending: &PendingAttachment,
    end: End,
) -> Result<JobOutcome, Error> {
    match end {
        End::Stored(blob) => {
            store::files::insert(&mut tx, &blob, ctx.now()).await?;
            messaging::attachment_fetched(ctx, &mut tx, id, &fetched(&blob)).await?;
            tx.commit().await?;
            metrics::counter!("media_fetched_total", "outcome" => "stored").increment(1);
            Ok(JobOutcome::Done)
        }
        End::Failed { reason, expired } => {
            messaging::attachment_failed(ctx, &mut tx, id, reason, expired).await?;
            tx.commit().await?;
            metrics::counter!("media_fetched_total", "outcome" => "failed").increment(1);
            Ok(JobOutcome::Done)
        }
        End::AccountRefused => {
            accounts::provider_refuses(ctx, &mut tx, pending.channel_account_id, reason_of(ErrorClass::Auth)).await?;
            tx.commit().await?;
            Ok(JobOutcome::Again(ctx.now() + ACCOUNT_WAIT))
        }
        End::AccountNotReady => Ok(JobOutcome::Again(ctx.now() + ACCOUNT_WAIT)),
        End::Later(why) => {
            let detail = "The file cannot be fetched now.";
            Err(Error::new(ErrorKind::Unavailable, "MEDIA_UNAVAILABLE", detail).with_private(why))
        }
    }
}

fn fetched(blob: &StoredBlob) -> Fetched {
    Fetched {
        file_id: blob.key.file(),
        size: i64::try_from(blob.size).unwrap_or(i64::MAX),
        mime_type: blob.mime.clone(),
        sha256: blob.sha256_hex(),
        name: Some(blob.name.clone()),
        scan_status: "skipped",
    }
}

impl From<MediaError> for End {
    fn from(error: MediaError) -> Self {
        match error {
            MediaError::Gone => Self::Failed { reason: "EXPIRED", expired: true },
            MediaError::Final(why) => {
                tracing::warn!(why, "a file of a message cannot be fetched");
                Self::Failed { reason: "REFUSED", expired: false }
            }
            MediaError::Auth => Self::AccountRefused,
            MediaError::Later(why) => Self::Later(why),
        }
    }
}

fn sort(error: &PutError) -> End {
    match error {
        PutError::TooLarge { .. } => End::Failed { reason: "TOO_LARGE", expired: false },
        PutError::Source(cause) => match cause.downcast_ref::<CallError>() {
            Some(CallError::TooLarge { .. }) => End::Failed { reason: "TOO_LARGE", expired: false },
            _ => End::Later(cause.to_string()),
        },
        other => End::Later(other.to_string()),
    }
}
