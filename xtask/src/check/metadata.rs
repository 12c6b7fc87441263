//! What cargo knows about the workspace, as JSON.

use crate::run::{Done, cargo, read};
use serde_json::Value;

/// `cargo metadata` of the workspace's own packages only.
pub fn own() -> Done<Value> {
    Ok(serde_json::from_str(&read(cargo().args(["metadata", "--format-version", "1", "--no-deps"]))?)?)
}

/// The items of an array, or none.
pub fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// A text field, empty when absent or null.
pub fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
