//! Request bodies that may not stand still.

use axum::body::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// The body came more slowly than the server waits for; the answer is 408.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the body came in too slowly")]
pub struct BodyTooSlow;

/// Ends with [`BodyTooSlow`] when nothing came for `stall`, or when all that came is less than `rate` bytes a second
/// after the first `stall`.
pub(super) struct PacedBody {
    body: Incoming,
    stall: Duration,
    rate: u32,
    began: Instant,
    moved: Instant,
    received: u64,
    /// Made when the body first keeps its reader waiting: most do not.
    timer: Option<Pin<Box<Sleep>>>,
}

impl PacedBody {
    pub fn new(body: Incoming, stall: Duration, rate: u32) -> Self {
        let now = Instant::now();
        Self { body, stall, rate: rate.max(1), began: now, moved: now, received: 0, timer: None }
    }

    /// When it will have been too slow, if nothing comes until then.
    fn due(&self) -> Instant {
        let earned = Duration::from_millis(self.received.saturating_mul(1_000) / u64::from(self.rate));
        let by_rate = self.began + self.stall + earned;
        by_rate.min(self.moved + self.stall)
    }
}

impl Body for PacedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                this.moved = Instant::now();
                this.received += frame.data_ref().map_or(0, |data| data.len() as u64);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(other) => Poll::Ready(other.map(|frame| frame.map_err(axum::Error::new))),
            Poll::Pending => {
                let due = this.due();
                let timer = this.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
                if timer.deadline() != due {
                    timer.as_mut().reset(due);
                }
                timer.as_mut().poll(cx).map(|()| Some(Err(axum::Error::new(BodyTooSlow))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
