//! What one socket hears, in which order: first what it missed, then what happens now, without a gap between.

use crate::envelope::Heard;
use crate::packet;
use crate::queue::{Class, Frame, Line, Outbox, Push};
use crate::sight::{Sights, Thing, Verdict};
use chrono::{DateTime, Utc};
use engineioxide::Str;
use kernel::Subject;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::log::Position;

/// Events that may wait while the last part of a replay is read; beyond it the client has to come again.
const MOST_WAITING: usize = 2_000;
/// Two overflows within this time cut the connection.
const OVERFLOW_MEMORY: Duration = Duration::from_secs(60);

/// Where a socket stands between the past and the present.
pub(crate) enum Stage {
    /// The past is read from the log; what happens now will be found there too.
    CatchingUp,
    /// The rest up to `after` is read from the log; what happens after it waits here.
    Joining {
        after: Position,
        waiting: Vec<Arc<Heard>>,
    },
    /// Everything after `after` comes from the tail.
    Live {
        after: Position,
    },
    Closed,
}

/// What the caller has to do once the lock is released.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// An event of the log was taken.
    pub(crate) delivered: bool,
    /// Frames wait and no task pumps yet: start one.
    pub(crate) pump: bool,
    /// Frames wait though the reader is at it: worth letting it go on before more is added.
    pub(crate) brisk: bool,
    /// The connection cannot go on: close it, so that the client resumes.
    pub(crate) hopeless: bool,
}

impl Outcome {
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            delivered: self.delivered || other.delivered,
            pump: self.pump || other.pump,
            brisk: self.brisk || other.brisk,
            hopeless: self.hopeless || other.hopeless,
        }
    }
}

/// The ordered stream of frames to one socket.
pub(crate) struct Flow {
    pub(crate) stage: Stage,
    pub(crate) outbox: Outbox,
    pub(crate) sights: Sights,
    /// Events sent on this connection.
    n: u64,
    last_overflow: Option<Instant>,
}

impl Flow {
    pub(crate) fn new() -> Self {
        Self {
            stage: Stage::CatchingUp,
            outbox: Outbox::default(),
            sights: Sights::default(),
            n: 0,
            last_overflow: None,
        }
    }

    /// An event from the tail.
    pub(crate) fn hear(
        &mut self,
        line: &Line<'_>,
        heard: &Arc<Heard>,
        subject: &Subject,
        now: DateTime<Utc>,
    ) -> Outcome {
        match &mut self.stage {
            Stage::Closed | Stage::CatchingUp => Outcome::default(),
            Stage::Joining { after, waiting } => {
                if heard.position > *after {
                    waiting.push(Arc::clone(heard));
                }
                Outcome { hopeless: waiting.len() > MOST_WAITING, ..Outcome::default() }
            }
            Stage::Live { after } if heard.position <= *after => Outcome::default(),
            Stage::Live { .. } => self.deliver(line, heard, subject, now),
        }
    }

    /// An event that is the next one for this socket, if its user may see it.
    pub(crate) fn deliver(&mut self, line: &Line<'_>, heard: &Heard, subject: &Subject, now: DateTime<Utc>) -> Outcome {
        let allowed = heard.judge.allows(subject, now);
        if heard.judge.personal() {
            return if allowed { self.send_event(line, heard) } else { Outcome::default() };
        }
        let (kind, id) = &heard.judge.stream;
        let verdict = self.sights.note(&heard.judge, allowed);
        let notice = self.tell(line, verdict, &Thing { kind: kind.clone(), id: *id });
        if allowed { notice.and(self.send_event(line, heard)) } else { notice }
    }

    /// `access.revoked` or `access.granted`, where sight changed.
    pub(crate) fn tell(&mut self, line: &Line<'_>, verdict: Verdict, thing: &Thing) -> Outcome {
        match verdict {
            Verdict::Lost => self.say(line, packet::event("access.revoked", thing)),
            Verdict::Regained => self.say(line, packet::event("access.granted", thing)),
            Verdict::Show | Verdict::Silent => Outcome::default(),
        }
    }

    /// An answer or a notice.
    pub(crate) fn say(&mut self, line: &Line<'_>, text: Str) -> Outcome {
        self.push(line, Frame { text, class: Class::Control })
    }

    /// Something that may be lost.
    pub(crate) fn whisper(&mut self, line: &Line<'_>, text: Str) -> Outcome {
        match self.stage {
            Stage::Live { .. } => self.push(line, Frame { text, class: Class::Ephemeral }),
            _ => Outcome::default(),
        }
    }

    /// Ends the replay: what waited follows, then the tail.
    pub(crate) fn go_live(&mut self, line: &Line<'_>, subject: &Subject, now: DateTime<Utc>) -> Outcome {
        let stage = std::mem::replace(&mut self.stage, Stage::CatchingUp);
        let Stage::Joining { after, waiting } = stage else {
            self.stage = stage;
            return Outcome::default();
        };
        self.stage = Stage::Live { after };
        waiting.iter().map(|heard| self.deliver(line, heard, subject, now)).fold(Outcome::default(), Outcome::and)
    }

    pub(crate) fn close(&mut self) {
        self.stage = Stage::Closed;
        self.outbox.clear();
        self.sights = Sights::default();
    }

    fn send_event(&mut self, line: &Line<'_>, heard: &Heard) -> Outcome {
        self.n += 1;
        let frame = Frame { text: heard.frame(self.n), class: Class::Event(heard.position) };
        Outcome { delivered: true, ..Outcome::default() }.and(self.push(line, frame))
    }

    fn push(&mut self, line: &Line<'_>, frame: Frame) -> Outcome {
        if matches!(self.stage, Stage::Closed) {
            return Outcome::default();
        }
        match self.outbox.push(line, frame) {
            Push::Handed | Push::Gone => Outcome::default(),
            Push::Waiting => self.pump(),
            Push::Overflow => self.overflow(line),
        }
    }

    /// Empties the queue and says so, with a cursor from which nothing is missed.
    fn overflow(&mut self, line: &Line<'_>) -> Outcome {
        metrics::counter!("realtime_overflows_total").increment(1);
        self.outbox.drop_events();
        let again = self.last_overflow.is_some_and(|last| last.elapsed() < OVERFLOW_MEMORY);
        self.last_overflow = Some(Instant::now());
        if again || self.outbox.is_over(line.settings) {
            return Outcome { hopeless: true, ..Outcome::default() };
        }
        let cursor = line.cursors.write(line.organization_id, self.outbox.handed);
        let text = packet::event("reset", &json!({ "cursor": cursor, "reason": "overflow" }));
        self.outbox.push(line, Frame { text, class: Class::Control });
        self.pump()
    }

    fn pump(&mut self) -> Outcome {
        let pump = !std::mem::replace(&mut self.outbox.pumping, true);
        let brisk = std::mem::take(&mut self.outbox.moved) || pump;
        Outcome { pump, brisk, ..Outcome::default() }
    }
}
