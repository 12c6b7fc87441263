//! The 24-hour window.

use channels::whatsapp::normalize::normalize;
use channels::whatsapp::window::ServiceWindow;
use chrono::{DateTime, Duration, Utc};
use proptest::prelude::*;

use crate::fixtures;

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_355_200 + minute * 60, 0).unwrap()
}

#[test]
fn it_is_open_at_23_h_57_and_closed_at_23_h_59() {
    let window = ServiceWindow::opened_by(Some(at(0)), at(1), "wamid.1");
    assert_eq!(window.closes_at - window.opens_at, Duration::hours(24));
    for (minute, open) in
        [(0, true), (23 * 60 + 57, true), (23 * 60 + 58, false), (23 * 60 + 59, false), (3_000, false)]
    {
        assert_eq!(window.is_open(at(minute)), open, "minute {minute}");
    }
}

#[test]
fn the_providers_time_counts_unless_it_lies_in_the_future() {
    assert_eq!(ServiceWindow::opened_by(Some(at(0)), at(90), "x").opens_at, at(0));
    assert_eq!(ServiceWindow::opened_by(Some(at(91)), at(90), "x").opens_at, at(90));
    assert_eq!(ServiceWindow::opened_by(None, at(90), "x").opens_at, at(90));
}

#[test]
fn signs_of_life_open_it_and_nothing_else_does() {
    let opens = |name: &str| {
        normalize(&fixtures::bytes(name)).iter().any(|event| ServiceWindow::of_event(event, at(100_000)).is_some())
    };
    for name in [
        "in_text.json",
        "in_audio_voice_note.json",
        "in_button_without_context.json",
        "in_interactive_list_reply.json",
        "in_reaction_added.json",
        "in_unsupported_131051.json",
        "in_future_type_unknown.json",
    ] {
        assert!(opens(name), "{name}");
    }
    for name in [
        "in_reaction_removed_absent.json",
        "in_edit_text.json",
        "in_revoke.json",
        "in_group_message.json",
        "in_system_user_changed_number.json",
        "in_value_level_errors.json",
        "st_read_without_pricing.json",
        "echo_sent_from_business_app.json",
        "history_sync_chunk.json",
        "user_preferences_stop.json",
    ] {
        assert!(!opens(name), "{name}");
    }
}

proptest! {
    #[test]
    fn messages_in_any_order_leave_the_same_window(minutes in prop::collection::vec(0..5_000i64, 1..8), turn in 0usize..8) {
        let window = |minute: &i64| ServiceWindow::opened_by(Some(at(*minute)), at(*minute), &format!("wamid.{minute}"));
        let all = |minutes: &[i64]| minutes.iter().map(window).reduce(ServiceWindow::later);
        let mut turned = minutes.clone();
        turned.rotate_left(turn % minutes.len());
        prop_assert_eq!(all(&turned), all(&minutes));
        prop_assert_eq!(all(&minutes).map(|w| w.opens_at), minutes.iter().max().map(|m| at(*m)));
    }
}
