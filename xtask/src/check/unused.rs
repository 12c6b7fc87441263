//! Dependencies that no source file of their crate names.
//!
//! An exception stands in the manifest with its reason: `[package.metadata.xtask.keep]`, `name = "reason"`.

use super::metadata::{self, items, text};
use crate::run::Done;
use serde_json::Value;
use std::path::Path;

/// Looks at every manifest of the workspace.
pub fn check() -> Done {
    let metadata = metadata::own()?;
    let mut found = Vec::new();
    for package in items(&metadata, "packages") {
        found.extend(unused_of(package)?);
    }
    super::findings("declared but never named in the crate's sources", found)
}

fn unused_of(package: &Value) -> Done<Vec<String>> {
    let folder = Path::new(text(package, "manifest_path")).parent().unwrap_or(Path::new("."));
    let mut product = String::new();
    let mut all = String::new();
    for dir in ["src", "tests", "benches", "examples"] {
        collect(&folder.join(dir), &mut all)?;
        if dir == "src" {
            product.clone_from(&all);
        }
    }
    let keep = package.pointer("/metadata/xtask/keep");
    let mut found = Vec::new();
    for dependency in items(package, "dependencies") {
        let name = match text(dependency, "rename") {
            "" => text(dependency, "name"),
            renamed => renamed,
        };
        // A dependency of the product that only tests use belongs among the dev-dependencies.
        let sources = if text(dependency, "kind").is_empty() { &product } else { &all };
        let kept = keep.is_some_and(|k| !text(k, name).is_empty());
        if !kept && !names(sources, &name.replace('-', "_")) {
            found.push(format!("{}: {name}", text(package, "name")));
        }
    }
    Ok(found)
}

fn collect(dir: &Path, into: &mut String) -> Done {
    if !dir.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(dir)?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, into)?;
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push_str(&std::fs::read_to_string(path)?);
        }
    }
    Ok(())
}

/// True when `word` stands in `text` as a path's beginning, an import or an attribute, not as part of another word.
fn names(text: &str, word: &str) -> bool {
    let edge = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        let after = text.get(at + word.len()..).unwrap_or_default();
        let used = ["::", ";", " as ", ",", "}", "("].iter().any(|s| after.starts_with(s));
        edge(before) && used && edge(after.chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn only_a_use_counts() {
        assert!(names("use sqlx::query;", "sqlx"));
        assert!(names("#[tokio::main]", "tokio"));
        assert!(names("use {hex, sha2};", "sha2"));
        assert!(!names("// sqlx is fine", "sqlx"));
        assert!(!names("use my_sqlx::x;", "sqlx"));
        assert!(!names("use sqlx_core::x;", "sqlx"));
    }
}
