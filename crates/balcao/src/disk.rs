//! How much room is left where the data folder is.

use std::path::Path;

/// Below this the product says so: PostgreSQL stops in an orderly way only while it can still write.
pub const LOW: u64 = 512 << 20;

/// Bytes that an ordinary process may still write on the disk that holds `folder` (or its nearest parent that exists).
pub fn free(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    let there = if there.as_os_str().is_empty() { Path::new(".") } else { there };
    let stat = rustix::fs::statvfs(there).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::free;
    use std::path::Path;

    #[test]
    fn folders_that_do_not_exist_yet_have_their_parents_room() {
        assert_eq!(free(Path::new("/tmp/nowhere/at/all")).is_some(), free(Path::new("/tmp")).is_some());
        assert!(free(Path::new("")).unwrap() > 0);
    }
}
