//! The generated files that are committed are what the code generates now.

use crate::generate::{self, What};
use crate::run::{Done, root};
use std::collections::BTreeMap;
use std::path::Path;

/// Generates each again and compares. What differs stays on disk, ready to be looked at and committed.
pub fn check() -> Done {
    let mut stale = Vec::new();
    for what in [What::Errors, What::Sqlx, What::Schema, What::OpenApi] {
        let path = root().join(what.path());
        let before = contents(&path)?;
        generate::generate(what)?;
        let after = contents(&path)?;
        for (name, text) in &after {
            match before.get(name) {
                None => stale.push(format!("{name} was missing")),
                Some(old) if old != text => stale.push(format!("{name} was stale")),
                Some(_) => {}
            }
        }
        stale.extend(before.keys().filter(|n| !after.contains_key(*n)).map(|n| format!("{n} is no longer needed")));
    }
    super::findings("generated files were not fresh (they are now: commit them)", stale)
}

/// A file, or the files of a folder, by name.
fn contents(path: &Path) -> Done<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let name = |p: &Path| p.strip_prefix(root()).unwrap_or(p).to_string_lossy().into_owned();
    if path.is_file() {
        found.insert(name(path), std::fs::read_to_string(path)?);
    } else if path.is_dir() {
        for entry in std::fs::read_dir(path)?.flatten() {
            found.insert(name(&entry.path()), std::fs::read_to_string(entry.path())?);
        }
    }
    Ok(found)
}
