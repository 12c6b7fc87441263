use super::*;
use proptest::prelude::*;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_355_200 + second, 0).unwrap()
}

fn evidence(status: OutboundStatus, second: i64) -> Evidence {
    Evidence { status, at: at(second), error: None }
}

fn failure(code: &str, second: i64) -> Evidence {
    let error = SendError { code: code.to_owned(), class: "recipient".to_owned(), detail: None, retryable: false };
    Evidence { status: OutboundStatus::Failed, at: at(second), error: Some(error) }
}

/// What anybody can see of a record.
fn view(record: &StatusRecord) -> (OutboundStatus, Vec<StatusTime>, Option<SendError>, bool) {
    (record.shown(), record.times(), record.error().cloned(), record.contradiction())
}

/// The rules of the specification written down naively over the whole set of evidence, not over a record.
fn naive_shown(all: &[Evidence]) -> OutboundStatus {
    let proven = all.iter().map(|e| e.status).filter(|s| *s != OutboundStatus::Failed).max();
    let proven = proven.unwrap_or(OutboundStatus::Queued);
    let failed = |unknown: bool| {
        all.iter().any(|e| e.error.as_ref().is_some_and(|error| (error.code == OUTCOME_UNKNOWN) == unknown))
    };
    if (failed(false) && proven < OutboundStatus::Delivered) || (failed(true) && proven < OutboundStatus::Accepted) {
        OutboundStatus::Failed
    } else {
        proven
    }
}

fn any_evidence() -> impl Strategy<Value = Evidence> {
    let status = prop::sample::select(OutboundStatus::PROGRESS.to_vec());
    prop_oneof![
        4 => (status, 0..5i64).prop_map(|(status, second)| evidence(status, second)),
        1 => (prop::sample::select(vec!["131026", "131047", OUTCOME_UNKNOWN]), 0..5i64)
            .prop_map(|(code, second)| failure(code, second)),
    ]
}

/// Every sequence of up to `length` items drawn with repetition from `pool`.
fn sequences(pool: usize, length: u32) -> impl Iterator<Item = Vec<usize>> {
    (0..=length).flat_map(move |len| {
        (0..pool.pow(len)).map(move |mut number| {
            (0..len)
                .map(|_| {
                    let index = number % pool;
                    number /= pool;
                    index
                })
                .collect()
        })
    })
}

#[test]
fn every_sequence_with_repetition_of_the_same_events_ends_alike() {
    use OutboundStatus::{Delivered, Read, Sent};
    let pool = [
        evidence(Sent, 1),
        evidence(Delivered, 10),
        evidence(Read, 30),
        failure("131026", 5),
        failure(OUTCOME_UNKNOWN, 7),
    ];
    let mut by_set = std::collections::HashMap::new();
    let mut tried = 0;
    for sequence in sequences(pool.len(), 7) {
        let mut set = sequence.clone();
        set.sort_unstable();
        set.dedup();
        let record = StatusRecord::fold(sequence.iter().map(|index| &pool[*index]));
        let seen = by_set.entry(set).or_insert_with(|| record.clone());
        assert_eq!(*seen, record, "sequence {sequence:?}");
        let chosen: Vec<Evidence> = sequence.iter().map(|index| pool[*index].clone()).collect();
        assert_eq!(record.shown(), naive_shown(&chosen), "sequence {sequence:?}");
        tried += 1;
    }
    assert_eq!(by_set.len(), 32, "every subset of the five events was met");
    assert!(tried > 90_000);
}

proptest! {
    #[test]
    fn order_and_repetition_leave_no_trace(
        all in prop::collection::vec(any_evidence(), 0..8),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..16),
    ) {
        let mut shuffled = all.clone();
        for index in &order {
            if !all.is_empty() {
                // Repeats one and moves another: together they reach any sequence with the same set.
                shuffled.push(index.get(&all).clone());
                let from = index.index(shuffled.len());
                let piece = shuffled.remove(from);
                shuffled.insert(0, piece);
            }
        }
        prop_assert_eq!(view(&StatusRecord::fold(&shuffled)), view(&StatusRecord::fold(&all)));
        prop_assert_eq!(StatusRecord::fold(&all).shown(), naive_shown(&all));
    }

    #[test]
    fn joining_is_commutative_associative_and_idempotent(
        a in prop::collection::vec(any_evidence(), 0..5),
        b in prop::collection::vec(any_evidence(), 0..5),
        c in prop::collection::vec(any_evidence(), 0..5),
    ) {
        let joined = |parts: &[&Vec<Evidence>]| {
            let mut record = StatusRecord::default();
            for part in parts {
                record.join(&StatusRecord::fold(part.iter()));
            }
            record
        };
        prop_assert_eq!(joined(&[&a, &b]), joined(&[&b, &a]));
        let mut right = StatusRecord::fold(&a);
        right.join(&joined(&[&b, &c]));
        prop_assert_eq!(&right, &joined(&[&a, &b, &c]));
        let mut again = right.clone();
        prop_assert!(!again.join(&right));
        prop_assert_eq!(again, right);
    }

    #[test]
    fn nothing_proven_is_ever_lost(
        all in prop::collection::vec(any_evidence(), 0..8),
        more in any_evidence(),
    ) {
        let before = StatusRecord::fold(&all);
        let mut after = before.clone();
        after.apply(&more);
        prop_assert!(after.proven() >= before.proven());
    }

    #[test]
    fn a_stored_record_comes_back(all in prop::collection::vec(any_evidence(), 0..8)) {
        let record = StatusRecord::fold(&all);
        let json = serde_json::to_string(&record).unwrap();
        prop_assert_eq!(serde_json::from_str::<StatusRecord>(&json).unwrap(), record);
    }
}

#[test]
fn the_first_time_of_each_state_is_kept() {
    use OutboundStatus::{Delivered, Sent};
    let record = StatusRecord::fold(&[evidence(Delivered, 20), evidence(Sent, 3), evidence(Delivered, 9)]);
    assert_eq!(
        record.times(),
        [
            StatusTime { status: Sent, at: at(3), inferred: false },
            StatusTime { status: Delivered, at: at(9), inferred: false },
        ]
    );
}

#[test]
fn read_without_delivered_fills_it_as_inferred_until_it_is_told() {
    use OutboundStatus::{Delivered, Read};
    let mut record = StatusRecord::fold(&[evidence(Read, 30)]);
    assert_eq!(record.times()[0], StatusTime { status: Delivered, at: at(30), inferred: true });
    assert_eq!(record.shown(), Read);
    assert!(record.apply(&evidence(Delivered, 12)));
    assert_eq!(record.times()[0], StatusTime { status: Delivered, at: at(12), inferred: false });
}

#[test]
fn delivery_beats_failure_and_the_contradiction_shows() {
    let mut record = StatusRecord::fold(&[evidence(OutboundStatus::Sent, 1), failure("131026", 5)]);
    assert_eq!(record.shown(), OutboundStatus::Failed);
    assert_eq!(record.error().map(|error| error.code.as_str()), Some("131026"));
    assert!(!record.contradiction());
    assert!(record.apply(&evidence(OutboundStatus::Delivered, 9)));
    assert_eq!((record.shown(), record.error(), record.contradiction()), (OutboundStatus::Delivered, None, true));
    assert!(record.times().iter().all(|time| time.status != OutboundStatus::Failed));
}

#[test]
fn any_sign_of_life_heals_an_unknown_outcome_but_not_a_verdict() {
    let mut record = StatusRecord::fold(&[failure(OUTCOME_UNKNOWN, 120)]);
    assert_eq!(record.shown(), OutboundStatus::Failed);
    record.apply(&evidence(OutboundStatus::Sent, 130));
    assert_eq!((record.shown(), record.contradiction()), (OutboundStatus::Sent, false));
    record.apply(&failure("131047", 140));
    assert_eq!(record.shown(), OutboundStatus::Failed);
}

#[test]
fn a_message_shows_its_lowest_part_and_any_failure() {
    use OutboundStatus::{Delivered, Failed, Queued, Read, Sent};
    assert_eq!(shown_of_parts([Read, Sent, Delivered]), Sent);
    assert_eq!(shown_of_parts([Read, Failed]), Failed);
    assert_eq!(shown_of_parts([]), Queued);
}

#[test]
fn names_are_read_back() {
    for status in OutboundStatus::PROGRESS {
        assert_eq!(OutboundStatus::parse(status.as_str()), Some(status));
    }
    assert_eq!(OutboundStatus::parse("failed"), Some(OutboundStatus::Failed));
    assert_eq!(OutboundStatus::parse("warning"), None);
}
