//! Rate limits that an organization set lower than the house's for its own people and keys.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// By the name of what is counted together (`http_kit::Class`), e.g. `writing`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RateLimits(BTreeMap<String, Rate>);

/// So many a minute and an hour; absent: as the house says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minute: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hour: Option<u32>,
}

impl RateLimits {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was set for one class.
    pub fn of(&self, class: &str) -> Rate {
        self.0.get(class).copied().unwrap_or_default()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, Rate)> {
        self.0.iter().map(|(class, rate)| (class.as_str(), *rate))
    }

    /// Lowers what is higher than in `other`: of several layers none can raise what another set.
    pub fn lower_to(&mut self, other: &Self) {
        for (class, rate) in &other.0 {
            let own = self.0.entry(class.clone()).or_default();
            own.minute = lower(own.minute, rate.minute);
            own.hour = lower(own.hour, rate.hour);
        }
    }
}

/// The lower one; absent is no limit.
fn lower(one: Option<u32>, other: Option<u32>) -> Option<u32> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::{Rate, RateLimits};
    use serde_json::json;

    fn limits(value: serde_json::Value) -> RateLimits {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn of_two_layers_the_lower_one_holds_whichever_comes_first() {
        let one = limits(json!({ "writing": { "hour": 100 }, "sending": { "minute": 9 } }));
        let other = limits(json!({ "writing": { "hour": 300 }, "people": { "minute": 5, "hour": 50 } }));
        let lowest = limits(
            json!({ "writing": { "hour": 100 }, "sending": { "minute": 9 }, "people": { "minute": 5, "hour": 50 } }),
        );
        for (mut one, other) in [(one.clone(), other.clone()), (other, one)] {
            one.lower_to(&other);
            assert_eq!(one, lowest);
        }
        assert_eq!(lowest.of("reading"), Rate::default());
    }
}
