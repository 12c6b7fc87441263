//! The import table of `ARCHITECTURE.md` equals the manifests, so that a new edge between crates is a decision.
//!
//! The table is a fenced block that begins with three backticks and `imports`; a line is `crate: dep dep dep`.
//! Only normal dependencies among our own crates count; tests may use `testkit` and what they arrange with.

use super::metadata::{self, items, text};
use crate::run::{Done, root};
use std::collections::{BTreeMap, BTreeSet};

type Table = BTreeMap<String, BTreeSet<String>>;

/// Compares the page and the manifests.
pub fn check() -> Done {
    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).map_err(|e| format!("ARCHITECTURE.md: {e}"))?;
    let Some(written) = read_table(&page) else {
        return Err("ARCHITECTURE.md has no block ```imports with the import table".into());
    };
    super::findings("ARCHITECTURE.md and the manifests differ", differences(&written, &manifests()?))
}

fn read_table(page: &str) -> Option<Table> {
    let block = page.split_once("```imports\n")?.1.split_once("```")?.0;
    let lines = block.lines().filter_map(|l| l.split('#').next().unwrap_or_default().split_once(':'));
    Some(lines.map(|(c, deps)| (c.trim().to_owned(), deps.split_whitespace().map(str::to_owned).collect())).collect())
}

fn manifests() -> Done<Table> {
    let metadata = metadata::own()?;
    let ours: BTreeSet<&str> = items(&metadata, "packages").map(|p| text(p, "name")).collect();
    let mut table = Table::new();
    for package in items(&metadata, "packages").filter(|p| text(p, "name") != "xtask") {
        let normal = items(package, "dependencies").filter(|d| text(d, "kind").is_empty());
        let deps = normal.map(|d| text(d, "name")).filter(|d| ours.contains(d)).map(str::to_owned).collect();
        table.insert(text(package, "name").to_owned(), deps);
    }
    Ok(table)
}

fn differences(written: &Table, real: &Table) -> Vec<String> {
    let mut found = Vec::new();
    for (name, deps) in real {
        let Some(said) = written.get(name) else {
            found.push(format!("{name} is missing from the table"));
            continue;
        };
        found.extend(deps.difference(said).map(|d| format!("{name} imports {d}, which the table does not allow")));
        found.extend(said.difference(deps).map(|d| format!("{name} does not import {d}, though the table says so")));
    }
    found.extend(written.keys().filter(|n| !real.contains_key(*n)).map(|n| format!("{n} is no crate")));
    found
}

#[cfg(test)]
mod tests {
    use super::{differences, read_table};

    #[test]
    fn every_difference_is_told_both_ways() {
        let written = read_table("x\n```imports\na: b   # why\nb:\nold: a\n```\n").unwrap();
        let real = read_table("```imports\na: b c\nb: c\nc:\n```").unwrap();
        assert_eq!(
            differences(&written, &real),
            [
                "a imports c, which the table does not allow",
                "b imports c, which the table does not allow",
                "c is missing from the table",
                "old is no crate",
            ]
        );
        assert!(differences(&real, &real).is_empty());
        assert_eq!(read_table("no block here"), None);
    }
}
