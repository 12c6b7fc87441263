//! One sliding window, as arithmetic: the count of the running window and, weighted by how much of it still reaches
//! into the last `length`, that of the window before.

/// So many requests in so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub quota: u32,
    /// In microseconds.
    pub length: i64,
}

/// What is remembered of one key in one window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// When the running window began, in microseconds.
    start: i64,
    current: u32,
    previous: u32,
}

/// The answer to one more request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub allowed: bool,
    /// How many more would be allowed now.
    pub remaining: u32,
    /// Allowed: until the running window ends. Refused: until one request will be allowed.
    pub wait_micros: i64,
}

impl Count {
    /// Whether one more would be allowed at `now`; counts nothing. Moves the window on.
    pub fn ask(&mut self, window: Window, now: i64) -> Verdict {
        self.roll(window, now);
        let elapsed = (now - self.start).clamp(0, window.length);
        let used = self.used(window, elapsed);
        let allowed = used < u64::from(window.quota);
        let wait_micros = if allowed { window.length - elapsed } else { self.wait(window, elapsed) };
        let left = u64::from(window.quota).saturating_sub(used);
        Verdict { allowed, remaining: u32::try_from(left).unwrap_or(u32::MAX), wait_micros }
    }

    /// Counts one request; to be called after [`Count::ask`] allowed it, at the same `now`.
    pub fn add(&mut self) {
        self.current = self.current.saturating_add(1);
    }

    /// Whether it would be the same to have forgotten it.
    pub fn is_over(&self, window: Window, now: i64) -> bool {
        now - self.start >= 2 * window.length
    }

    fn roll(&mut self, window: Window, now: i64) {
        let passed = now - self.start;
        // Also when the clock was set back by more than a window: counting would stand still until it caught up.
        if passed >= 2 * window.length || passed < -window.length {
            *self = Self { start: now, current: 0, previous: 0 };
        } else if passed >= window.length {
            *self = Self { start: self.start + window.length, current: 0, previous: self.current };
        }
    }

    /// Requests in the last `length`, estimated from above.
    fn used(&self, window: Window, elapsed: i64) -> u64 {
        u64::from(self.current) + share(self.previous, window.length - elapsed, window.length)
    }

    /// Microseconds until one request is allowed, for a full window.
    fn wait(&self, window: Window, elapsed: i64) -> i64 {
        let Some(most) = window.quota.checked_sub(1) else { return window.length };
        if self.current <= most {
            // The weight of the window before shrinks enough within this one.
            return reach(self.previous, most - self.current, window.length) - elapsed;
        }
        window.length - elapsed + reach(self.current, most, window.length)
    }
}

/// `count * part / whole`, rounded up.
fn share(count: u32, part: i64, whole: i64) -> u64 {
    let (part, whole) = (i128::from(part.max(0)), i128::from(whole.max(1)));
    u64::try_from((i128::from(count) * part + whole - 1) / whole).unwrap_or(u64::MAX)
}

/// How far a window must be gone by so that `count` of the one before weighs no more than `most`.
fn reach(count: u32, most: u32, length: i64) -> i64 {
    if count <= most {
        return 0;
    }
    let kept = i128::from(length) * i128::from(most) / i128::from(count);
    length - i64::try_from(kept).unwrap_or(length)
}

#[cfg(test)]
mod tests {
    use super::{Count, Window};
    use proptest::prelude::*;

    proptest! {
        /// A fresh key gets exactly its quota at one instant.
        #[test]
        fn the_quota_and_not_one_more(quota in 1u32..200, length in 1i64..10_000_000, now in 0i64..1 << 50) {
            let window = Window { quota, length };
            let mut count = Count::default();
            for left in (0..quota).rev() {
                let verdict = count.ask(window, now);
                prop_assert!(verdict.allowed && verdict.remaining == left + 1);
                count.add();
            }
            prop_assert!(!count.ask(window, now).allowed);
        }

        /// Whoever waits as long as told is served, and not a microsecond earlier.
        #[test]
        fn the_wait_is_exact(
            quota in 1u32..50,
            length in 10i64..1_000_000,
            gaps in proptest::collection::vec(0i64..200_000, 1..200),
        ) {
            let window = Window { quota, length };
            let mut count = Count::default();
            let mut now = 5_000_000_000;
            for gap in gaps {
                now += gap;
                let verdict = count.ask(window, now);
                if verdict.allowed {
                    count.add();
                    continue;
                }
                let wait = verdict.wait_micros;
                prop_assert!(wait > 0 && wait <= 2 * length);
                prop_assert!(!count.clone().ask(window, now + wait - 1).allowed);
                prop_assert!(count.clone().ask(window, now + wait).allowed);
            }
        }

        /// Never more than twice the quota in any stretch of one length (the price of two numbers a key), and never
        /// more than the quota plus what has left the window when requests come evenly.
        #[test]
        fn no_stretch_has_more_than_twice_the_quota(
            quota in 1u32..20,
            length in 10i64..1_000,
            gaps in proptest::collection::vec(0i64..300, 1..400),
        ) {
            let window = Window { quota, length };
            let mut count = Count::default();
            let (mut now, mut served) = (1_000_000, Vec::new());
            for gap in gaps {
                now += gap;
                if count.ask(window, now).allowed {
                    count.add();
                    served.push(now);
                }
            }
            for (i, at) in served.iter().enumerate() {
                let within = served[i..].iter().take_while(|other| *other - at < length).count();
                prop_assert!(within <= 2 * quota as usize);
            }
        }
    }

    #[test]
    fn a_clock_set_back_starts_over() {
        let window = Window { quota: 1, length: 1_000 };
        let mut count = Count::default();
        assert!(count.ask(window, 1_000_000).allowed);
        count.add();
        assert!(!count.ask(window, 999_999).allowed);
        assert!(count.ask(window, 10).allowed);
    }
}
