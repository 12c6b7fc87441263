//! Waits between attempts.

use chrono::{DateTime, Duration as Span, Utc};
use outbound::retry::{Exponential, GOVERNOR, INTAKE_ITEM};
use proptest::prelude::*;
use rstest::rstest;
use std::time::Duration;

fn now() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

#[rstest]
#[case(0, 800, 1_200)]
#[case(1, 800, 1_200)]
#[case(2, 1_600, 2_400)]
#[case(3, 3_200, 4_800)]
#[case(4, 30_000, 30_000)]
#[case(5, 120_000, 120_000)]
#[case(6, 600_000, 600_000)]
#[case(7, 1_800_000, 1_800_000)]
#[case(8, 3_600_000, 3_600_000)]
#[case(9, 3_600_000, 3_600_000)]
#[case(u32::MAX, 3_600_000, 3_600_000)]
fn the_governor_waits_as_specified(#[case] attempt: u32, #[case] shortest: u64, #[case] longest: u64) {
    let millis = |random| GOVERNOR.delay(attempt, random).unwrap().as_millis();
    assert_eq!((millis(0.0), millis(1.0)), (u128::from(shortest), u128::from(longest)));
    assert_eq!(millis(f64::NAN), u128::from(shortest.midpoint(longest)));
}

#[test]
fn items_end_after_five_minutes() {
    let waits: Vec<_> = (1..=5).map(|attempt| INTAKE_ITEM.delay(attempt, 0.5).unwrap().as_secs()).collect();
    assert_eq!(waits, [1, 2, 4, 30, 300]);
    assert_eq!(INTAKE_ITEM.delay(6, 0.5), None);
}

#[test]
fn a_provider_wait_wins_and_expiry_ends_it() {
    let next = |wait, end| GOVERNOR.next_attempt(4, 0.5, wait, now(), end);
    assert_eq!(next(None, None), Some(now() + Span::seconds(30)));
    assert_eq!(next(Some(Duration::from_secs(7)), None), Some(now() + Span::seconds(7)));
    assert_eq!(next(None, Some(now() + Span::seconds(30))), None);
    assert_eq!(next(None, Some(now() + Span::seconds(31))), Some(now() + Span::seconds(30)));
    assert_eq!(next(Some(Duration::MAX), None), None);
}

proptest! {
    #[test]
    fn governor_waits_grow(attempt in 1_u32..40, low in 0.0_f64..1.0, high in 0.0_f64..1.0) {
        let (earlier, later) = (GOVERNOR.delay(attempt, low).unwrap(), GOVERNOR.delay(attempt + 1, high).unwrap());
        prop_assert!(earlier <= later, "{earlier:?} then {later:?}");
    }

    #[test]
    fn doubling_stays_in_its_bounds(
        first in 1_u64..10_000, cap in 1_u64..10_000_000, spread in 0.0_f64..0.9, attempt in any::<u32>(), random in any::<f64>()
    ) {
        let rule = Exponential { first: Duration::from_millis(first), cap: Duration::from_millis(cap), spread };
        let wait = rule.delay(attempt, random);
        prop_assert!(wait <= rule.cap);
        let doubled = first.saturating_mul(1_u64.checked_shl(attempt.saturating_sub(1)).unwrap_or(u64::MAX)).min(cap);
        let middle = Duration::from_millis(doubled).as_secs_f64();
        prop_assert!(wait.as_secs_f64() >= middle * (1.0 - spread) - 1e-6);
        prop_assert!(wait.as_secs_f64() <= middle * (1.0 + spread) + 1e-6);
    }
}
