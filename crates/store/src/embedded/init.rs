//! Making the cluster, once. It is made beside its place and moved there whole, so that an interrupted first start
//! leaves nothing that looks like a cluster.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use secrecy::{ExposeSecret, SecretString};
use tokio::process::Command;

use super::address::{self, SUPERUSER};
use super::diagnose;
use super::error::{EmbeddedError, during};
use super::find::Programs;
use super::folder::{self, Layout};
use super::run_as::Identity;

/// Start of the names of unfinished clusters.
const UNFINISHED: &str = "init-";
/// Our settings, read by PostgreSQL's own file.
pub(super) const OUR_CONF: &str = "balcao.conf";
/// Character classes of Unicode, order by code point: fast and the same everywhere. macOS has only the second, a
/// bare container perhaps only the last.
const CTYPES: [&str; 3] = ["C.UTF-8", "en_US.UTF-8", "C"];

/// Makes the cluster of `layout`, with a new password.
pub(super) async fn create(
    layout: &Layout,
    programs: &Programs,
    identity: &Identity,
) -> Result<SecretString, EmbeddedError> {
    clean(layout);
    let password = address::make_password(layout)?;
    let unfinished = layout.home().join(format!("{UNFINISHED}{}", address::random_hex::<4>()?));
    let outcome = run(layout, programs, identity, &unfinished, &password).await;
    // Whatever happened, the copy of the password goes, and so does what is not finished.
    clean(layout);
    outcome.map(|()| password)
}

/// Removes unfinished clusters of earlier starts.
pub(super) fn clean(layout: &Layout) {
    for entry in fs::read_dir(layout.home()).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            let path = entry.path();
            let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
    }
}

async fn run(
    layout: &Layout,
    programs: &Programs,
    identity: &Identity,
    unfinished: &Path,
    password: &SecretString,
) -> Result<(), EmbeddedError> {
    let password_file = unfinished.with_extension("password");
    folder::write_private(&password_file, password.expose_secret().as_bytes(), Some(identity))?;
    initdb(programs, identity, unfinished, &password_file).await?;

    let conf = unfinished.join("postgresql.conf");
    let mut file = OpenOptions::new().append(true).open(&conf).map_err(during("opening", &conf))?;
    writeln!(file, "\n# balcao writes this one anew at every start.\ninclude_if_exists = '{OUR_CONF}'")
        .and_then(|()| file.sync_all())
        .map_err(during("writing", &conf))?;

    let cluster = layout.cluster();
    // An empty folder may be in its place, such as a mount point's leftover; one with contents was refused before.
    if cluster.is_dir() {
        fs::remove_dir(&cluster).map_err(during("replacing", &cluster))?;
    }
    fs::rename(unfinished, &cluster).map_err(during("creating", &cluster))?;
    folder::sync_folder(&layout.home())
}

async fn initdb(
    programs: &Programs,
    identity: &Identity,
    target: &Path,
    password_file: &Path,
) -> Result<(), EmbeddedError> {
    let mut said = String::new();
    for ctype in CTYPES {
        let _ = fs::remove_dir_all(target);
        let mut command = Command::new(programs.initdb());
        identity.apply(&mut command);
        command.arg("--pgdata").arg(target).arg("--pwfile").arg(password_file);
        command.args(["--username", SUPERUSER, "--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums"]);
        command.args(["--locale-provider=libc", "--locale=C", &format!("--lc-ctype={ctype}"), "--no-instructions"]);
        command.stdin(Stdio::null()).kill_on_drop(true);
        let program = programs.initdb();
        let output = command.output().await.map_err(during("running", &program))?;
        if output.status.success() {
            return Ok(());
        }
        said = String::from_utf8_lossy(&output.stderr).into_owned();
        if said.trim().is_empty() {
            said = format!("initdb ended with {}", output.status);
        }
        if !said.contains("invalid locale name") && !said.contains("invalid locale settings") {
            break;
        }
    }
    Err(failure(target, &said))
}

fn failure(target: &Path, said: &str) -> EmbeddedError {
    let folder: PathBuf = target.parent().unwrap_or(target).to_path_buf();
    diagnose::full_or_closed(said, &folder)
        .unwrap_or_else(|| EmbeddedError::InitFailed { detail: diagnose::last_lines(said, 3) })
}
