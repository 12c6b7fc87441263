//! The ground crate `files` from outside: blobs by organization, types, names, ranges and links.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test by panicking")]

mod failures;
mod faulty;
mod links;
mod names;
mod serving;
mod sniffing;
mod storing;

use chrono::{DateTime, Utc};
use files::{Declared, NewBlob};
use kernel::Ids;
use kernel::ids::OrganizationId;
use std::path::{Path, PathBuf};

fn now() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

fn blob(ids: &Ids, organization: OrganizationId, max_bytes: u64) -> NewBlob {
    NewBlob { organization, file: ids.sortable(now()), at: now(), declared: Declared::default(), max_bytes }
}

/// Every file below a folder.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found
}
