use chrono::{DateTime, Duration};
use kernel::text::{clean_line, truncate_chars};
use kernel::token::OpaqueToken;
use kernel::{Clock, Ids};
use proptest::prelude::*;
use uuid::Uuid;

#[test]
fn names_lose_controls_and_reordering_marks() {
    assert_eq!(clean_line("  Ana\u{202e} \t\n Maria\u{0}\u{feff} "), "Ana Maria");
    assert_eq!(clean_line("\u{2066}\u{7}"), "");
}

proptest! {
    #[test]
    fn cleaning_twice_is_cleaning_once(text in "\\PC*") {
        let once = clean_line(&text);
        prop_assert_eq!(clean_line(&once), once);
    }

    #[test]
    fn cutting_counts_characters(text in "\\PC*", max in 0usize..20) {
        prop_assert_eq!(truncate_chars(&text, max), text.chars().take(max).collect::<String>());
    }
}

#[test]
fn a_manual_clock_moves_only_by_hand() {
    let clock = Clock::manual(DateTime::from_timestamp(100, 0).unwrap());
    let other = clock.clone();
    other.advance(Duration::seconds(5));
    assert_eq!(clock.now().timestamp(), 105);
}

#[test]
fn sortable_ids_carry_the_time_and_random_ones_do_not() {
    let ids = Ids::seeded(1);
    let early: Uuid = ids.sortable(DateTime::from_timestamp(1_000, 0).unwrap());
    let late: Uuid = ids.sortable(DateTime::from_timestamp(2_000, 0).unwrap());
    assert!(early < late && early.get_version_num() == 7);
    assert_eq!(ids.random::<Uuid>().get_version_num(), 4);
}

#[test]
fn a_token_has_one_successor_a_key() {
    let token = OpaqueToken::new(&Ids::seeded(7));
    let again = OpaqueToken::presented(token.expose());
    assert_eq!(token.hash(), again.hash());
    assert_eq!(token.successor(b"k").hash(), again.successor(b"k").hash());
    assert_ne!(token.successor(b"k").hash(), token.successor(b"other").hash());
}
