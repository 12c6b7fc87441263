//! How long to wait before trying again: pure functions of the number of the failed attempt and a random fraction.

use chrono::{DateTime, Utc};
use std::time::Duration;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;

/// One wait of a [`Schedule`], in milliseconds, and whether it is spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    millis: u64,
    spread: bool,
}

const fn spread(millis: u64) -> Step {
    Step { millis, spread: true }
}

const fn exact(millis: u64) -> Step {
    Step { millis, spread: false }
}

/// A fixed list of waits, one after each failed attempt. Short waits are spread by 20 % to either side.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    steps: &'static [Step],
    /// Whether the last step repeats for ever; otherwise the schedule is exhausted after it.
    repeats_last: bool,
}

/// Sends of the outbound governor: 1, 2, 4 s (± 20 %), 30 s, 2, 10, 30 min, then hourly for ever.
pub const GOVERNOR: Schedule = Schedule {
    steps: &[
        spread(SECOND),
        spread(2 * SECOND),
        spread(4 * SECOND),
        exact(30 * SECOND),
        exact(2 * MINUTE),
        exact(10 * MINUTE),
        exact(30 * MINUTE),
        exact(60 * MINUTE),
    ],
    repeats_last: true,
};

/// Items of a webhook body: 1, 2, 4 s (± 20 %), 30 s, 5 min, then nothing more.
pub const INTAKE_ITEM: Schedule = Schedule {
    steps: &[spread(SECOND), spread(2 * SECOND), spread(4 * SECOND), exact(30 * SECOND), exact(5 * MINUTE)],
    repeats_last: false,
};

impl Schedule {
    /// The wait after the failed attempt number `attempt` (the first is 1; 0 counts as 1). `random` is a fraction in
    /// 0..1. `None`: the schedule is exhausted.
    pub fn delay(&self, attempt: u32, random: f64) -> Option<Duration> {
        let index = usize::try_from(attempt.max(1) - 1).unwrap_or(usize::MAX);
        let step = match self.steps.get(index) {
            Some(step) => step,
            None if self.repeats_last => self.steps.last()?,
            None => return None,
        };
        let delay = Duration::from_millis(step.millis);
        Some(if step.spread { spread_by(delay, 0.2, random) } else { delay })
    }

    /// When to try again: after the provider's own wait where it named one, else after the schedule's; `None` when
    /// that is not before `expires_at` or the schedule is exhausted.
    pub fn next_attempt(
        &self,
        attempt: u32,
        random: f64,
        provider_wait: Option<Duration>,
        now: DateTime<Utc>,
        expires_at: Option<DateTime<Utc>>,
    ) -> Option<DateTime<Utc>> {
        let scheduled = self.delay(attempt, random)?;
        let wait = chrono::Duration::from_std(provider_wait.unwrap_or(scheduled)).ok()?;
        let at = now.checked_add_signed(wait)?;
        match expires_at {
            Some(end) if at >= end => None,
            _ => Some(at),
        }
    }
}

/// Waits that double: `first`, twice `first`, … up to `cap`, each spread by `spread` (0.2 = ± 20 %) and never above
/// `cap`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exponential {
    pub first: Duration,
    pub cap: Duration,
    pub spread: f64,
}

impl Exponential {
    /// The wait after the failed attempt number `attempt` (the first is 1; 0 counts as 1).
    pub fn delay(&self, attempt: u32, random: f64) -> Duration {
        let doublings = (attempt.max(1) - 1).min(31);
        let raised = self.first.checked_mul(1 << doublings).unwrap_or(self.cap).min(self.cap);
        spread_by(raised, self.spread, random).min(self.cap)
    }
}

/// `delay` times a factor in `1 - spread ..= 1 + spread`, chosen by `random` in 0..1. Anything else counts as the middle.
fn spread_by(delay: Duration, spread: f64, random: f64) -> Duration {
    let random = if (0.0..=1.0).contains(&random) { random } else { 0.5 };
    let spread = if (0.0..=1.0).contains(&spread) { spread } else { 0.0 };
    Duration::try_from_secs_f64(delay.as_secs_f64() * (1.0 - spread + 2.0 * spread * random)).unwrap_or(delay)
}
