//! Which PostgreSQL programs to run: the operator's folder, the PATH, the places of the usual packages, or (last) a
//! download. A cluster that exists decides the major version; otherwise the first one that is new enough wins.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::error::EmbeddedError;
use super::fetch;

/// The oldest major version whose features our migrations use.
pub(super) const MINIMUM_MAJOR: u32 = 15;
/// A program that prints its version takes milliseconds; one that does not answer is none.
const VERSION_DEADLINE: Duration = Duration::from_secs(10);

/// A PostgreSQL version such as `15.18`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The part that decides about the data format.
    pub major: u32,
    text: String,
}

/// A folder with a matching pair of `initdb` and `postgres`.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    pub(super) bin_dir: PathBuf,
    pub(super) version: Version,
}

/// What is known before the search.
pub(super) struct Wish<'a> {
    /// The operator's choice: then nothing else is looked at.
    pub(super) bin_dir: Option<&'a Path>,
    /// The cluster's folder and its major version, if it exists.
    pub(super) cluster: Option<(&'a Path, u32)>,
    /// Where downloaded programs live.
    pub(super) fetched: &'a Path,
}

/// Finds programs for `wish`, downloading them only when nothing usable is installed and the build can.
pub(super) async fn find(wish: &Wish<'_>) -> Result<Programs, EmbeddedError> {
    let folders = match wish.bin_dir {
        Some(folder) => vec![folder.to_path_buf()],
        None => folders(search_path(), Path::new("/"), wish.fetched),
    };
    let mut seen = Vec::new();
    for folder in &folders {
        let Some(programs) = probe(folder).await else { continue };
        if programs.version.fits(wish.cluster) {
            return Ok(programs);
        }
        seen.push(programs);
    }
    let local = failure(&folders, seen, wish);
    if wish.bin_dir.is_some() {
        return Err(local);
    }
    match fetch::programs(wish.fetched, wish.cluster.map(|(_, major)| major)).await {
        None => Err(local),
        Some(Err(detail)) => Err(EmbeddedError::FetchFailed { local: local.to_string(), detail }),
        Some(Ok(bin_dir)) => probe(&bin_dir).await.ok_or_else(|| EmbeddedError::FetchFailed {
            local: local.to_string(),
            detail: format!("the programs in {} do not run on this machine", bin_dir.display()),
        }),
    }
}

impl Programs {
    pub(super) fn initdb(&self) -> PathBuf {
        self.bin_dir.join("initdb")
    }

    pub(super) fn postgres(&self) -> PathBuf {
        self.bin_dir.join("postgres")
    }
}

impl Version {
    /// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`, `… 17beta2` and the like, or a bare `15.18`.
    pub(super) fn parse(printed: &str) -> Option<Self> {
        let text = printed.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        Some(Self { major: digits.parse().ok()?, text: text.to_owned() })
    }

    fn fits(&self, cluster: Option<(&Path, u32)>) -> bool {
        self.major >= MINIMUM_MAJOR && cluster.is_none_or(|(_, major)| self.major == major)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The programs in `folder`, or `None` when the pair is not complete or does not run.
///
/// A package may put only links on the PATH. The programs find their libraries and templates from where they really
/// are, so the real folder is used when it holds both; where the link is a wrapper script, its own folder stays.
async fn probe(folder: &Path) -> Option<Programs> {
    let linked = folder.join("postgres");
    let real = std::fs::canonicalize(&linked).ok()?;
    let bin_dir = real
        .parent()
        .filter(|real| real.join("postgres").is_file() && real.join("initdb").is_file())
        .map(Path::to_path_buf)
        .or_else(|| folder.join("initdb").is_file().then(|| folder.to_path_buf()))?;
    let mut command = Command::new(bin_dir.join("postgres"));
    command.arg("--version").current_dir("/").stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(VERSION_DEADLINE, command.output()).await.ok()?.ok()?;
    let version = Version::parse(&String::from_utf8_lossy(&output.stdout))?;
    Some(Programs { bin_dir, version })
}

fn failure(folders: &[PathBuf], mut seen: Vec<Programs>, wish: &Wish<'_>) -> EmbeddedError {
    seen.sort_by_key(|programs| programs.version.major);
    let Some(newest) = seen.pop() else {
        let searched = folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ");
        return EmbeddedError::ProgramsMissing { searched };
    };
    let (found, path) = (newest.version.to_string(), newest.bin_dir);
    match wish.cluster {
        Some((folder, data)) => EmbeddedError::OtherMajor { folder: folder.to_path_buf(), data, found, path },
        None => EmbeddedError::TooOld { found, path },
    }
}

#[expect(clippy::disallowed_methods, reason = "PATH says where programs are; it configures nothing of ours")]
fn search_path() -> Option<OsString> {
    std::env::var_os("PATH")
}

/// Families of versioned folders, as (parent, start of the name, below it): Debian and Ubuntu, the packages of
/// postgresql.org for Fedora and its relatives, openSUSE, Alpine, Homebrew on both kinds of Mac.
const VERSIONED: [(&str, &str, &str); 6] = [
    ("usr/lib/postgresql", "", "bin"),
    ("usr", "pgsql-", "bin"),
    ("usr/lib", "postgresql", "bin"),
    ("usr/libexec", "postgresql", ""),
    ("opt/homebrew/opt", "postgresql@", "bin"),
    ("usr/local/opt", "postgresql@", "bin"),
];
/// Places without a version in the name, also searched when the PATH is a service manager's short one.
const PLAIN: [&str; 4] = ["usr/bin", "opt/homebrew/bin", "usr/local/bin", "usr/local/pgsql/bin"];

/// Where to look, best first. Every folder exists; none is listed twice.
fn folders(search_path: Option<OsString>, root: &Path, fetched: &Path) -> Vec<PathBuf> {
    let mut list: Vec<PathBuf> = search_path.iter().flat_map(std::env::split_paths).collect();
    for (parent, start, below) in VERSIONED {
        list.extend(newest_first(&root.join(parent), start).into_iter().map(|folder| folder.join(below)));
    }
    list.extend(PLAIN.map(|folder| root.join(folder)));
    list.extend(newest_first(fetched, "").into_iter().map(|folder| folder.join("bin")));
    let mut unique = Vec::new();
    for folder in list {
        // A relative entry of the PATH would mean another folder in the child, which runs in "/".
        if folder.is_absolute() && folder.is_dir() && !unique.contains(&folder) {
            unique.push(folder);
        }
    }
    unique
}

fn newest_first(parent: &Path, start: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = name.strip_prefix(start)?.split('.').next()?.parse().ok()?;
            Some((version, entry.path()))
        })
        .collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_the_programs_print() {
        let major = |text| Version::parse(text).map(|version| version.major);
        assert_eq!(major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 13.4"), Some(13));
        assert_eq!(major("postgres (PostgreSQL) 19beta1"), Some(19));
        assert_eq!(major("command not found"), None);
        assert_eq!(Version::parse("postgres (PostgreSQL) 16.2").unwrap().to_string(), "16.2");
    }

    #[test]
    fn the_path_comes_first_then_packages_newest_first() {
        let root = tempfile::tempdir().unwrap();
        let made = ["own/bin", "usr/lib/postgresql/9.6/bin", "usr/lib/postgresql/17/bin", "usr/lib/postgresql/15/bin"];
        for folder in made.iter().chain(&["opt/homebrew/opt/postgresql@16/bin", "usr/bin", "fetched/16.4.0/bin"]) {
            std::fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        let path = std::env::join_paths([root.path().join("own/bin"), root.path().join("absent")]).unwrap();
        let found = folders(Some(path), root.path(), &root.path().join("fetched"));
        let found: Vec<_> =
            found.iter().map(|path| path.strip_prefix(root.path()).unwrap().to_str().unwrap()).collect();
        assert_eq!(
            found,
            [
                "own/bin",
                "usr/lib/postgresql/17/bin",
                "usr/lib/postgresql/15/bin",
                "usr/lib/postgresql/9.6/bin",
                "opt/homebrew/opt/postgresql@16/bin",
                "usr/bin",
                "fetched/16.4.0/bin",
            ]
        );
    }
}
