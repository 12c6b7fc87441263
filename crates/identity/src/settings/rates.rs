//! Rate limits as a setting: lower than the house's defaults, never higher, and never higher than a layer below.

use http_kit::{Class, Limits};
use kernel::access::RateLimits;
use serde_json::{Map, Value, json};

/// Whether every class is one that organizations lower, and every limit one that it has and at most the default.
pub(super) fn admits(value: &Value) -> bool {
    let (Ok(limits), Some(given)) = (serde_json::from_value::<RateLimits>(value.clone()), value.as_object()) else {
        return false;
    };
    // `null` is no limit of its own; leaving it out says the same.
    let whole = given.values().all(|rate| rate.as_object().is_some_and(|rate| rate.values().all(Value::is_u64)));
    let house = Limits::default();
    whole
        && limits.iter().all(|(name, rate)| {
            let Some(class) = Class::parse(name).filter(|class| class.is_lowered_by_organizations()) else {
                return false;
            };
            let fits = |quota: Option<u32>, most: Option<u32>| {
                quota.is_none_or(|quota| most.is_some_and(|most| (1..=most).contains(&quota)))
            };
            let [minute, hour] = house.quotas(class);
            fits(rate.minute, minute) && fits(rate.hour, hour)
        })
}

/// The same as a JSON schema.
pub(super) fn schema() -> Value {
    let house = Limits::default();
    let mut classes = Map::new();
    for class in Class::ALL.into_iter().filter(|class| class.is_lowered_by_organizations()) {
        let mut limits = Map::new();
        for (name, most) in ["minute", "hour"].into_iter().zip(house.quotas(class)) {
            if let Some(most) = most {
                limits.insert(name.to_owned(), json!({ "type": "integer", "minimum": 1, "maximum": most }));
            }
        }
        let schema = json!({ "type": "object", "properties": limits, "additionalProperties": false });
        classes.insert(class.name().to_owned(), schema);
    }
    json!({ "type": "object", "properties": classes, "additionalProperties": false })
}

/// What holds where both layers set some: the lower of each.
pub(super) fn lowest(below: &Value, above: &Value) -> Value {
    let read = |value: &Value| serde_json::from_value::<RateLimits>(value.clone()).unwrap_or_default();
    let mut lowest = read(below);
    lowest.lower_to(&read(above));
    serde_json::to_value(lowest).unwrap_or_default()
}

/// The lowest of what the layers set, in any order; `None` where none sets any.
pub(crate) fn lowest_of(layers: &Value) -> Option<RateLimits> {
    let mut lowest = RateLimits::default();
    for layer in layers.as_array().into_iter().flatten().filter(|layer| admits(layer)) {
        lowest.lower_to(&serde_json::from_value(layer.clone()).unwrap_or_default());
    }
    (!lowest.is_empty()).then_some(lowest)
}

#[cfg(test)]
mod tests {
    use super::admits;
    use serde_json::json;

    #[test]
    fn the_default_is_the_ceiling() {
        for fits in [
            json!({}),
            json!({ "writing": { "hour": 1_000 } }),
            json!({ "people": { "minute": 1, "hour": 300 }, "sending": { "minute": 30 } }),
            json!({ "conversations": { "hour": 10 }, "reading": {} }),
        ] {
            assert!(admits(&fits), "{fits}");
        }
        for refused in [
            json!({ "writing": { "hour": 1_001 } }),
            json!({ "writing": { "hour": 0 } }),
            json!({ "writing": { "hour": null } }),
            json!({ "writing": { "minute": 10 } }),
            json!({ "writing": { "day": 10 } }),
            json!({ "writing": 10 }),
            json!({ "login": { "minute": 1 } }),
            json!({ "anonymous": { "minute": 1 } }),
            json!({ "no such class": { "hour": 1 } }),
            json!([]),
            json!(null),
        ] {
            assert!(!admits(&refused), "{refused}");
        }
    }
}
