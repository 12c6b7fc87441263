//! `Idempotency-Key` of a request (draft-ietf-httpapi-idempotency-key-header-07) and what makes two requests the same.

use axum::body::{Body, Bytes};
use http::{HeaderMap, Method, Uri};
use hyper::body::{Frame, SizeHint};
use kernel::{Error, ErrorKind};
use sha2::{Digest, Sha256};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

/// Longest key in characters.
const LONGEST: usize = 255;

/// The key that came with a request; knows the digest of the body once the handler has read it.
#[derive(Clone, Debug)]
pub(crate) struct GivenKey {
    pub key: String,
    body: Arc<OnceLock<[u8; 32]>>,
}

impl GivenKey {
    /// The key of a POST or PATCH, if it has one. Quoted (as the draft says) and bare ones are the same.
    ///
    /// # Errors
    /// 400 `IDEMPOTENCY_KEY_INVALID` for what is no key: empty, over 255 characters, not visible ASCII, several.
    pub fn of(method: &Method, headers: &HeaderMap) -> Result<Option<Self>, Error> {
        if !matches!(*method, Method::POST | Method::PATCH) {
            return Ok(None);
        }
        let mut values = headers.get_all("idempotency-key").iter();
        let Some(value) = values.next() else { return Ok(None) };
        let key = if values.next().is_some() { None } else { value.to_str().ok().and_then(read_key) };
        let Some(key) = key else {
            return Err(Error::new(
                ErrorKind::BadRequest,
                "IDEMPOTENCY_KEY_INVALID",
                "An Idempotency-Key is 1 to 255 visible ASCII characters, quoted or bare.",
            ));
        };
        Ok(Some(Self { key: key.to_owned(), body: Arc::default() }))
    }

    /// The same body, whose digest is taken while it is read: nothing is held twice.
    pub fn watch(&self, body: Body) -> Body {
        Body::new(HashedBody { body, hasher: Some(Sha256::new()), digest: self.body.clone() })
    }

    /// SHA-256 over method, path with query, and the body as far as the handler reads bodies at all: a body that no
    /// handler looks at changes nothing.
    pub fn fingerprint(&self, method: &Method, uri: &Uri) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(method.as_str());
        hasher.update([0]);
        hasher.update(uri.path_and_query().map_or("", |path| path.as_str()));
        hasher.update([0]);
        if let Some(body) = self.body.get() {
            hasher.update(body);
        }
        hasher.finalize().into()
    }
}

fn read_key(value: &str) -> Option<&str> {
    let value = value.trim();
    let key = match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"')?,
        None => value,
    };
    let visible = key.bytes().all(|byte| matches!(byte, 0x21..=0x7e) && byte != b'"' && byte != b'\\');
    (visible && (1..=LONGEST).contains(&key.len())).then_some(key)
}

/// Passes frames on and notes the digest at the end.
struct HashedBody {
    body: Body,
    hasher: Option<Sha256>,
    digest: Arc<OnceLock<[u8; 32]>>,
}

impl hyper::body::Body for HashedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        let frame = ready!(Pin::new(&mut this.body).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                if let (Some(data), Some(hasher)) = (frame.data_ref(), &mut this.hasher) {
                    hasher.update(data);
                }
            }
            // A body that broke off has no digest; its handler does not get to its command.
            Some(Err(_)) => this.hasher = None,
            None => {
                if let Some(hasher) = this.hasher.take() {
                    let _ = this.digest.set(hasher.finalize().into());
                }
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.hasher.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
