//! What waits for one socket: bounded, events never dropped silently.

use crate::cursor::Cursors;
use crate::gate::EngineSocket;
use crate::settings::Settings;
use engineioxide::Str;
use engineioxide::socket::Permit;
use kernel::ids::OrganizationId;
use std::collections::VecDeque;
use store::log::Position;
use tokio::sync::mpsc::error::TrySendError;

/// The way to one client, as the queue needs it.
pub(crate) struct Line<'a> {
    pub(crate) socket: &'a EngineSocket,
    pub(crate) cursors: &'a Cursors,
    pub(crate) settings: &'a Settings,
    pub(crate) organization_id: OrganizationId,
}

/// One Socket.IO packet on its way.
pub(crate) struct Frame {
    pub(crate) text: Str,
    pub(crate) class: Class,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Answers and notices: kept when events are dropped.
    Control,
    /// An event of the log.
    Event(Position),
    /// Typing and the like: the first to go.
    Ephemeral,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Push {
    /// The transport has it.
    Handed,
    /// It waits; somebody has to pump.
    Waiting,
    /// The reader is too slow: the limits are passed even without the ephemeral frames.
    Overflow,
    /// The transport is gone.
    Gone,
}

/// A place in the transport's own buffer, never the last one: that is for its pings, which close the connection when
/// they find no place.
fn reserve(socket: &EngineSocket) -> Result<Permit<'_>, TrySendError<()>> {
    let _for_a_ping = socket.reserve()?;
    socket.reserve()
}

/// The frames that the transport could not take yet, oldest first.
#[derive(Default)]
pub(crate) struct Outbox {
    waiting: VecDeque<Frame>,
    bytes: usize,
    /// The last event of the log that was handed to the transport: a cursor there misses nothing.
    pub(crate) handed: Position,
    /// A task is at work that hands on what waits.
    pub(crate) pumping: bool,
    /// The transport has taken something since this was last looked at.
    pub(crate) moved: bool,
}

impl Outbox {
    pub(crate) fn push(&mut self, line: &Line<'_>, frame: Frame) -> Push {
        if self.waiting.is_empty() {
            match reserve(line.socket) {
                Ok(permit) => {
                    self.note(&frame);
                    permit.emit(frame.text);
                    return Push::Handed;
                }
                Err(TrySendError::Full(())) => {}
                Err(TrySendError::Closed(())) => return Push::Gone,
            }
        }
        self.bytes += frame.text.len();
        self.waiting.push_back(frame);
        if self.is_over(line.settings) {
            self.retain(|class| class != Class::Ephemeral);
        }
        if self.is_over(line.settings) { Push::Overflow } else { Push::Waiting }
    }

    /// Hands on as much as the transport takes: `Handed` when nothing is left. The flag says whether any went.
    pub(crate) fn flush(&mut self, line: &Line<'_>) -> (Push, bool) {
        let mut any = false;
        while let Some(frame) = self.waiting.pop_front() {
            match reserve(line.socket) {
                Ok(permit) => {
                    (any, self.moved) = (true, true);
                    self.bytes -= frame.text.len();
                    self.note(&frame);
                    permit.emit(frame.text);
                }
                Err(TrySendError::Full(())) => {
                    self.waiting.push_front(frame);
                    return (Push::Waiting, any);
                }
                Err(TrySendError::Closed(())) => {
                    self.waiting.clear();
                    self.bytes = 0;
                    return (Push::Gone, any);
                }
            }
        }
        (Push::Handed, any)
    }

    /// Empties the queue of everything but answers and notices.
    pub(crate) fn drop_events(&mut self) {
        self.retain(|class| class == Class::Control);
    }

    pub(crate) fn clear(&mut self) {
        self.waiting = VecDeque::new();
        self.bytes = 0;
    }

    pub(crate) fn is_over(&self, settings: &Settings) -> bool {
        self.waiting.len() > settings.queue_frames || self.bytes > settings.queue_bytes
    }

    /// Whether a replay may add more: at most half of each limit is in use.
    pub(crate) fn has_room(&self, settings: &Settings) -> bool {
        self.waiting.len() * 2 <= settings.queue_frames && self.bytes * 2 <= settings.queue_bytes
    }

    fn note(&mut self, frame: &Frame) {
        if let Class::Event(position) = frame.class {
            self.handed = position;
        }
    }

    fn retain(&mut self, keep: impl Fn(Class) -> bool) {
        self.waiting.retain(|frame| keep(frame.class));
        self.bytes = self.waiting.iter().map(|frame| frame.text.len()).sum();
    }
}
