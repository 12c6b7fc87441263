//! The protocol's fixtures, and what they should become: read from their JSON, not with the product's code.

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;
use testkit::graph::webhook::meta_bytes;

/// One webhook body.
#[derive(Clone)]
pub struct Fixture {
    pub name: String,
    pub bytes: Vec<u8>,
    pub json: Value,
}

/// A message that should be there, once: number it came to, direction, the provider's id.
pub type Expected = (String, &'static str, String);

/// All webhook bodies, by name.
pub fn all() -> Vec<Fixture> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/whatsapp");
    let mut found: Vec<Fixture> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let bytes = std::fs::read(&path).unwrap();
            let json = serde_json::from_slice(&bytes).unwrap();
            Fixture { name: path.file_name().unwrap().to_string_lossy().into_owned(), bytes, json }
        })
        // The others hold requests, cases and vectors.
        .filter(|fixture| fixture.json.get("entry").is_some())
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(found.len() >= 79, "fixtures are missing: {}", found.len());
    found
}

/// The messages that all fixtures together should become.
pub fn expected(fixtures: &[Fixture]) -> BTreeSet<Expected> {
    fixtures.iter().flat_map(Fixture::messages).collect()
}

impl Fixture {
    /// Five copies: three as they are, two in other bytes with the same meaning, so that not only equal bodies are
    /// known again but equal items too.
    pub fn copies(&self) -> Vec<Vec<u8>> {
        let other = meta_bytes(&self.json);
        vec![self.bytes.clone(), self.bytes.clone(), self.bytes.clone(), other.clone(), other]
    }

    fn messages(&self) -> Vec<Expected> {
        let of = |list: &str, direction: &'static str| {
            let items = self.items(list).into_iter().filter(|(_, item)| is_message(item));
            let id = |item: &Value| item["id"].as_str().unwrap().to_owned();
            items.map(|(number, item)| (number, direction, id(item))).collect::<Vec<_>>()
        };
        [of("messages", "inbound"), of("message_echoes", "outbound")].concat()
    }

    /// The items of these lists, with the number each came to.
    fn items(&self, list: &str) -> Vec<(String, &Value)> {
        let entries = self.json["entry"].as_array().into_iter().flatten();
        let changes = entries.flat_map(|entry| entry["changes"].as_array().into_iter().flatten());
        changes
            .flat_map(|change| {
                let value = &change["value"];
                let number = value["metadata"]["phone_number_id"].as_str().unwrap_or_default();
                value[list].as_array().into_iter().flatten().map(move |item| (number.to_owned(), item))
            })
            .collect()
    }
}

/// Changes of other messages and of people are no messages themselves; groups are kept and not shown.
fn is_message(item: &Value) -> bool {
    let kind = item["type"].as_str().unwrap_or_default();
    !["edit", "revoke", "reaction", "system"].contains(&kind) && item.get("group_id").is_none()
}
