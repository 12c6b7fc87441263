//! A socket that notices when its client drags: the head of a request, the pause between two, the taking of an answer.
//!
//! Timers are lazy: activity only notes the time, and a timer that fires too early is set again. So a busy connection
//! does nothing but read a clock.

use super::ServerSettings;
use std::future::Future as _;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep_until};

/// Where a connection is between requests; the service tells, the stream reads.
#[derive(Debug)]
pub(super) struct Phase(AtomicU8);

/// A head is awaited or coming in.
const HEAD: u8 = 0;
/// A handler works (or reads the body, which has its own limits).
const BUSY: u8 = 1;
/// The answer is going out, or went out and the next request is awaited.
const ANSWERED: u8 = 2;
/// No HTTP any more.
const UPGRADED: u8 = 3;

impl Phase {
    pub fn set_busy(&self) {
        self.0.store(BUSY, Ordering::Relaxed);
    }

    pub fn set_answered(&self) {
        self.0.store(ANSWERED, Ordering::Relaxed);
    }

    pub fn set_upgraded(&self) {
        self.0.store(UPGRADED, Ordering::Relaxed);
    }

    fn get(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }
}

/// See the module.
pub(super) struct Stream {
    socket: TcpStream,
    phase: Arc<Phase>,
    header_timeout: Duration,
    idle_timeout: Duration,
    write_stall: Duration,
    /// When the head began that is coming in.
    head_began: Instant,
    /// When bytes last moved, in either direction.
    moved: Instant,
    read_timer: Option<Pin<Box<Sleep>>>,
    /// Set while the client takes nothing.
    write_timer: Option<Pin<Box<Sleep>>>,
    /// The place among the connections; goes along into an upgrade.
    _place: OwnedSemaphorePermit,
}

impl Stream {
    pub fn new(socket: TcpStream, place: OwnedSemaphorePermit, settings: &ServerSettings) -> Self {
        let now = Instant::now();
        Self {
            socket,
            phase: Arc::new(Phase(AtomicU8::new(HEAD))),
            header_timeout: settings.header_timeout,
            idle_timeout: settings.idle_timeout,
            write_stall: settings.write_stall,
            head_began: now,
            moved: now,
            read_timer: None,
            write_timer: None,
            _place: place,
        }
    }

    pub fn phase(&self) -> Arc<Phase> {
        self.phase.clone()
    }

    /// Bytes came in.
    fn received(&mut self) {
        match self.phase.get() {
            UPGRADED => {}
            ANSWERED => {
                self.head_began = Instant::now();
                self.moved = self.head_began;
                self.phase.0.store(HEAD, Ordering::Relaxed);
            }
            _ => self.moved = Instant::now(),
        }
    }

    /// Until when more must come in.
    fn due(&self) -> Option<Instant> {
        match self.phase.get() {
            HEAD => Some(self.head_began + self.header_timeout),
            ANSWERED => Some(self.moved + self.idle_timeout),
            // Never reached, but a timer must run: hyper, told once that nothing can be read, does not ask again when
            // the answer is out, so only the timer brings it back here.
            BUSY => Some(Instant::now() + self.idle_timeout),
            _ => None,
        }
    }

    fn poll_read_timer(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(due) = self.due() else { return Poll::Pending };
        let timer = self.read_timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        // A later deadline may fire early; an earlier one may not fire late.
        if timer.deadline() > due {
            timer.as_mut().reset(due);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if Instant::now() >= due {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            timer.as_mut().reset(due);
        }
        Poll::Pending
    }

    /// Bytes went out, or could not.
    fn after_write<T>(&mut self, cx: &mut Context<'_>, wrote: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if self.phase.get() == UPGRADED {
            return wrote;
        }
        if wrote.is_ready() {
            self.moved = Instant::now();
            self.write_timer = None;
            return wrote;
        }
        let due = Instant::now() + self.write_stall;
        let timer = self.write_timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        timer.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        match Pin::new(&mut this.socket).poll_read(cx, buffer) {
            Poll::Ready(read) => {
                this.received();
                Poll::Ready(read)
            }
            Poll::Pending => this.poll_read_timer(cx),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let wrote = Pin::new(&mut this.socket).poll_write(cx, bytes);
        this.after_write(cx, wrote)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let wrote = Pin::new(&mut this.socket).poll_write_vectored(cx, slices);
        this.after_write(cx, wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
