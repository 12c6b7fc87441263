//! A store on a disk that fills up: writes go to a folder until the room is used.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, Result, UploadPart,
};
use std::fmt;
use std::io::{Error as IoError, ErrorKind};
use std::pin::Pin;

#[derive(Debug)]
pub struct FullDisk {
    pub inner: LocalFileSystem,
    /// Parts that still fit; puts never do.
    pub parts: usize,
    pub kind: ErrorKind,
}

impl fmt::Display for FullDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FullDisk")
    }
}

fn fault(kind: ErrorKind) -> object_store::Error {
    object_store::Error::Generic { store: "test", source: Box::new(IoError::from(kind)) }
}

type Answer<'f, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'f>>;

impl ObjectStore for FullDisk {
    fn put_opts<'s, 'p, 'f>(&'s self, _: &'p Path, _: PutPayload, _: PutOptions) -> Answer<'f, PutResult>
    where
        's: 'f,
        'p: 'f,
        Self: 'f,
    {
        let error = fault(self.kind);
        Box::pin(async move { Err(error) })
    }

    fn put_multipart_opts<'s, 'p, 'f>(
        &'s self,
        path: &'p Path,
        options: PutMultipartOptions,
    ) -> Answer<'f, Box<dyn MultipartUpload>>
    where
        's: 'f,
        'p: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            let inner = self.inner.put_multipart_opts(path, options).await?;
            Ok(Box::new(FullUpload { inner, parts: self.parts, kind: self.kind }) as Box<dyn MultipartUpload>)
        })
    }

    fn get_opts<'s, 'p, 'f>(&'s self, path: &'p Path, options: GetOptions) -> Answer<'f, GetResult>
    where
        's: 'f,
        'p: 'f,
        Self: 'f,
    {
        self.inner.get_opts(path, options)
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_delimiter<'s, 'p, 'f>(&'s self, prefix: Option<&'p Path>) -> Answer<'f, ListResult>
    where
        's: 'f,
        'p: 'f,
        Self: 'f,
    {
        self.inner.list_with_delimiter(prefix)
    }

    fn copy_opts<'s, 'a, 'b, 'f>(&'s self, from: &'a Path, to: &'b Path, options: CopyOptions) -> Answer<'f, ()>
    where
        's: 'f,
        'a: 'f,
        'b: 'f,
        Self: 'f,
    {
        self.inner.copy_opts(from, to, options)
    }
}

#[derive(Debug)]
struct FullUpload {
    inner: Box<dyn MultipartUpload>,
    parts: usize,
    kind: ErrorKind,
}

impl MultipartUpload for FullUpload {
    fn put_part(&mut self, payload: PutPayload) -> UploadPart {
        if self.parts == 0 {
            let error = fault(self.kind);
            return async move { Err(error) }.boxed();
        }
        self.parts -= 1;
        self.inner.put_part(payload)
    }

    fn complete<'s, 'f>(&'s mut self) -> BoxFuture<'f, Result<PutResult>>
    where
        's: 'f,
        Self: 'f,
    {
        self.inner.complete()
    }

    fn abort<'s, 'f>(&'s mut self) -> BoxFuture<'f, Result<()>>
    where
        's: 'f,
        Self: 'f,
    {
        self.inner.abort()
    }
}
