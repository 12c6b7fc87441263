//! Token buckets of the governor: how many messages a number sends a second, and to one recipient.
//!
//! Kept in the process: several nodes together may send a few times as much, which the provider answers with
//! `throttled`, and that waits.

use crate::settings::SendLimits;
use chrono::{DateTime, Duration, Utc};
use kernel::ids::{AddressId, ChannelAccountId};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// Buckets that are remembered; full ones are forgotten first, they are like new ones.
const REMEMBERED: usize = 50_000;

pub(crate) struct Buckets {
    limits: SendLimits,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    numbers: HashMap<ChannelAccountId, Bucket>,
    pairs: HashMap<(ChannelAccountId, AddressId), Bucket>,
}

/// Tokens in microseconds of waiting: a token costs `cost`, the bucket fills by one a microsecond up to `size`.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    level: i64,
    at: DateTime<Utc>,
    not_before: DateTime<Utc>,
}

#[derive(Clone, Copy)]
struct Rule {
    size: i64,
    cost: i64,
}

impl Buckets {
    pub(crate) fn new(limits: SendLimits) -> Self {
        Self { limits, state: Mutex::default() }
    }

    /// Takes one message from both buckets, or says when to ask again; then nothing is taken.
    pub(crate) fn take(
        &self,
        account: ChannelAccountId,
        to: AddressId,
        now: DateTime<Utc>,
    ) -> Result<(), DateTime<Utc>> {
        let (number, pair) = self.rules();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let of_number = filled(state.numbers.get(&account), number, now);
        let of_pair = filled(state.pairs.get(&(account, to)), pair, now);
        let wait = [of_number.wait(number, now), of_pair.wait(pair, now)].into_iter().flatten().max();
        if let Some(until) = wait {
            return Err(until);
        }
        keep(&mut state.numbers, account, of_number.less(number), number, now);
        keep(&mut state.pairs, (account, to), of_pair.less(pair), pair, now);
        Ok(())
    }

    /// The provider asked to slow down: nothing more from this number before `until`.
    pub(crate) fn rest_number(&self, account: ChannelAccountId, until: DateTime<Utc>, now: DateTime<Utc>) {
        let (rule, _) = self.rules();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = filled(state.numbers.get(&account), rule, now);
        keep(&mut state.numbers, account, Bucket { not_before: bucket.not_before.max(until), ..bucket }, rule, now);
    }

    /// As [`Buckets::rest_number`], for one recipient only.
    pub(crate) fn rest_pair(&self, account: ChannelAccountId, to: AddressId, until: DateTime<Utc>, now: DateTime<Utc>) {
        let (_, rule) = self.rules();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = filled(state.pairs.get(&(account, to)), rule, now);
        keep(&mut state.pairs, (account, to), Bucket { not_before: bucket.not_before.max(until), ..bucket }, rule, now);
    }

    fn rules(&self) -> (Rule, Rule) {
        let second = i64::from(self.limits.number_per_second.max(1));
        let seconds = i64::from(self.limits.pair_seconds.max(1)) * 1_000_000;
        let number = Rule { size: 1_000_000, cost: (1_000_000 / second).max(1) };
        let pair = Rule { size: seconds * i64::from(self.limits.pair_burst.max(1)), cost: seconds };
        (number, pair)
    }
}

impl Bucket {
    fn wait(&self, rule: Rule, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let missing = rule.cost - self.level;
        let filled = (missing > 0).then(|| now + Duration::microseconds(missing));
        filled.into_iter().chain((self.not_before > now).then_some(self.not_before)).max()
    }

    fn less(self, rule: Rule) -> Self {
        Self { level: self.level - rule.cost, ..self }
    }
}

fn filled(known: Option<&Bucket>, rule: Rule, now: DateTime<Utc>) -> Bucket {
    match known {
        None => Bucket { level: rule.size, at: now, not_before: DateTime::UNIX_EPOCH },
        Some(bucket) => {
            let passed = (now - bucket.at).num_microseconds().unwrap_or(i64::MAX).max(0);
            Bucket { level: bucket.level.saturating_add(passed).min(rule.size), at: now.max(bucket.at), ..*bucket }
        }
    }
}

fn keep<K: Eq + Hash>(buckets: &mut HashMap<K, Bucket>, key: K, bucket: Bucket, rule: Rule, now: DateTime<Utc>) {
    if buckets.len() >= REMEMBERED {
        buckets.retain(|_, bucket| filled(Some(bucket), rule, now).level < rule.size || bucket.not_before > now);
    }
    buckets.insert(key, bucket);
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_800_000_000_000 + millis).unwrap()
    }

    fn ids(n: u128) -> (ChannelAccountId, AddressId) {
        (ChannelAccountId(Uuid::from_u128(1)), AddressId(Uuid::from_u128(n)))
    }

    #[test]
    fn one_recipient_gets_a_burst_and_then_one_every_six_seconds() {
        let buckets = Buckets::new(SendLimits::default());
        let (account, to) = ids(1);
        for _ in 0..10 {
            assert_eq!(buckets.take(account, to, at(0)), Ok(()));
        }
        assert_eq!(buckets.take(account, to, at(0)), Err(at(6_000)));
        assert_eq!(buckets.take(account, to, at(5_999)), Err(at(6_000)));
        assert_eq!(buckets.take(account, to, at(6_000)), Ok(()));
        assert_eq!(buckets.take(account, to, at(6_000)), Err(at(12_000)));
        assert_eq!(buckets.take(account, ids(2).1, at(6_000)), Ok(()), "others are not concerned");
    }

    #[test]
    fn a_number_sends_eighty_a_second() {
        let buckets = Buckets::new(SendLimits::default());
        let mut sent = 0;
        for n in 0..10_000u128 {
            let (account, to) = ids(n);
            let now = at(i64::try_from(n).unwrap() / 5);
            sent += i32::from(buckets.take(account, to, now).is_ok());
        }
        // A full bucket, and what fills it again in two seconds.
        assert!((235..=241).contains(&sent), "{sent}");
    }

    #[test]
    fn a_rest_is_kept() {
        let buckets = Buckets::new(SendLimits::default());
        let (account, to) = ids(1);
        buckets.rest_pair(account, to, at(4_000), at(0));
        assert_eq!(buckets.take(account, to, at(0)), Err(at(4_000)));
        assert_eq!(buckets.take(account, ids(2).1, at(0)), Ok(()));
        buckets.rest_number(account, at(9_000), at(0));
        assert_eq!(buckets.take(account, ids(2).1, at(8_999)), Err(at(9_000)));
        assert_eq!(buckets.take(account, to, at(9_000)), Ok(()));
    }
}
