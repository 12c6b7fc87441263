//! What the domains say that they bring is what their code has: permissions, events.

use crate::place::Place;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// One domain: what `balcao catalogue` says of it, and the product code of its crate, tests and comments left out.
struct Domain {
    name: String,
    said: Value,
    code: String,
}

impl Domain {
    fn names(&self, list: &str) -> BTreeSet<String> {
        let names = self.said[list].as_array().expect("a list").iter();
        names.map(|name| name.as_str().or(name["kind"].as_str()).expect("a name").to_owned()).collect()
    }
}

/// What is written like an event and is none.
const NO_EVENTS: &[(&str, &str)] = &[
    ("audit.json", "a file of a person's export"),
    ("audit.csv", "a file of an export"),
    ("audit.jsonl", "a file of an export"),
    ("organization.json", "a file of an organization's export"),
    ("audit.heads", "what a delivery of checkpoints is called"),
    ("audit.heads_secret", "a setting"),
    ("audit.heads_to", "a setting"),
    ("audit.heads_url", "a setting"),
    ("audit.log_reads", "a setting"),
    ("audit.retention_days", "a setting"),
];

async fn domains() -> Vec<Domain> {
    let said = Place::new().run(&["catalogue", "--json"]).await.json();
    let entries = said.as_array().expect("domains").iter();
    let domains: Vec<Domain> = entries
        .map(|said| {
            let name = said["module"].as_str().expect("a name").to_owned();
            // The house's own module lives in the binary.
            let folder = if name == "house" { "balcao" } else { &name };
            Domain { code: code_of(folder), said: said.clone(), name }
        })
        .collect();
    assert!(domains.len() >= 6, "the domains are found");
    domains
}

#[tokio::test]
async fn every_permission_of_a_domain_is_asked_for_and_every_route_asks_for_one_of_its_domain() {
    let domains = domains().await;
    let document = Place::new().run(&["openapi"]).await.json();
    let mut asked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for item in document["paths"].as_object().expect("paths").values() {
        for operation in item.as_object().expect("operations").values().filter(|part| part.is_object()) {
            let permission = operation["x-permission"].as_str().expect("a permission");
            if !["public", "own"].contains(&permission) {
                let domain = operation["tags"][0].as_str().expect("a tag").to_owned();
                asked.entry(domain).or_default().insert(permission.to_owned());
            }
        }
    }
    let mut wrong = Vec::new();
    for (tag, permissions) in &asked {
        let Some(domain) = domains.iter().find(|domain| domain.name == *tag) else {
            wrong.push(format!("routes are tagged {tag}, which is no domain"));
            continue;
        };
        let unlisted = permissions.difference(&domain.names("permissions")).cloned().collect::<Vec<_>>();
        wrong
            .extend(unlisted.iter().map(|name| format!("a route of {tag} asks for {name}, which {tag} does not list")));
    }
    let none = BTreeSet::new();
    for domain in &domains {
        for permission in domain.names("permissions") {
            let constant = format!("Permission::{}", permission.replace('.', "_").to_uppercase());
            // Its place in the list is no use of it.
            let used = word_count(&domain.code, &constant) > 1;
            if !used && !asked.get(&domain.name).unwrap_or(&none).contains(&permission) {
                wrong.push(format!("{} lists {permission}, and nothing in it asks for that", domain.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn every_event_that_is_appended_is_documented_once_and_every_documented_one_is_appended() {
    let domains = domains().await;
    let mut wrong = Vec::new();
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    for domain in &domains {
        for kind in domain.names("events") {
            if let Some(other) = owners.insert(kind.clone(), &domain.name) {
                wrong.push(format!("{kind} is documented by {other} and by {}", domain.name));
            }
        }
    }
    let kernel = code_of("kernel");
    let permissions: BTreeSet<String> = dotted(&kernel).map(str::to_owned).collect();
    assert!(permissions.contains("users.view"), "the catalogue of permissions is found");
    let families: BTreeSet<&str> = owners.keys().filter_map(|kind| kind.split('.').next()).collect();
    for domain in &domains {
        let documented = domain.names("events");
        // Other things are called `area.verb` too.
        let mut others: BTreeSet<String> =
            ["job_kinds", "schedules", "readers"].iter().flat_map(|list| domain.names(list)).collect();
        others.extend(permissions.iter().cloned());
        others.extend(domains.iter().flat_map(|domain| domain.names("job_kinds")));
        others.extend(NO_EVENTS.iter().map(|(name, _)| (*name).to_owned()));
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for literal in dotted(&domain.code) {
            *counts.entry(literal).or_default() += 1;
        }
        for kind in &documented {
            if counts.get(kind.as_str()).copied().unwrap_or_default() < 2 {
                wrong.push(format!("{} documents {kind} and never appends it", domain.name));
            }
        }
        for literal in counts.keys().filter(|literal| !documented.contains(**literal) && !others.contains(**literal)) {
            let family = literal.split('.').next().unwrap_or_default();
            if families.contains(family) && !is_heard(&domains, literal) {
                wrong.push(format!("{} appends {literal}, which is not documented", domain.name));
            }
        }
        if word_count(&domain.code, "append") > 0 && documented.is_empty() && domain.name != "house" {
            wrong.push(format!("{} appends events and documents none", domain.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whether it is an event of some domain: a reader names what it listens to.
fn is_heard(domains: &[Domain], kind: &str) -> bool {
    domains.iter().any(|domain| domain.names("events").contains(kind))
}

/// String literals of the form `area.verb`.
fn dotted(code: &str) -> impl Iterator<Item = &str> {
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase()) && word.chars().all(|c| c.is_ascii_lowercase() || c == '_')
    };
    let literals = code.split('"').skip(1).step_by(2);
    literals.filter(move |literal| {
        let mut words = literal.split('.');
        matches!((words.next(), words.next(), words.next()), (Some(a), Some(b), None) if is_word(a) && is_word(b))
    })
}

/// How often a word stands in the code, longer words that begin with it left out.
fn word_count(code: &str, word: &str) -> usize {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    code.match_indices(word).filter(|(at, _)| code.get(at + word.len()..).is_some_and(ends)).count()
}

/// The product code of a crate as one text.
fn code_of(crate_name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(crate_name).join("src");
    let mut files = Vec::new();
    collect(&folder, &mut files);
    files.sort();
    let mut code = String::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for line in product.lines().filter(|line| !line.trim_start().starts_with("//")) {
            code.push_str(line);
            code.push('\n');
        }
    }
    assert!(!code.is_empty(), "{crate_name} has code");
    // A quote as a character, or within a string, would turn literals inside out.
    code.replace("'\"'", "' '").replace("\\\"", "  ")
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
}
