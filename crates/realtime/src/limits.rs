//! How often one user may do what, over all their sockets on this node.

use crate::settings::Rates;
use kernel::ids::{OrganizationId, UserId};
use kernel::{Error, ErrorKind};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Typing events about one thread that are passed on.
const TYPING_EVERY: Duration = Duration::from_secs(2);
/// A user who did nothing for this long is forgotten.
const FORGET: Duration = Duration::from_secs(120);

type Users = HashMap<(OrganizationId, UserId), (Arc<UserLimits>, Instant)>;

/// The users of this node.
#[derive(Default)]
pub(crate) struct Limits(Mutex<Users>);

impl Limits {
    pub(crate) fn of(&self, organization_id: OrganizationId, user: UserId) -> Arc<UserLimits> {
        let mut users = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (limits, used) = users.entry((organization_id, user)).or_insert_with(|| (Arc::default(), Instant::now()));
        *used = Instant::now();
        Arc::clone(limits)
    }

    pub(crate) fn forget_idle(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, (_, used)| used.elapsed() < FORGET);
    }
}

/// One user's counters.
#[derive(Default)]
pub(crate) struct UserLimits {
    events: Bucket,
    subscribes: Bucket,
    syncs: Bucket,
    typing: Mutex<HashMap<Uuid, Instant>>,
}

impl UserLimits {
    pub(crate) fn event(&self, rates: &Rates) -> Result<(), Error> {
        self.events.take(rates.events_a_second, Duration::from_secs(1), Instant::now())
    }

    pub(crate) fn subscribe(&self, rates: &Rates) -> Result<(), Error> {
        self.subscribes.take(rates.subscribes_in_ten_seconds, Duration::from_secs(10), Instant::now())
    }

    pub(crate) fn sync(&self, rates: &Rates) -> Result<(), Error> {
        self.syncs.take(rates.syncs_a_minute, Duration::from_secs(60), Instant::now())
    }

    /// Whether another typing event about this thread is due.
    pub(crate) fn typing(&self, thread: Uuid) -> bool {
        let mut typing = self.typing.lock().unwrap_or_else(PoisonError::into_inner);
        typing.retain(|_, last| last.elapsed() < TYPING_EVERY);
        if typing.contains_key(&thread) {
            return false;
        }
        typing.insert(thread, Instant::now());
        true
    }
}

/// Generic cell rate algorithm (ITU-T I.371): the instant at which the bucket is empty again says everything.
#[derive(Default)]
struct Bucket(Mutex<Option<Instant>>);

impl Bucket {
    fn take(&self, count: u32, period: Duration, now: Instant) -> Result<(), Error> {
        let step = period / count.max(1);
        let mut empty_at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = empty_at.map_or(now, |at| at.max(now)) + step;
        let allowed_from = next.checked_sub(period).unwrap_or(now);
        if allowed_from > now {
            let wait = u64::try_from((allowed_from - now).as_millis()).unwrap_or(u64::MAX);
            return Err(rate_limited().with_retry_after_ms(wait.max(1)));
        }
        *empty_at = Some(next);
        Ok(())
    }
}

pub(crate) fn rate_limited() -> Error {
    Error::new(ErrorKind::TooManyRequests, "RATE_LIMITED", "Too many events; slow down.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_takes_a_burst_and_then_a_steady_rate() {
        let (bucket, start) = (Bucket::default(), Instant::now());
        let take = |ms: u64| bucket.take(10, Duration::from_secs(10), start + Duration::from_millis(ms));
        for _ in 0..10 {
            assert!(take(0).is_ok());
        }
        assert_eq!(take(0).unwrap_err().retry_after_ms(), Some(1_000));
        assert!(take(999).is_err());
        assert!(take(1_000).is_ok());
        assert!(take(1_000).is_err());
        assert!(take(60_000).is_ok());
    }

    #[test]
    fn typing_passes_once_in_two_seconds_for_each_thread() {
        let limits = UserLimits::default();
        assert!(limits.typing(Uuid::from_u128(1)));
        assert!(!limits.typing(Uuid::from_u128(1)));
        assert!(limits.typing(Uuid::from_u128(2)));
    }
}
