//! The throttle of failed sign-ins, per typed e-mail, whether or not it exists. Kept in the database, so that neither
//! a restart nor another node starts it over. The e-mail itself is not kept, only a keyed hash.

use super::Client;
use super::facts::{Fact, Whom};
use crate::handle::Identity;
use crate::store::sign_in::{self as rows, Failures};
use chrono::{DateTime, Duration, Utc};
use kernel::token::hmac_sha256;
use kernel::{Error, ErrorKind};
use store::{INSTALLATION, PlatformReason};

/// Failures that cost no waiting.
const FREE: i32 = 4;
/// Failures within this add up.
const WINDOW: Duration = Duration::minutes(15);
/// The longest wait, in seconds.
const LONGEST: i64 = 900;

impl Identity {
    pub(crate) fn email_hash(&self, email_norm: &str) -> [u8; 32] {
        hmac_sha256(&self.0.throttle_key, &[email_norm.as_bytes()])
    }

    /// Counts a failure. Tries that ran in parallel are counted one after the other; those that find the door shut by
    /// then are not told whether they were right.
    pub(crate) async fn count_failure(&self, email_hash: &[u8; 32]) -> Result<(), Error> {
        let now = self.0.clock.now();
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let known = rows::lock_failures(&mut tx, email_hash, now).await?;
        check(Some(&known), now)?;
        rows::save_failures(&mut tx, email_hash, &after_failure(&known, now)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Forgets failures that no longer count.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_old_failures(&self) -> Result<u64, Error> {
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let gone = rows::forget_failures_before(&mut tx, self.0.clock.now() - WINDOW - WINDOW).await?;
        tx.commit().await?;
        Ok(gone)
    }

    /// Tells whoever the refused sign-in concerns: the same work for a login that there is and for one that there is not.
    pub(super) async fn tell_refused(
        &self,
        fact: Fact,
        whom: &Whom<'_>,
        reason: &str,
        client: &Client,
    ) -> Result<(), Error> {
        let mut tx = self.0.db.tenant(INSTALLATION).await?;
        self.tell(&mut tx, fact, whom, Some(reason), client)?;
        tx.commit().await?;
        Ok(())
    }
}

/// Whether a try is allowed now.
///
/// # Errors
/// 429 `AUTH_THROTTLED` with the time to wait.
pub(crate) fn check(known: Option<&Failures>, now: DateTime<Utc>) -> Result<(), Error> {
    let Some(until) = known.and_then(|known| known.blocked_until).filter(|until| now < *until) else { return Ok(()) };
    let wait = u64::try_from((until - now).num_milliseconds()).unwrap_or_default();
    Err(Error::new(
        ErrorKind::TooManyRequests,
        "AUTH_THROTTLED",
        "Too many failed sign-ins; wait as long as Retry-After says.",
    )
    .with_retry_after_ms(wait.max(1)))
}

/// What is known after one more failure at `now`.
fn after_failure(known: &Failures, now: DateTime<Utc>) -> Failures {
    let forgotten = match known.blocked_until {
        Some(until) => until + WINDOW <= now,
        None => known.first_failure_at + WINDOW <= now || known.failures == 0,
    };
    let (failures, first_failure_at) =
        if forgotten { (1, now) } else { (known.failures.saturating_add(1), known.first_failure_at) };
    let blocked_until = (failures > FREE).then(|| now + wait_after(failures));
    Failures { failures, first_failure_at, blocked_until }
}

/// 2, 4, 8 ... 900 seconds from the fifth failure on.
fn wait_after(failures: i32) -> Duration {
    let doublings = u32::try_from(failures - FREE).unwrap_or_default().min(16);
    Duration::seconds((1i64 << doublings).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn none(now: DateTime<Utc>) -> Failures {
        Failures { failures: 0, first_failure_at: now, blocked_until: None }
    }

    #[test]
    fn waits_double_from_the_fifth_failure_up_to_fifteen_minutes() {
        let mut now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let mut known = none(now);
        let mut waits = Vec::new();
        for _ in 0..16 {
            known = after_failure(&known, now);
            let wait = known.blocked_until.map_or(0, |until| (until - now).num_seconds());
            waits.push(wait);
            now += Duration::seconds(wait);
        }
        assert_eq!(waits, [0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
    }

    #[test]
    fn failures_apart_are_forgotten() {
        let start = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let mut known = none(start);
        for n in 0..20 {
            known = after_failure(&known, start + WINDOW * n);
            assert_eq!((known.failures, known.blocked_until), (1, None));
        }
    }

    proptest! {
        /// Whatever the rhythm of an attacker who waits no longer than told, the budget holds.
        #[test]
        fn an_hour_of_guessing_gets_few_tries(pauses in prop::collection::vec(0i64..30, 1..400)) {
            let start = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
            let (mut now, mut known, mut tries) = (start, none(start), 0);
            for pause in pauses {
                now += Duration::seconds(pause);
                if now - start > Duration::hours(1) { break; }
                if check(Some(&known), now).is_ok() {
                    known = after_failure(&known, now);
                    tries += 1;
                }
            }
            prop_assert!(tries <= 4 + 10 + 4, "{tries} tries");
        }
    }
}
