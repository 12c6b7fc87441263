//! The keys, with what each may hold.

use super::rates;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A setting that an organization may change.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    pub name: &'static str,
    pub shape: Shape,
}

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Flag,
    /// A whole number, both ends included.
    Whole {
        least: i64,
        most: i64,
    },
    OneOf(&'static [&'static str]),
    /// Any subset but the empty one.
    SomeOf(&'static [&'static str]),
    /// Name of a role without organization-only permissions beyond `view`.
    ModestRole,
    /// Limits by class, none above the house's.
    RateLimits,
}

/// Every key, in the order of the document.
pub const KEYS: &[Key] = &[
    key("registration.mode", Shape::OneOf(&["closed", "invite", "domain", "open"])),
    key("registration.default_role", Shape::ModestRole),
    key("registration.require_verified_email", Shape::Flag),
    key("password.min_length", Shape::Whole { least: 8, most: 64 }),
    key("password.history", Shape::Whole { least: 0, most: 24 }),
    key("password.max_age_days", Shape::Whole { least: 0, most: 365 }),
    key("mfa.required_for", Shape::OneOf(&["none", "admins", "all"])),
    key("sign_in.methods", Shape::SomeOf(&["password", "magic_link", "passkey", "oidc"])),
    key("session.idle_minutes", Shape::Whole { least: 15, most: 43_200 }),
    key("session.max_days", Shape::Whole { least: 1, most: 90 }),
    key("session.max_per_user", Shape::Whole { least: 1, most: 100 }),
    key("support_access", Shape::OneOf(&["never", "on_request", "allowed"])),
    key("audit.retention_days", Shape::Whole { least: 180, most: 3_650 }),
    key("audit.log_reads", Shape::Flag),
    key("contacts.visibility", Shape::OneOf(&["organization", "related"])),
    key("rate_limits", Shape::RateLimits),
];

const fn key(name: &'static str, shape: Shape) -> Key {
    Key { name, shape }
}

/// The key of this name.
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

impl Shape {
    /// Whether a value fits. That a named role is there is asked where it is set.
    pub fn admits(self, value: &Value) -> bool {
        match self {
            Self::Flag => value.is_boolean(),
            Self::Whole { least, most } => value.as_i64().is_some_and(|number| (least..=most).contains(&number)),
            Self::OneOf(choices) => value.as_str().is_some_and(|choice| choices.contains(&choice)),
            Self::SomeOf(choices) => value.as_array().is_some_and(|chosen| {
                let distinct: BTreeSet<&str> = chosen.iter().filter_map(Value::as_str).collect();
                !chosen.is_empty()
                    && distinct.len() == chosen.len()
                    && distinct.iter().all(|choice| choices.contains(choice))
            }),
            Self::ModestRole => value.as_str().is_some_and(|name| (2..=50).contains(&name.chars().count())),
            Self::RateLimits => rates::admits(value),
        }
    }

    /// The same as a JSON schema, for forms.
    pub fn schema(self) -> Value {
        match self {
            Self::Flag => json!({ "type": "boolean" }),
            Self::Whole { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
            Self::OneOf(choices) => json!({ "type": "string", "enum": choices }),
            Self::SomeOf(choices) => json!({
                "type": "array", "items": { "type": "string", "enum": choices }, "minItems": 1, "uniqueItems": true
            }),
            Self::ModestRole => json!({ "type": "string", "minLength": 2, "maxLength": 50 }),
            Self::RateLimits => rates::schema(),
        }
    }

    /// In words, for the refusal of another value.
    pub fn wanted(self) -> String {
        match self {
            Self::Flag => "true or false.".to_owned(),
            Self::Whole { least, most } => format!("A whole number from {least} to {most}."),
            Self::OneOf(choices) => format!("One of {}.", choices.join(", ")),
            Self::SomeOf(choices) => format!("A list of one or more of {}, each once.", choices.join(", ")),
            Self::ModestRole => "The name of a role.".to_owned(),
            Self::RateLimits => "By class the requests a minute and an hour, none above the default.".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Effective;

    #[test]
    fn every_default_fits_its_key_and_every_key_has_one() {
        let defaults = Effective::default().to_map();
        assert_eq!(defaults.len(), KEYS.len());
        for key in KEYS {
            assert!(key.shape.admits(&defaults[key.name]), "{}", key.name);
        }
    }

    #[test]
    fn the_ends_of_a_range_fit_and_what_is_beyond_does_not() {
        for key in KEYS {
            if let Shape::Whole { least, most } = key.shape {
                assert!(key.shape.admits(&json!(least)) && key.shape.admits(&json!(most)), "{}", key.name);
                assert!(!key.shape.admits(&json!(least - 1)) && !key.shape.admits(&json!(most + 1)), "{}", key.name);
                assert!(!key.shape.admits(&json!("10")) && !key.shape.admits(&json!(10.5)), "{}", key.name);
            }
        }
    }

    #[test]
    fn a_subset_is_not_empty_and_names_each_once() {
        let methods = find("sign_in.methods").unwrap().shape;
        assert!(methods.admits(&json!(["password"])) && methods.admits(&json!(["oidc", "passkey"])));
        for wrong in [json!([]), json!(["password", "password"]), json!(["fax"]), json!("password"), json!([1])] {
            assert!(!methods.admits(&wrong), "{wrong}");
        }
    }
}
