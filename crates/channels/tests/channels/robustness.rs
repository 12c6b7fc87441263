//! Whatever comes in, `normalize` answers, and what it answers can be stored.

use channels::connector::{InboundEvent, InboundKind};
use channels::whatsapp::normalize::normalize;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fixtures;

/// What the rest of the house relies on for every event.
fn check(events: &[InboundEvent]) {
    for event in events {
        assert!(!event.dedupe_key.is_empty() && event.dedupe_key.len() <= 1_200);
        assert!(!event.dedupe_key.contains('\0'));
        assert!(serde_json::from_str::<serde::de::IgnoredAny>(event.raw.get()).is_ok());
        if let Some(address) = event.contact() {
            assert!(!format!("{address:?}").contains("\\0"));
            assert!(matches!(event.kind, InboundKind::Status(_)) || !address.is_nobody());
        }
        let segments = match &event.kind {
            InboundKind::Message(message) | InboundKind::Echo(message) => &message.segments,
            InboundKind::Edit(edit) => &edit.segments,
            _ => continue,
        };
        assert!(!segments.is_empty());
        assert!(!serde_json::to_string(segments).unwrap().contains("\\u0000"));
    }
}

/// All fixtures together, to pick from.
fn fixture() -> impl Strategy<Value = Vec<u8>> {
    let all: Vec<Vec<u8>> = fixtures::webhooks().into_iter().map(|(_, raw)| raw).collect();
    prop::sample::select(all)
}

/// Something that does not belong where it is put.
fn oddity() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("")),
        Just(json!("\u{0}\u{202e}\n")),
        Just(json!("9".repeat(700))),
        Just(json!("-1")),
        Just(json!([])),
        Just(json!({})),
        Just(json!([[{}], {"type": "text"}])),
        Just(json!({"id": "wamid.x", "type": "system", "from": "1"})),
    ]
}

/// The pointers of all nodes of a value.
fn nodes(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(parts) => {
            for (key, part) in parts {
                nodes(part, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                nodes(item, format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
    found.push(at);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn fixtures_with_odd_values_put_in(
        raw in fixture(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), oddity()), 1..6),
    ) {
        let mut value: Value = serde_json::from_slice(&raw).unwrap();
        for (place, odd) in changes {
            let mut found = Vec::new();
            nodes(&value, String::new(), &mut found);
            if let Some(node) = value.pointer_mut(&found[place.index(found.len())]) {
                *node = odd;
            }
        }
        check(&normalize(&serde_json::to_vec(&value).unwrap()));
    }

    #[test]
    fn fixtures_with_parts_taken_out(raw in fixture(), places in prop::collection::vec(any::<prop::sample::Index>(), 1..6)) {
        let mut value: Value = serde_json::from_slice(&raw).unwrap();
        for place in places {
            let mut found = Vec::new();
            nodes(&value, String::new(), &mut found);
            if let Some((parent, key)) = found[place.index(found.len())].rsplit_once('/')
                && let Some(Value::Object(parts)) = value.pointer_mut(parent)
            {
                parts.remove(key);
            }
        }
        check(&normalize(&serde_json::to_vec(&value).unwrap()));
    }

    #[test]
    fn fixtures_with_bytes_changed(
        mut raw in fixture(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        for (place, byte) in changes {
            let index = place.index(raw.len());
            raw[index] = byte;
        }
        if let Some(cut) = cut {
            raw.truncate(cut.index(raw.len()));
        }
        check(&normalize(&raw));
    }

    #[test]
    fn bytes_of_any_sort(raw in prop::collection::vec(any::<u8>(), 0..500)) {
        check(&normalize(&raw));
    }

    #[test]
    fn a_bad_item_among_good_ones_changes_none_of_them(
        bad in oddity(),
        count in 1usize..10,
        place in any::<prop::sample::Index>(),
    ) {
        let good: Vec<Value> =
            (0..count).map(|n| fixtures::text(&format!("wamid.{n}"), "5511990000001", "ok")).collect();
        let mut mixed = good.clone();
        mixed.insert(place.index(count + 1), bad);
        let read = |items: Vec<Value>| normalize(&fixtures::messages(json!([]), json!(items)));
        let keys = |events: &[InboundEvent]| {
            events.iter().map(|e| e.dedupe_key.clone()).filter(|key| key.starts_with("message:")).collect::<Vec<_>>()
        };
        let (alone, together) = (read(good), read(mixed));
        prop_assert_eq!(keys(&alone).len(), count);
        let found: Vec<String> =
            keys(&together).into_iter().filter(|key| keys(&alone).contains(key)).collect();
        prop_assert_eq!(found, keys(&alone));
        prop_assert_eq!(together.len(), count + 1, "the bad one is kept too");
    }
}
