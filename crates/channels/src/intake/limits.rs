//! What one node counts a minute: bounded memory, calendar minutes of the injected clock.

use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Addresses that are remembered within one minute; further ones share one count.
const ADDRESSES: usize = 10_000;

/// Genuine requests of this node.
pub(crate) struct PerMinute {
    most: u32,
    /// Minute and count.
    state: Mutex<(i64, u32)>,
}

impl PerMinute {
    pub(crate) fn new(most: u32) -> Self {
        Self { most, state: Mutex::new((0, 0)) }
    }

    /// Counts one; false once there were too many this minute.
    pub(crate) fn admit(&self, now: DateTime<Utc>) -> bool {
        let mut state = lock(&self.state);
        let minute = minute(now);
        if state.0 != minute {
            *state = (minute, 0);
        }
        state.1 = state.1.saturating_add(1);
        state.1 <= self.most
    }
}

/// Requests with bad signatures, by address.
pub(crate) struct BadSenders {
    most: u32,
    state: Mutex<(i64, HashMap<Option<IpAddr>, u32>)>,
}

impl BadSenders {
    pub(crate) fn new(most: u32) -> Self {
        Self { most, state: Mutex::new((0, HashMap::new())) }
    }

    /// Counts one; false once there were too many from this address this minute.
    pub(crate) fn admit(&self, from: IpAddr, now: DateTime<Utc>) -> bool {
        let mut state = lock(&self.state);
        let minute = minute(now);
        if state.0 != minute {
            *state = (minute, HashMap::new());
        }
        let known = state.1.len() < ADDRESSES || state.1.contains_key(&Some(from));
        let count = state.1.entry(known.then_some(from)).or_insert(0);
        *count = count.saturating_add(1);
        *count <= self.most
    }
}

fn minute(now: DateTime<Utc>) -> i64 {
    now.timestamp().div_euclid(60)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    #[test]
    fn a_minute_has_its_count() {
        let limit = PerMinute::new(2);
        assert!(limit.admit(at(0)) && limit.admit(at(59)) && !limit.admit(at(59)));
        assert!(limit.admit(at(60)), "the next minute begins anew");
    }

    #[test]
    fn each_address_has_its_own_count_in_bounded_memory() {
        let (limit, one, two) = (BadSenders::new(1), IpAddr::from([1, 1, 1, 1]), IpAddr::from([2, 2, 2, 2]));
        assert!(limit.admit(one, at(0)) && !limit.admit(one, at(1)) && limit.admit(two, at(1)));
        for n in 0..20_000u32 {
            limit.admit(IpAddr::from((n + 0x0a00_0000).to_be_bytes()), at(2));
        }
        assert!(limit.state.lock().unwrap().1.len() <= ADDRESSES + 1);
        assert!(!limit.admit(one, at(3)), "who was counted before stays counted");
    }
}
