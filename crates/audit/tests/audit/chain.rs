//! The chain as a pure thing: whatever is done to it shows, at the first place where it was done.

use audit::chain::GENESIS;
use audit::{Broken, Checker, Link};
use chrono::{DateTime, Duration};
use proptest::prelude::*;
use uuid::Uuid;

fn chain(contents: &[(String, String)]) -> Vec<Link> {
    let mut prev = GENESIS.to_vec();
    let mut links = Vec::new();
    for (place, (action, details)) in contents.iter().enumerate() {
        let seq = i64::try_from(place).unwrap() + 1;
        let mut link = Link {
            organization_id: Uuid::from_u128(1),
            seq,
            id: Uuid::from_u128(1000 + u128::try_from(seq).unwrap()),
            event_id: Uuid::from_u128(2000 + u128::try_from(seq).unwrap()),
            at: DateTime::from_timestamp(1_790_000_000 + seq, 5_000).unwrap(),
            action: action.clone(),
            category: "auth".to_owned(),
            actor_kind: "user".to_owned(),
            actor_id: (seq % 3 != 0).then(|| Uuid::from_u128(7)),
            impersonator_id: None,
            resource_type: "user".to_owned(),
            resource_id: Uuid::from_u128(8),
            result: "success".to_owned(),
            request_id: "r".to_owned(),
            details: format!("{details:?}"),
            commitments: "{}".to_owned(),
            prev_hash: prev,
            hash: Vec::new(),
        };
        link.hash = link.computed().to_vec();
        prev = link.hash.clone();
        links.push(link);
    }
    links
}

fn check(links: &[Link]) -> Result<(), Broken> {
    let mut checker = Checker::after(0, &GENESIS);
    links.iter().try_for_each(|link| checker.take(link))
}

fn contents() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec((".{0,8}", ".{0,20}"), 2..20)
}

/// Changes one thing of an entry without mending its hash.
fn change(link: &mut Link, what: usize) {
    match what {
        0 => link.at += Duration::microseconds(1),
        1 => link.action.push('x'),
        2 => link.category.push('x'),
        3 => link.actor_kind.push('x'),
        4 => link.actor_id = Some(Uuid::from_u128(99)),
        5 => link.impersonator_id = Some(Uuid::from_u128(99)),
        6 => link.resource_type.push('x'),
        7 => link.resource_id = Uuid::from_u128(99),
        8 => link.result = "failed".to_owned(),
        9 => link.request_id.push('x'),
        10 => link.details.push(' '),
        11 => link.commitments.push(' '),
        12 => link.id = Uuid::from_u128(99),
        13 => link.event_id = Uuid::from_u128(99),
        14 => link.organization_id = Uuid::from_u128(99),
        15 => link.hash[0] ^= 1,
        _ => link.prev_hash[31] ^= 1,
    }
}

proptest! {
    #[test]
    fn an_untouched_chain_holds(contents in contents()) {
        prop_assert_eq!(check(&chain(&contents)), Ok(()));
    }

    #[test]
    fn every_member_is_covered(contents in contents(), place in any::<prop::sample::Index>(), what in 0..17usize) {
        let mut links = chain(&contents);
        let place = place.index(links.len());
        change(&mut links[place], what);
        let broken = check(&links).unwrap_err();
        prop_assert_eq!(broken.seq(), i64::try_from(place).unwrap() + 1);
    }

    #[test]
    fn a_member_cannot_run_into_the_next(action in "[a-z]{1,8}", category in "[a-z]{1,8}") {
        let links = chain(&[(action.clone(), String::new())]);
        let mut moved = links[0].clone();
        let last = moved.action.pop().unwrap();
        moved.category = format!("{last}{category}");
        let mut straight = links[0].clone();
        straight.category = category;
        prop_assert_ne!(moved.computed(), straight.computed());
    }

    #[test]
    fn a_removed_entry_is_named(contents in contents(), place in any::<prop::sample::Index>()) {
        let mut links = chain(&contents);
        let place = place.index(links.len() - 1);
        links.remove(place);
        let seq = i64::try_from(place).unwrap() + 1;
        prop_assert_eq!(check(&links), Err(Broken::Missing { seq }));
    }

    #[test]
    fn two_swapped_entries_are_named(contents in contents(), place in any::<prop::sample::Index>()) {
        let mut links = chain(&contents);
        let place = place.index(links.len() - 1);
        let (first, second) = (links[place].seq, links[place + 1].seq);
        links.swap(place, place + 1);
        // As one who swaps rows would: their numbers too.
        links[place].seq = first;
        links[place + 1].seq = second;
        prop_assert_eq!(check(&links).unwrap_err().seq(), first);
    }

    #[test]
    fn a_cut_tail_shows_against_the_head(contents in contents(), left in any::<prop::sample::Index>()) {
        let links = chain(&contents);
        let left = left.index(links.len());
        let mut checker = Checker::after(0, &GENESIS);
        for link in &links[..left] {
            checker.take(link).unwrap();
        }
        let (last, head) = (i64::try_from(left).unwrap(), i64::try_from(links.len()).unwrap());
        prop_assert_eq!(checker.reaches(head), Err(Broken::CutOff { last, head }));
    }
}
