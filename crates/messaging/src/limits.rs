//! How much one user or key may send, on all transports together. Per node: a brake against loops and mistakes, not a
//! promise to providers (the governor of channels keeps those).

use crate::handle::Settings;
use chrono::{DateTime, Utc};
use kernel::ids::OrganizationId;
use kernel::{Ctx, Error, ErrorKind};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

/// What an organization calls this limit where it lowers it.
const SENDING: &str = "sending";
/// Counters kept at most; beyond it the full ones among them are dropped.
const MOST: usize = 50_000;

pub(crate) struct SendLimits {
    settings: Settings,
    buckets: Mutex<HashMap<(OrganizationId, Uuid), [Bucket; 2]>>,
}

/// What is left, and since when it has not been refilled.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    at: DateTime<Utc>,
}

impl SendLimits {
    pub fn new(settings: Settings) -> Self {
        Self { settings, buckets: Mutex::default() }
    }

    /// Takes one message's worth.
    pub fn take(&self, ctx: &Ctx) -> Result<(), Error> {
        let Some(who) = ctx.actor().id else { return Ok(()) };
        let now = ctx.now();
        let own = ctx.subject.rate_limits.as_ref().and_then(|own| own.of(SENDING).minute);
        let per_minute = match (self.settings.outbound_per_minute, own) {
            // 0 is no limit.
            (most, Some(own)) if most == 0 || own < most => own,
            (most, _) => most,
        };
        let limits = [(self.settings.outbound_per_ten_seconds, 10.0), (per_minute, 60.0)];
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST {
            buckets.retain(|_, pair| pair.iter().any(|bucket| (now - bucket.at).num_seconds() < 60));
        }
        let fresh = limits.map(|(most, _)| Bucket { left: f64::from(most), at: now });
        let pair = buckets.entry((ctx.organization_id(), who)).or_insert(fresh);
        for (bucket, (most, seconds)) in pair.iter_mut().zip(limits) {
            bucket.refill(f64::from(most), seconds, now);
        }
        let wait = pair
            .iter()
            .zip(limits)
            .filter(|(_, (most, _))| *most > 0)
            .map(|(bucket, (most, seconds))| (1.0 - bucket.left).max(0.0) * seconds / f64::from(most));
        let wait = wait.fold(0.0, f64::max);
        if wait > 0.0 {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "milliseconds within a minute")]
            let wait_ms = (wait * 1_000.0).ceil() as u64;
            return Err(Error::new(ErrorKind::TooManyRequests, "RATE_LIMITED", "Too many messages; wait a moment.")
                .with_retry_after_ms(wait_ms));
        }
        for bucket in pair {
            bucket.left -= 1.0;
        }
        Ok(())
    }
}

impl Bucket {
    fn refill(&mut self, most: f64, seconds: f64, now: DateTime<Utc>) {
        let passed = (now - self.at).as_seconds_f64().max(0.0);
        self.left = (self.left + passed * most / seconds).min(most);
        self.at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Duration;
    use kernel::ids::{MembershipId, UserId};
    use kernel::{Clock, Ids, Principal, Subject};

    #[test]
    fn twenty_in_ten_seconds_and_a_hundred_a_minute() {
        let clock = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let organization = OrganizationId(Uuid::from_u128(1));
        let mut subject = Subject::system(organization);
        subject.principal =
            Principal::User { user_id: UserId(Uuid::from_u128(2)), membership_id: MembershipId(Uuid::from_u128(3)) };
        let ctx = Ctx::new(subject.into(), clock.clone(), Ids::seeded(1), "test".into());
        let limits = SendLimits::new(Settings::default());
        let burst = || (0..200).take_while(|_| limits.take(&ctx).is_ok()).count();
        assert_eq!(burst(), 20);
        let refusal = limits.take(&ctx).unwrap_err();
        assert_eq!((refusal.code(), refusal.retry_after_ms()), ("RATE_LIMITED", Some(500)));
        let mut sent = 20;
        for _ in 0..59 {
            clock.advance(Duration::seconds(1));
            sent += burst();
        }
        // The ten-second limit alone would allow 138 by now, the minute allows its hundred and what refilled meanwhile.
        assert_eq!(sent, 138);
        clock.advance(Duration::seconds(600));
        let unlimited = SendLimits::new(Settings { outbound_per_minute: 0, outbound_per_ten_seconds: 0 });
        assert!((0..500).all(|_| unlimited.take(&ctx).is_ok()));
    }
}
