//! Bad weather at the provider, as much of it as the seed says: slow, lost, refused and unreadable answers; statuses
//! late, missing, doubled and turned around.

use super::dice::Dice;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::graph::{Behaviour, Call, FakeGraph, Rule, StatusPlan};

/// Every so many sends go wrong in this way.
const EVERY: [(usize, Kind); 6] = [
    (25, Kind::AnswerLost),
    (60, Kind::Unreadable),
    (70, Kind::NeverRead),
    (40, Kind::Refused(131_000)),
    (60, Kind::Refused(130_429)),
    (70, Kind::Proxy),
];

#[derive(Clone, Copy)]
enum Kind {
    /// It went out, and nobody was told.
    AnswerLost,
    /// It went out, and the answer is no JSON.
    Unreadable,
    /// It did not go out, and nobody was told.
    NeverRead,
    /// It did not go out, with an error that passes.
    Refused(i64),
    /// A page of a proxy instead of an answer.
    Proxy,
}

/// From now on sends go wrong now and then, and a third of them are slow.
pub fn brew(graph: &FakeGraph, dice: &mut Dice) {
    for (every, kind) in EVERY {
        let behaviour = match kind {
            Kind::AnswerLost => Behaviour::DropAfterAccepting,
            Kind::Unreadable => Behaviour::Garble,
            Kind::NeverRead => Behaviour::DropBeforeReading,
            Kind::Refused(code) => Behaviour::error(code),
            Kind::Proxy => Behaviour::Html(502),
        };
        graph.when(once_in(every, dice.fork(), behaviour));
    }
    for wait in [30, 150, 600] {
        let slow = Behaviour::Delay(Duration::from_millis(wait), Box::new(Behaviour::Work));
        graph.when(once_in(8, dice.fork(), slow));
    }
}

fn once_in(count: usize, dice: Dice, behaviour: Behaviour) -> Rule {
    let dice = Mutex::new(dice);
    Rule::every(Call::Send, behaviour).matching(move |_| dice.lock().unwrap().once_in(count))
}

/// What becomes of the sends of the next moment. Whatever is dropped, one status comes: so a lost answer is made good,
/// and a message that went out does not stay unclear.
pub fn plan(dice: &mut Dice) -> StatusPlan {
    let (last, can_drop) = [("sent", None), ("delivered", Some("sent")), ("read", Some("delivered"))][dice.below(3)];
    let mut plan = StatusPlan::up_to(last).each_after(Duration::from_millis(dice.between(0, 120)));
    if let Some(dropped) = can_drop.filter(|_| dice.once_in(3)) {
        plan = plan.without(dropped);
    }
    if dice.once_in(4) {
        plan = plan.repeated(2);
    }
    if dice.once_in(2) {
        plan = plan.shuffled(dice.between(1, 1_000_000));
    }
    if dice.once_in(6) { plan.in_one_body() } else { plan }
}

/// Changes the plan all the time until it is dropped.
pub async fn keep_changing(graph: Arc<FakeGraph>, mut dice: Dice) {
    let mut moment = tokio::time::interval(Duration::from_millis(50));
    loop {
        moment.tick().await;
        graph.set_statuses(plan(&mut dice));
    }
}
