//! The store of blobs. Every reading names the organization; a key of another organization does not exist.

use crate::key::BlobKey;
use crate::write::{self, NewBlob, PutError, StoredBlob};
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, Stream, StreamExt, TryStreamExt};
use kernel::ids::OrganizationId;
use object_store::local::LocalFileSystem;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt};
use std::fmt;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Cheap to clone; clones share the store.
#[derive(Clone)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
}

/// The store did not answer. Not found is not an error but `None`.
#[derive(Debug, thiserror::Error)]
pub enum GetError {
    #[error("the range begins behind the end of the file")]
    Range,
    #[error("the file store failed")]
    Storage(#[source] object_store::Error),
}

/// A blob, or a part of it, that is being read.
pub struct OpenBlob {
    /// Size of the whole blob in bytes.
    pub size: u64,
    /// What part of it the stream holds.
    pub range: Range<u64>,
    chunks: BoxStream<'static, object_store::Result<Bytes>>,
}

impl fmt::Debug for OpenBlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenBlob").field("size", &self.size).field("range", &self.range).finish_non_exhaustive()
    }
}

impl OpenBlob {
    /// The bytes, chunk by chunk.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, GetError>> + Send + 'static {
        self.chunks.map_err(GetError::Storage)
    }

    /// The bytes in one piece.
    pub async fn into_bytes(self) -> Result<Bytes, GetError> {
        let mut bytes = Vec::new();
        let mut chunks = self.chunks;
        while let Some(chunk) = chunks.try_next().await.map_err(GetError::Storage)? {
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.into())
    }
}

impl Files {
    /// Blobs in the folder `files` of `data_dir`, which is made when it is not there, readable by this user only.
    pub fn local(data_dir: &Path) -> std::io::Result<Self> {
        let folder = data_dir.join("files");
        make_private_folder(&folder)?;
        let store = LocalFileSystem::new_with_prefix(&folder).map_err(std::io::Error::other)?;
        // A message that shows its attachment must survive a power cut together with it.
        Ok(Self { store: Arc::new(store.with_fsync(true)) })
    }

    /// Removes what uploads left in `data_dir` when the process died in the middle of them. For the start of the one
    /// server of this folder, before it takes uploads. Returns how many pieces were removed.
    pub fn remove_unfinished(data_dir: &Path) -> std::io::Result<u64> {
        let mut removed = 0;
        for organization in entries(&data_dir.join("files"))? {
            for year in entries(&organization)? {
                for file in entries(&year)? {
                    // The local store writes to `<id>#<number>` and renames.
                    if file.file_name().is_some_and(|name| name.to_string_lossy().contains('#')) {
                        std::fs::remove_file(&file)?;
                        removed += 1;
                    }
                }
            }
        }
        Ok(removed)
    }

    /// Blobs in any other store.
    pub fn over(store: Arc<dyn ObjectStore>) -> Self {
        Self { store }
    }

    /// Stores bytes that are already here.
    pub async fn put(&self, blob: NewBlob, bytes: Bytes) -> Result<StoredBlob, PutError> {
        self.put_stream(blob, stream::iter([Ok::<_, std::convert::Infallible>(bytes)])).await
    }

    /// Stores bytes while they come; memory stays bounded. The blob appears whole or not at all: when the stream
    /// breaks, is too long, the disk is full or the caller gives up, no half blob is left behind.
    pub async fn put_stream<E>(
        &self,
        blob: NewBlob,
        body: impl Stream<Item = Result<Bytes, E>> + Send,
    ) -> Result<StoredBlob, PutError>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let body = body.map_err(Into::into);
        write::store(&*self.store, blob, body.boxed()).await
    }

    /// Opens a whole blob of `organization`.
    pub async fn open(&self, organization: OrganizationId, key: &BlobKey) -> Result<Option<OpenBlob>, GetError> {
        self.get(organization, key, GetOptions::default()).await
    }

    /// Opens the bytes `range` of a blob; an end behind the blob's end is cut.
    pub async fn open_range(
        &self,
        organization: OrganizationId,
        key: &BlobKey,
        range: Range<u64>,
    ) -> Result<Option<OpenBlob>, GetError> {
        let Some(size) = self.size(organization, key).await? else { return Ok(None) };
        let range = range.start..range.end.min(size);
        if range.is_empty() {
            return Err(GetError::Range);
        }
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        self.get(organization, key, options).await
    }

    /// Size of a blob of `organization` in bytes.
    pub async fn size(&self, organization: OrganizationId, key: &BlobKey) -> Result<Option<u64>, GetError> {
        if key.organization() != organization {
            return Ok(None);
        }
        match self.store.head(&key.path()).await {
            Ok(found) => Ok(Some(found.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(GetError::Storage(error)),
        }
    }

    /// Deletes a blob of `organization`; false when there was none.
    pub async fn delete(&self, organization: OrganizationId, key: &BlobKey) -> Result<bool, GetError> {
        if self.size(organization, key).await?.is_none() {
            return Ok(false);
        }
        match self.store.delete(&key.path()).await {
            Ok(()) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(GetError::Storage(error)),
        }
    }

    async fn get(
        &self,
        organization: OrganizationId,
        key: &BlobKey,
        options: GetOptions,
    ) -> Result<Option<OpenBlob>, GetError> {
        if key.organization() != organization {
            return Ok(None);
        }
        match self.store.get_opts(&key.path(), options).await {
            Ok(found) => {
                let (size, range) = (found.meta.size, found.range.clone());
                Ok(Some(OpenBlob { size, range, chunks: found.into_stream() }))
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(GetError::Storage(error)),
        }
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Files({})", self.store)
    }
}

fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// What lies in a folder; nothing when it is no folder or not there.
fn entries(folder: &Path) -> std::io::Result<Vec<std::path::PathBuf>> {
    match std::fs::read_dir(folder) {
        Ok(found) => found.map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
