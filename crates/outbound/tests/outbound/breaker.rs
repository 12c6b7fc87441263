//! Circuits: five failures open, one probe after the pause, each failed probe doubles it.

use chrono::{DateTime, Duration as Span, Utc};
use outbound::breaker::{Breaker, BreakerRules, Breakers, CircuitState, Outcome};
use proptest::prelude::*;

fn start() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

fn after(seconds: i64) -> DateTime<Utc> {
    start() + Span::seconds(seconds)
}

fn fail(breaker: &mut Breaker, now: DateTime<Utc>) {
    let permit = breaker.admit(now).unwrap();
    breaker.report(permit, Outcome::Failure, now);
}

fn opened() -> Breaker {
    let mut breaker = Breaker::new(BreakerRules::default());
    for _ in 0..5 {
        fail(&mut breaker, start());
    }
    breaker
}

#[test]
fn four_failures_and_a_success_leave_it_closed() {
    let mut breaker = Breaker::new(BreakerRules::default());
    for _ in 0..3 {
        for _ in 0..4 {
            fail(&mut breaker, start());
        }
        let permit = breaker.admit(start()).unwrap();
        breaker.report(permit, Outcome::Success, start());
    }
    assert_eq!(breaker.state(start()), CircuitState::Closed);
}

#[test]
fn refusals_of_one_recipient_neither_open_nor_interrupt_the_row() {
    let mut breaker = Breaker::new(BreakerRules::default());
    for round in 0..5 {
        assert_eq!(breaker.state(start()), CircuitState::Closed, "round {round}");
        let permit = breaker.admit(start()).unwrap();
        breaker.report(permit, Outcome::Neutral, start());
        fail(&mut breaker, start());
    }
    assert_eq!(breaker.state(start()), CircuitState::Open { until: after(30) });
}

#[test]
fn five_failures_open_and_one_probe_closes() {
    let mut breaker = opened();
    assert_eq!(breaker.admit(after(29)), Err(after(30)));
    assert_eq!(breaker.state(after(30)), CircuitState::HalfOpen);
    let probe = breaker.admit(after(30)).unwrap();
    assert!(breaker.admit(after(31)).is_err(), "only one probe");
    breaker.report(probe, Outcome::Success, after(32));
    assert_eq!(breaker.state(after(32)), CircuitState::Closed);
    fail(&mut breaker, after(33));
    assert_eq!(breaker.state(after(33)), CircuitState::Closed, "the row starts anew");
}

#[test]
fn each_failed_probe_doubles_the_pause_up_to_ten_minutes() {
    let mut breaker = opened();
    let mut now = after(30);
    let mut pauses = Vec::new();
    for _ in 0..7 {
        fail(&mut breaker, now);
        let CircuitState::Open { until } = breaker.state(now) else { panic!("not open") };
        pauses.push((until - now).num_seconds());
        now = until;
    }
    assert_eq!(pauses, [60, 120, 240, 480, 600, 600, 600]);
    let probe = breaker.admit(now).unwrap();
    breaker.report(probe, Outcome::Neutral, now);
    for _ in 0..5 {
        fail(&mut breaker, now);
    }
    assert_eq!(breaker.state(now), CircuitState::Open { until: now + Span::seconds(30) }, "the pause starts anew");
}

#[test]
fn slow_calls_from_before_the_opening_change_nothing() {
    let mut breaker = Breaker::new(BreakerRules::default());
    let slow = breaker.admit(start()).unwrap();
    for _ in 0..5 {
        fail(&mut breaker, start());
    }
    breaker.report(slow, Outcome::Success, after(10));
    assert_eq!(breaker.state(after(10)), CircuitState::Open { until: after(30) });
    let probe = breaker.admit(after(30)).unwrap();
    breaker.report(slow, Outcome::Failure, after(31));
    breaker.report(probe, Outcome::Success, after(32));
    assert_eq!(breaker.state(after(32)), CircuitState::Closed);
}

#[test]
fn a_lost_probe_does_not_keep_it_shut() {
    let mut breaker = opened();
    let lost = breaker.admit(after(30)).unwrap();
    assert_eq!(breaker.admit(after(149)), Err(after(150)));
    let second = breaker.admit(after(150)).unwrap();
    breaker.report(lost, Outcome::Failure, after(151));
    breaker.report(second, Outcome::Success, after(152));
    assert_eq!(breaker.state(after(152)), CircuitState::Closed);
}

#[test]
fn keys_do_not_touch_each_other_and_healthy_ones_take_no_memory() {
    let breakers = Breakers::new(BreakerRules::default(), 100);
    for _ in 0..5 {
        let permit = breakers.admit(&"a", start()).unwrap();
        breakers.report(&"a", permit, Outcome::Failure, start());
        let permit = breakers.admit(&"b", start()).unwrap();
        breakers.report(&"b", permit, Outcome::Success, start());
    }
    assert_eq!(breakers.admit(&"a", after(1)), Err(after(30)));
    assert_eq!(breakers.state(&"b", after(1)), CircuitState::Closed);
    assert_eq!(breakers.not_closed(after(1)), [("a", CircuitState::Open { until: after(30) })]);
    assert_eq!(breakers.remembered(), 1);
    let probe = breakers.admit(&"a", after(30)).unwrap();
    assert_eq!(breakers.report(&"a", probe, Outcome::Success, after(31)), CircuitState::Closed);
    assert_eq!(breakers.remembered(), 0);
}

#[test]
fn a_reset_closes() {
    let breakers = Breakers::new(BreakerRules::default(), 100);
    for _ in 0..5 {
        let permit = breakers.admit(&1, start()).unwrap();
        breakers.report(&1, permit, Outcome::Failure, start());
    }
    breakers.reset(&1);
    assert!(breakers.admit(&1, start()).is_ok());
}

#[test]
fn memory_is_bounded_and_open_circuits_are_forgotten_last() {
    let breakers = Breakers::new(BreakerRules::default(), 10);
    for _ in 0..5 {
        let permit = breakers.admit(&0, start()).unwrap();
        breakers.report(&0, permit, Outcome::Failure, start());
    }
    for key in 1..1_000 {
        let permit = breakers.admit(&key, after(1)).unwrap();
        breakers.report(&key, permit, Outcome::Failure, after(1));
        assert!(breakers.remembered() <= 10);
    }
    assert_eq!(breakers.state(&0, after(2)), CircuitState::Open { until: after(30) });
}

proptest! {
    /// Any history of single calls: never a call during a pause, never a pause above ten minutes, and never open
    /// without five failures in a row (neutral ones aside).
    #[test]
    fn the_rules_hold_for_any_history(steps in prop::collection::vec((0_i64..400, 0_u8..3), 1..200)) {
        let mut breaker = Breaker::new(BreakerRules::default());
        let (mut now, mut row, mut paused_until) = (start(), 0, None);
        for (seconds, outcome) in steps {
            now += Span::seconds(seconds);
            let admitted = breaker.admit(now);
            let Ok(permit) = admitted else {
                prop_assert_eq!(admitted.unwrap_err(), paused_until.unwrap());
                prop_assert!(now < paused_until.unwrap());
                continue;
            };
            prop_assert!(paused_until.is_none_or(|until| now >= until));
            let outcome = [Outcome::Success, Outcome::Failure, Outcome::Neutral][usize::from(outcome)];
            breaker.report(permit, outcome, now);
            let probing = paused_until.is_some();
            row = match outcome {
                Outcome::Failure => row + 1,
                Outcome::Success => 0,
                Outcome::Neutral if probing => 0,
                Outcome::Neutral => row,
            };
            match breaker.state(now) {
                CircuitState::Open { until } => {
                    prop_assert!(row >= 5);
                    prop_assert!((30..=600).contains(&(until - now).num_seconds()));
                    paused_until = Some(until);
                }
                CircuitState::Closed => {
                    prop_assert!(row < 5);
                    paused_until = None;
                }
                CircuitState::HalfOpen => prop_assert!(false, "a single call leaves no probe behind"),
            }
        }
    }
}
