//! Which things one socket has been shown, so that losing and gaining sight of them can be told.

use crate::room::Judge;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use uuid::Uuid;

/// Things that one socket remembers; the oldest is forgotten first, and then loses sight without a notice.
const MOST: usize = 1_000;

/// What an event means for one receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Show,
    /// It was visible until now.
    Lost,
    /// It was lost and is visible again.
    Regained,
    Silent,
}

/// Body of `access.revoked` and `access.granted`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Thing {
    pub(crate) kind: Cow<'static, str>,
    pub(crate) id: Uuid,
}

struct Sight {
    kind: Cow<'static, str>,
    visible: bool,
    /// The facts of the last event about it; `None` while it was only joined as a room.
    judge: Option<Arc<Judge>>,
}

#[derive(Default)]
pub(crate) struct Sights {
    known: HashMap<Uuid, Sight>,
    order: VecDeque<Uuid>,
}

impl Sights {
    /// Takes note of the decision about an event.
    pub(crate) fn note(&mut self, judge: &Arc<Judge>, allowed: bool) -> Verdict {
        let (kind, id) = &judge.stream;
        if let Some(sight) = self.known.get_mut(id) {
            sight.judge = Some(Arc::clone(judge));
            return turn(&mut sight.visible, allowed);
        }
        if !allowed {
            return Verdict::Silent;
        }
        self.remember(*id, Sight { kind: kind.clone(), visible: true, judge: Some(Arc::clone(judge)) });
        Verdict::Show
    }

    /// A room of one thing was joined: the caller sees it.
    pub(crate) fn joined(&mut self, kind: Cow<'static, str>, id: Uuid) {
        if let Some(sight) = self.known.get_mut(&id) {
            sight.visible = true;
        } else {
            self.remember(id, Sight { kind, visible: true, judge: None });
        }
    }

    /// Decides again about everything whose facts are known; what flipped, and what could not be decided here.
    pub(crate) fn reconsider(&mut self, allows: impl Fn(&Judge) -> bool) -> (Vec<(Verdict, Thing)>, Vec<Thing>) {
        let (mut flipped, mut undecided) = (Vec::new(), Vec::new());
        for (id, sight) in &mut self.known {
            let thing = Thing { kind: sight.kind.clone(), id: *id };
            match &sight.judge {
                None => undecided.push(thing),
                Some(judge) => match turn(&mut sight.visible, allows(judge)) {
                    Verdict::Show | Verdict::Silent => {}
                    verdict => flipped.push((verdict, thing)),
                },
            }
        }
        (flipped, undecided)
    }

    /// The answer about one thing that was asked elsewhere.
    pub(crate) fn settle(&mut self, id: Uuid, allowed: bool) -> Verdict {
        self.known.get_mut(&id).map_or(Verdict::Silent, |sight| turn(&mut sight.visible, allowed))
    }

    fn remember(&mut self, id: Uuid, sight: Sight) {
        if self.known.len() >= MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.known.insert(id, sight);
        self.order.push_back(id);
    }
}

fn turn(visible: &mut bool, allowed: bool) -> Verdict {
    let before = std::mem::replace(visible, allowed);
    match (before, allowed) {
        (true, true) => Verdict::Show,
        (true, false) => Verdict::Lost,
        (false, true) => Verdict::Regained,
        (false, false) => Verdict::Silent,
    }
}
