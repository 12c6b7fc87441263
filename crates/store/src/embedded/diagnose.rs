//! Why `initdb` or `postgres` failed, from what they said. The server's messages are untranslated (`lc_messages = C`).

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::error::EmbeddedError;

/// More than enough for one start; a log may be large.
const TAIL: u64 = 64 * 1024;

/// How long the log files were before a start, so that only that start's lines are read afterwards.
pub(super) struct LogMark {
    folder: PathBuf,
    lengths: HashMap<PathBuf, u64>,
}

impl LogMark {
    pub(super) fn set(folder: &Path) -> Self {
        let lengths = files(folder).collect();
        Self { folder: folder.to_path_buf(), lengths }
    }

    /// Everything that was logged since.
    pub(super) fn read(&self) -> String {
        let mut text = String::new();
        for (path, length) in files(&self.folder) {
            // A shorter file was begun anew.
            let from = self.lengths.get(&path).copied().filter(|from| *from <= length).unwrap_or(0);
            let _ = read_from(&path, from.max(length.saturating_sub(TAIL)), &mut text);
        }
        text
    }
}

/// What a failed start means.
pub(super) enum Verdict {
    /// Processes of a killed server are still attached: try again when they are gone.
    Leftovers,
    /// Somebody killed it while it started, or in the moment after: try again.
    Killed,
    /// Somebody took the port.
    PortTaken,
    Error(EmbeddedError),
}

/// Judges a start of `postgres` by the lines it logged.
pub(super) fn failed_start(said: &str, cluster: &Path, log: &Path) -> Verdict {
    if said.contains("pre-existing shared memory block") {
        return Verdict::Leftovers;
    }
    if said.contains("could not bind") || said.contains("Address already in use") {
        return Verdict::PortTaken;
    }
    if let Some(error) = full_or_closed(said, cluster) {
        return Verdict::Error(error);
    }
    let worst = said.lines().rev().find(|line| ["PANIC:", "FATAL:", "ERROR:"].iter().any(|word| line.contains(word)));
    let detail = worst.map_or_else(|| last_lines(said, 2), without_prefix);
    let detail = if detail.is_empty() { "it ended without a word".to_owned() } else { detail };
    Verdict::Error(EmbeddedError::StartFailed { detail, log: log.to_path_buf() })
}

/// The two troubles of the disk that both programs report in the system's words.
pub(super) fn full_or_closed(said: &str, path: &Path) -> Option<EmbeddedError> {
    let path = path.to_path_buf();
    if said.contains("No space left on device") || said.contains("Disk quota exceeded") {
        return Some(EmbeddedError::DiskFull { path });
    }
    if said.contains("Read-only file system") {
        return Some(EmbeddedError::NotWritable { path, source: io::ErrorKind::ReadOnlyFilesystem.into() });
    }
    said.contains("Permission denied")
        .then(|| EmbeddedError::NotWritable { path, source: io::Error::other(last_lines(said, 1)) })
}

/// The last `count` lines that are not empty, in one.
pub(super) fn last_lines(said: &str, count: usize) -> String {
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.get(lines.len().saturating_sub(count)..).unwrap_or_default().join("; ")
}

fn without_prefix(line: &str) -> String {
    ["PANIC:", "FATAL:", "ERROR:"]
        .iter()
        .find_map(|word| line.split_once(word))
        .map_or(line, |(_, rest)| rest)
        .trim()
        .to_owned()
}

fn files(folder: &Path) -> impl Iterator<Item = (PathBuf, u64)> {
    fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|entry| {
        let length = entry.metadata().ok().filter(fs::Metadata::is_file)?.len();
        Some((entry.path(), length))
    })
}

fn read_from(path: &Path, from: u64, into: &mut String) -> io::Result<()> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    into.push_str(&String::from_utf8_lossy(&bytes));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(said: &str) -> EmbeddedError {
        match failed_start(said, Path::new("/data"), Path::new("/log")) {
            Verdict::Error(error) => error,
            Verdict::Leftovers | Verdict::Killed | Verdict::PortTaken => panic!("{said}"),
        }
    }

    #[test]
    fn the_last_fatal_line_is_the_reason() {
        let said = "2026-01-02 03:04:05 UTC [7] LOG:  starting\n\
            2026-01-02 03:04:05 UTC [7] FATAL:  could not load file \"x\"\n\
            2026-01-02 03:04:05 UTC [7] LOG:  database system is shut down\n";
        let text = judged(said).to_string();
        assert!(text.contains("could not load file \"x\"") && !text.contains("shut down"), "{text}");
    }

    #[test]
    fn troubles_of_the_disk_are_told_apart() {
        let full = "PANIC:  could not write to file \"pg_wal/xlogtemp.9\": No space left on device";
        assert!(matches!(judged(full), EmbeddedError::DiskFull { .. }));
        let closed = "FATAL:  could not open file \"pg_wal/1\": Read-only file system";
        assert!(matches!(judged(closed), EmbeddedError::NotWritable { .. }));
    }

    #[test]
    fn only_lines_after_the_mark_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("postgresql-Mon.log");
        fs::write(&log, "FATAL: old\n").unwrap();
        let mark = LogMark::set(folder.path());
        fs::write(&log, "FATAL: old\nFATAL: new\n").unwrap();
        assert_eq!(mark.read(), "FATAL: new\n");
    }
}
