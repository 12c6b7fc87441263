//! Circuit breakers: stop calling what is down, and find out gently when it is back.
//!
//! [`Breaker`] is the pure machine of one circuit. [`Breakers`] keeps one per key (an account id), with bounded
//! memory. The caller decides what counts: failures of the other system (unreachable, overloaded, refusing our
//! credentials, unclear), not its refusals of one recipient or one content.

use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// When a circuit opens and how long it stays so.
#[derive(Clone, Copy, Debug)]
pub struct BreakerRules {
    /// Failures in a row that open the circuit; 0 counts as 1.
    pub failures_to_open: u32,
    /// From opening to the first probe.
    pub first_pause: Duration,
    /// Each failed probe doubles the pause up to this.
    pub longest_pause: Duration,
    /// A probe that reported nothing for so long is lost, and another may go.
    pub probe_patience: Duration,
}

impl Default for BreakerRules {
    /// 5 failures, 30 s doubling up to 10 min, probes given up after 2 min.
    fn default() -> Self {
        Self {
            failures_to_open: 5,
            first_pause: Duration::from_secs(30),
            longest_pause: Duration::from_secs(600),
            probe_patience: Duration::from_secs(120),
        }
    }
}

/// What one sees from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CircuitState {
    /// Calls go out.
    Closed,
    /// No call goes out before `until`.
    Open { until: DateTime<Utc> },
    /// One probe is out or may go out now.
    HalfOpen,
}

/// The right to make one call; give it back with [`Breaker::report`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "report the outcome of the call"]
pub struct Permit {
    generation: u64,
}

/// How a permitted call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It went through.
    Success,
    /// The other system failed.
    Failure,
    /// The other system works but refused this call for what is in it: neither success nor failure, but enough for a
    /// probe.
    Neutral,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { until: DateTime<Utc>, pause: Duration },
    Probing { since: DateTime<Utc>, pause: Duration },
}

/// One circuit. Every change of state starts a new generation, and outcomes of calls from an older one are ignored: a
/// slow call from before the opening neither closes the circuit nor prolongs the pause.
#[derive(Clone, Debug)]
pub struct Breaker {
    rules: BreakerRules,
    state: State,
    generation: u64,
}

impl Breaker {
    pub fn new(rules: BreakerRules) -> Self {
        Self { rules, state: State::Closed { failures: 0 }, generation: 0 }
    }

    /// Asks for one call. `Err` says when to ask again.
    pub fn admit(&mut self, now: DateTime<Utc>) -> Result<Permit, DateTime<Utc>> {
        match self.state {
            State::Closed { .. } => {}
            State::Open { until, .. } if now < until => return Err(until),
            State::Open { pause, .. } => self.enter(State::Probing { since: now, pause }),
            State::Probing { since, pause } => {
                let lost_at = later(since, self.rules.probe_patience);
                if now < lost_at {
                    return Err(lost_at);
                }
                self.enter(State::Probing { since: now, pause });
            }
        }
        Ok(Permit { generation: self.generation })
    }

    /// Tells how a permitted call ended.
    pub fn report(&mut self, permit: Permit, outcome: Outcome, now: DateTime<Utc>) {
        if permit.generation != self.generation {
            return;
        }
        match (self.state, outcome) {
            (State::Closed { .. }, Outcome::Success) => self.state = State::Closed { failures: 0 },
            (State::Closed { failures }, Outcome::Failure) => {
                let failures = failures.saturating_add(1);
                if failures >= self.rules.failures_to_open {
                    self.open(self.rules.first_pause, now);
                } else {
                    self.state = State::Closed { failures };
                }
            }
            (State::Probing { .. }, Outcome::Success | Outcome::Neutral) => self.enter(State::Closed { failures: 0 }),
            (State::Probing { pause, .. }, Outcome::Failure) => self.open(pause.saturating_mul(2), now),
            // Open: no permit of this generation exists. Closed and neutral: nothing to learn.
            (State::Open { .. }, _) | (State::Closed { .. }, Outcome::Neutral) => {}
        }
    }

    /// What one sees from outside.
    pub fn state(&self, now: DateTime<Utc>) -> CircuitState {
        match self.state {
            State::Closed { .. } => CircuitState::Closed,
            State::Open { until, .. } if now < until => CircuitState::Open { until },
            State::Open { .. } | State::Probing { .. } => CircuitState::HalfOpen,
        }
    }

    fn is_at_rest(&self) -> bool {
        self.state == State::Closed { failures: 0 }
    }

    fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed { .. })
    }

    fn open(&mut self, pause: Duration, now: DateTime<Utc>) {
        let pause = pause.min(self.rules.longest_pause);
        self.enter(State::Open { until: later(now, pause), pause });
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.generation = self.generation.wrapping_add(1);
    }
}

fn later(now: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    chrono::Duration::from_std(by).ok().and_then(|by| now.checked_add_signed(by)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Circuits by key. Keys without trouble take no memory; at `capacity` troubled keys the one that was asked longest
/// ago is forgotten (a closed one first), which at worst lets calls through.
#[derive(Debug)]
pub struct Breakers<K> {
    rules: BreakerRules,
    capacity: usize,
    troubled: Mutex<HashMap<K, Entry>>,
}

#[derive(Debug)]
struct Entry {
    breaker: Breaker,
    touched: DateTime<Utc>,
}

impl<K: Eq + Hash + Clone> Breakers<K> {
    /// `capacity` below 1 counts as 1.
    pub fn new(rules: BreakerRules, capacity: usize) -> Self {
        Self { rules, capacity: capacity.max(1), troubled: Mutex::new(HashMap::new()) }
    }

    /// Asks for one call to `key`. `Err` says when to ask again.
    pub fn admit(&self, key: &K, now: DateTime<Utc>) -> Result<Permit, DateTime<Utc>> {
        match self.lock().get_mut(key) {
            Some(entry) => {
                entry.touched = now;
                entry.breaker.admit(now)
            }
            None => Ok(Permit { generation: 0 }),
        }
    }

    /// Tells how a permitted call to `key` ended, and the state after it.
    pub fn report(&self, key: &K, permit: Permit, outcome: Outcome, now: DateTime<Utc>) -> CircuitState {
        let mut troubled = self.lock();
        if !troubled.contains_key(key) {
            // A call from before the circuit was forgotten says nothing about now.
            if outcome != Outcome::Failure || permit.generation != 0 {
                return CircuitState::Closed;
            }
            if troubled.len() >= self.capacity {
                forget_one(&mut troubled);
            }
            troubled.insert(key.clone(), Entry { breaker: Breaker::new(self.rules), touched: now });
        }
        let Some(entry) = troubled.get_mut(key) else { return CircuitState::Closed };
        entry.touched = now;
        entry.breaker.report(permit, outcome, now);
        let state = entry.breaker.state(now);
        if entry.breaker.is_at_rest() {
            troubled.remove(key);
        }
        state
    }

    /// The state of one circuit.
    pub fn state(&self, key: &K, now: DateTime<Utc>) -> CircuitState {
        self.lock().get(key).map_or(CircuitState::Closed, |entry| entry.breaker.state(now))
    }

    /// All circuits that are not closed.
    pub fn not_closed(&self, now: DateTime<Utc>) -> Vec<(K, CircuitState)> {
        let troubled = self.lock();
        let open = troubled.iter().filter(|(_, entry)| !entry.breaker.is_closed());
        open.map(|(key, entry)| (key.clone(), entry.breaker.state(now))).collect()
    }

    /// Closes one circuit, for instance when the account got new credentials.
    pub fn reset(&self, key: &K) {
        self.lock().remove(key);
    }

    /// How many keys take memory.
    pub fn remembered(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Entry>> {
        self.troubled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forget_one<K: Eq + Hash + Clone>(troubled: &mut HashMap<K, Entry>) {
    let oldest = troubled.iter().min_by_key(|(_, entry)| (!entry.breaker.is_closed(), entry.touched));
    if let Some(key) = oldest.map(|(key, _)| key.clone()) {
        troubled.remove(&key);
    }
}
