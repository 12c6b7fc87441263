//! The counts of all keys: in shards, so that requests seldom meet, and bounded, so that a flood of addresses cannot
//! fill the memory.

use super::class::Class;
use super::window::{Count, Verdict, Window};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

const SHARDS: usize = 16;
/// Most keys a shard: 16 times this, about 100 bytes each, is some 13 MB.
const KEYS_A_SHARD: usize = 8_192;

/// By class and key: the counts of the class's windows.
type Shard = HashMap<(Class, u128), [Count; 2]>;

#[derive(Default)]
pub(super) struct Table {
    shards: [Mutex<Shard>; SHARDS],
}

impl Table {
    /// Counts one request in all windows, or in none if one is full. Gives the tightest window and what it says; `None`
    /// where the class has no limit.
    pub fn hit(&self, class: Class, key: u128, windows: [Option<Window>; 2], now: i64) -> Option<(usize, Verdict)> {
        if windows.iter().all(Option::is_none) {
            return None;
        }
        let mut shard = self.shards[shard_of(key)].lock().unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= KEYS_A_SHARD && !shard.contains_key(&(class, key)) {
            make_room(&mut shard, windows, now);
        }
        let counts = shard.entry((class, key)).or_default();
        let mut tightest: Option<(usize, Verdict)> = None;
        for (index, (count, window)) in counts.iter_mut().zip(windows).enumerate() {
            let Some(window) = window else { continue };
            let verdict = count.ask(window, now);
            if tightest.is_none_or(|(_, other)| is_tighter(&verdict, &other)) {
                tightest = Some((index, verdict));
            }
        }
        let (index, mut verdict) = tightest?;
        if verdict.allowed {
            counts.iter_mut().zip(windows).filter(|(_, window)| window.is_some()).for_each(|(count, _)| count.add());
            verdict.remaining = verdict.remaining.saturating_sub(1);
        }
        Some((index, verdict))
    }
}

/// Refused before allowed; among refused ones the longest wait, among allowed ones the fewest left.
fn is_tighter(one: &Verdict, other: &Verdict) -> bool {
    match (one.allowed, other.allowed) {
        (false, false) => one.wait_micros > other.wait_micros,
        (true, true) => one.remaining < other.remaining,
        (refused, _) => !refused,
    }
}

fn shard_of(key: u128) -> usize {
    // Ids are random at their end, addresses differ at theirs, IPv6 networks in the upper half: fold and mix all bytes.
    let mixed =
        key.to_be_bytes().iter().fold(0u64, |mixed, byte| (mixed ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    usize::try_from(mixed >> 32).unwrap_or_default() % SHARDS
}

/// Drops what is over, and if that is not enough an eighth of the rest, whoever it is: mostly that of the flood.
fn make_room(shard: &mut Shard, windows: [Option<Window>; 2], now: i64) {
    let longest = windows.into_iter().flatten().max_by_key(|window| window.length);
    let Some(longest) = longest else { return };
    // Windows of other classes may be longer; an hour is the longest there is.
    let longest = Window { length: longest.length.max(super::limits::LONG), ..longest };
    shard.retain(|_, counts| counts.iter().any(|count| !count.is_over(longest, now)));
    let mut excess = shard.len().saturating_sub(KEYS_A_SHARD - KEYS_A_SHARD / 8);
    shard.retain(|_, _| {
        let drop = excess > 0;
        excess -= usize::from(drop);
        !drop
    });
}

#[cfg(test)]
mod tests {
    use super::{KEYS_A_SHARD, SHARDS, Table};
    use crate::rate_limit::class::Class;
    use crate::rate_limit::window::Window;

    #[test]
    fn a_flood_of_keys_stays_bounded() {
        let table = Table::default();
        let windows = [Some(Window { quota: 10, length: 1_000_000 }), None];
        for key in 0..(SHARDS * KEYS_A_SHARD * 2) as u128 {
            table.hit(Class::Anonymous, key, windows, 5_000_000);
        }
        let kept: usize = table.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
        assert!(kept <= SHARDS * KEYS_A_SHARD, "{kept} keys are kept");
    }

    #[test]
    fn the_full_window_decides_and_nothing_is_counted_then() {
        let table = Table::default();
        let windows = [Some(Window { quota: 2, length: 1_000 }), Some(Window { quota: 3, length: 1_000_000 })];
        let hit = |now| table.hit(Class::Login, 7, windows, now).unwrap();
        assert!(hit(0).1.allowed && hit(0).1.allowed);
        assert_eq!((hit(0).0, hit(0).1.allowed), (0, false));
        // The refused ones did not eat up the longer window.
        assert!(hit(2_000).1.allowed);
        let (index, verdict) = hit(2_000);
        assert_eq!((index, verdict.allowed), (1, false));
    }

    #[test]
    fn keys_and_classes_do_not_meet() {
        let table = Table::default();
        let windows = [Some(Window { quota: 1, length: 1_000 }), None];
        for (class, key) in [(Class::Login, 1), (Class::Login, 2), (Class::Mail, 1)] {
            assert!(table.hit(class, key, windows, 0).unwrap().1.allowed);
        }
    }
}
