//! Time and randomness as parameters: the only places of the house that read the ambient clock and random source.

use chrono::{DateTime, Duration, SubsecRound, Utc};
use rand::{RngCore, SeedableRng, rngs::StdRng};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// Says what time it is. Cheap to clone; clones of a manual clock share the hand.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until it is moved; for tests.
    pub fn manual(start: DateTime<Utc>) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(start.timestamp_micros()))))
    }

    /// Now, in UTC, cut to microseconds (what PostgreSQL keeps).
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads the ambient clock")]
            Source::System => Utc::now().trunc_subsecs(6),
            Source::Manual(micros) => {
                DateTime::from_timestamp_micros(micros.load(Ordering::SeqCst)).unwrap_or_default()
            }
        }
    }

    /// Moves a manual clock; the system clock ignores it.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(micros) = &self.0 {
            micros.fetch_add(by.num_microseconds().unwrap_or_default(), Ordering::SeqCst);
        }
    }

    /// Sets a manual clock; the system clock ignores it.
    pub fn set(&self, to: DateTime<Utc>) {
        if let Source::Manual(micros) = &self.0 {
            micros.store(to.timestamp_micros(), Ordering::SeqCst);
        }
    }
}

/// Makes ids and secrets. Cheap to clone; clones of a seeded source share the sequence.
#[derive(Clone, Debug)]
pub struct Ids(Randomness);

#[derive(Clone, Debug)]
enum Randomness {
    System,
    Seeded(Arc<Mutex<StdRng>>),
}

impl Ids {
    /// The operating system's random source.
    pub fn system() -> Self {
        Self(Randomness::System)
    }

    /// A repeatable sequence; for tests.
    pub fn seeded(seed: u64) -> Self {
        Self(Randomness::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed)))))
    }

    /// Fills `bytes` with random bytes fit for secrets.
    pub fn fill(&self, bytes: &mut [u8]) {
        match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads ambient randomness")]
            Randomness::System => rand::rng().fill_bytes(bytes),
            Randomness::Seeded(rng) => rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes),
        }
    }

    /// A time-ordered id (UUIDv7, RFC 9562) for rows.
    pub fn sortable<T: From<Uuid>>(&self, now: DateTime<Utc>) -> T {
        let mut random = [0; 10];
        self.fill(&mut random);
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().into()
    }

    /// An id without a time in it (UUIDv4), where the time of creation must not show: logins.
    pub fn random<T: From<Uuid>>(&self) -> T {
        let mut random = [0; 16];
        self.fill(&mut random);
        uuid::Builder::from_random_bytes(random).into_uuid().into()
    }

    /// A number in `0.0..1.0`, for jitter.
    pub fn fraction(&self) -> f64 {
        let mut random = [0; 4];
        self.fill(&mut random);
        f64::from(u32::from_le_bytes(random)) / (f64::from(u32::MAX) + 1.0)
    }
}
