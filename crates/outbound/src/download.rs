//! Bodies with a cap: read whole, or as a stream that hashes what passes.

use crate::call::CallError;
use crate::meter::Meter;
use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream, StreamExt};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use sha2::{Digest, Sha256};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A body that was read to its end.
#[derive(Clone)]
pub struct Download {
    pub bytes: Bytes,
    /// SHA-256 of `bytes`.
    pub sha256: [u8; 32],
    /// What the other side calls it; a claim, not a fact.
    pub content_type: Option<String>,
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Download({} bytes)", self.bytes.len())
    }
}

/// A body that is being read: a stream of chunks that fails once more than the cap has come (after decompression).
pub struct OpenDownload {
    content_type: Option<String>,
    chunks: BoxStream<'static, reqwest::Result<Bytes>>,
    hash: Sha256,
    seen: u64,
    limit: u64,
    meter: Meter,
    ended: bool,
}

impl OpenDownload {
    pub(crate) fn new(response: reqwest::Response, limit: u64, mut meter: Meter) -> Result<Self, CallError> {
        let content_type =
            response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
        if let Err(error) = check_announced(&response, limit) {
            meter.finish(Some(&error));
            return Err(error);
        }
        let chunks = response.bytes_stream().boxed();
        Ok(Self { content_type, chunks, hash: Sha256::new(), seen: 0, limit, meter, ended: false })
    }

    /// What the other side calls the body; a claim, not a fact.
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// SHA-256 of what has come so far; of the whole body once the stream has ended.
    pub fn sha256(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }

    /// Reads to the end.
    pub async fn collect(mut self) -> Result<Download, CallError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.next().await {
            bytes.extend_from_slice(&chunk?);
        }
        let sha256 = self.sha256();
        Ok(Download { bytes: bytes.into(), sha256, content_type: self.content_type.take() })
    }

    fn end(&mut self, error: Option<CallError>) -> Poll<Option<Result<Bytes, CallError>>> {
        self.ended = true;
        self.meter.finish(error.as_ref());
        Poll::Ready(error.map(Err))
    }
}

impl Stream for OpenDownload {
    type Item = Result<Bytes, CallError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        match self.chunks.as_mut().poll_next(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => self.end(None),
            Poll::Ready(Some(Err(error))) => self.end(Some(CallError::from_client(error))),
            Poll::Ready(Some(Ok(chunk))) => {
                self.seen = self.seen.saturating_add(chunk.len() as u64);
                if self.seen > self.limit {
                    let limit = self.limit;
                    return self.end(Some(CallError::TooLarge { limit }));
                }
                self.hash.update(&chunk);
                Poll::Ready(Some(Ok(chunk)))
            }
        }
    }
}

/// Reads a body into memory, up to `limit` bytes.
pub(crate) async fn read(response: reqwest::Response, limit: u64) -> Result<Bytes, CallError> {
    check_announced(&response, limit)?;
    let mut bytes = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(CallError::from_client)?;
        if bytes.len() as u64 + chunk.len() as u64 > limit {
            return Err(CallError::TooLarge { limit });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.into())
}

/// An honest length saves the reading; a false one is caught while reading.
fn check_announced(response: &reqwest::Response, limit: u64) -> Result<(), CallError> {
    let announced = response.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    match announced {
        Some(length) if length > limit => Err(CallError::TooLarge { limit }),
        _ => Ok(()),
    }
}
