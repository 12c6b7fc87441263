//! Storing a blob: count, hash and look at the bytes while they pass, then make the blob appear in one step.

use crate::key::BlobKey;
use crate::name::display_name;
use crate::sniff;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use kernel::ids::{FileId, OrganizationId};
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use sha2::{Digest, Sha256};
use std::error::Error as StdError;
use std::io::ErrorKind;

/// Bytes held in memory at a time; also the smallest part that S3 takes.
const PART: usize = 5 * 1024 * 1024;
/// Bytes from the beginning that sniffing looks at.
const HEAD: usize = 8 * 1024;

type BoxError = Box<dyn StdError + Send + Sync>;

/// What the sender says about a blob; claims, not facts.
#[derive(Clone, Debug, Default)]
pub struct Declared {
    pub mime: Option<String>,
    pub name: Option<String>,
}

/// A blob that is to be stored.
#[derive(Clone, Debug)]
pub struct NewBlob {
    pub organization: OrganizationId,
    /// Its id, fresh from the id source.
    pub file: FileId,
    /// Now.
    pub at: DateTime<Utc>,
    pub declared: Declared,
    /// More bytes than this are refused while they come.
    pub max_bytes: u64,
}

/// A blob that is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBlob {
    pub key: BlobKey,
    /// Bytes.
    pub size: u64,
    pub sha256: [u8; 32],
    /// What the bytes are, refined by the declared type only where both agree.
    pub mime: String,
    /// Whether the declared type (if any) fits the bytes.
    pub mime_agrees: bool,
    /// For display only: no path, no control or direction characters, at most 255 bytes.
    pub name: String,
}

impl StoredBlob {
    /// The hash as 64 lower-case hexadecimal digits.
    pub fn sha256_hex(&self) -> String {
        hex::encode(self.sha256)
    }
}

/// Why a blob was not stored. Nothing is left of it in any case.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    #[error("the file is larger than {limit} bytes")]
    TooLarge { limit: u64 },
    #[error("the file broke off while it was read")]
    Source(#[source] BoxError),
    #[error("there is already a file with this id")]
    Exists,
    #[error("the disk is full")]
    Full,
    #[error("the file store is read-only")]
    ReadOnly,
    #[error("the file store failed")]
    Storage(#[source] object_store::Error),
}

/// Takes `body` in and stores it.
pub(crate) async fn store(
    store: &dyn ObjectStore,
    blob: NewBlob,
    body: BoxStream<'_, Result<Bytes, BoxError>>,
) -> Result<StoredBlob, PutError> {
    let key = BlobKey::new(blob.organization, blob.file, blob.at);
    let mut seen = Seen { limit: blob.max_bytes, size: 0, hash: Sha256::new(), head: Vec::new() };
    write(store, &key, body, &mut seen).await?;
    let sniffed = sniff::sniff(&seen.head);
    let verdict = sniff::judge(blob.declared.mime.as_deref(), &sniffed);
    Ok(StoredBlob {
        key,
        size: seen.size,
        sha256: seen.hash.finalize().into(),
        name: display_name(blob.declared.name.as_deref(), &verdict.mime),
        mime: verdict.mime,
        mime_agrees: verdict.agrees,
    })
}

/// What is known of the bytes that passed.
struct Seen {
    limit: u64,
    size: u64,
    hash: Sha256,
    head: Vec<u8>,
}

impl Seen {
    fn take(&mut self, chunk: &Bytes) -> Result<(), PutError> {
        self.size = self.size.saturating_add(chunk.len() as u64);
        if self.size > self.limit {
            return Err(PutError::TooLarge { limit: self.limit });
        }
        self.hash.update(chunk);
        let missing = HEAD.saturating_sub(self.head.len());
        self.head.extend(chunk.iter().take(missing));
        Ok(())
    }
}

/// One put for what fits into a part, parts for what does not.
async fn write(
    store: &dyn ObjectStore,
    key: &BlobKey,
    mut body: BoxStream<'_, Result<Bytes, BoxError>>,
    seen: &mut Seen,
) -> Result<(), PutError> {
    let mut part = Vec::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(PutError::Source)?;
        seen.take(&chunk)?;
        part.extend_from_slice(&chunk);
        if part.len() >= PART {
            return write_parts(store, key, part, body, seen).await;
        }
    }
    let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
    store.put_opts(&key.path(), PutPayload::from(part), options).await.map_err(sort)?;
    Ok(())
}

async fn write_parts(
    store: &dyn ObjectStore,
    key: &BlobKey,
    first: Vec<u8>,
    body: BoxStream<'_, Result<Bytes, BoxError>>,
    seen: &mut Seen,
) -> Result<(), PutError> {
    // Uploads in parts know no "create only"; ids are fresh, so this only catches a repeated call.
    match store.head(&key.path()).await {
        Err(object_store::Error::NotFound { .. }) => {}
        Ok(_) => return Err(PutError::Exists),
        Err(error) => return Err(sort(error)),
    }
    let mut upload = store.put_multipart(&key.path()).await.map_err(sort)?;
    let outcome = fill(&mut *upload, first, body, seen).await;
    if outcome.is_err() {
        // Best effort: the error that led here is the one that matters.
        let _ = upload.abort().await;
    }
    outcome
}

async fn fill(
    upload: &mut dyn MultipartUpload,
    mut part: Vec<u8>,
    mut body: BoxStream<'_, Result<Bytes, BoxError>>,
    seen: &mut Seen,
) -> Result<(), PutError> {
    loop {
        // Ready parts first, so that memory never holds more than one part and one chunk.
        if part.len() >= PART {
            upload.put_part(PutPayload::from(std::mem::take(&mut part))).await.map_err(sort)?;
        }
        let Some(chunk) = body.next().await else { break };
        let chunk = chunk.map_err(PutError::Source)?;
        seen.take(&chunk)?;
        part.extend_from_slice(&chunk);
    }
    if !part.is_empty() {
        upload.put_part(PutPayload::from(part)).await.map_err(sort)?;
    }
    upload.complete().await.map_err(sort)?;
    Ok(())
}

/// Finds what the operator can act upon.
fn sort(error: object_store::Error) -> PutError {
    if matches!(error, object_store::Error::AlreadyExists { .. }) {
        return PutError::Exists;
    }
    let causes = std::iter::successors(Some(&error as &(dyn StdError + 'static)), |error| (*error).source());
    let kind = causes.filter_map(|error| error.downcast_ref::<std::io::Error>()).map(std::io::Error::kind).last();
    match kind {
        Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => PutError::Full,
        Some(ErrorKind::ReadOnlyFilesystem) => PutError::ReadOnly,
        _ => PutError::Storage(error),
    }
}
