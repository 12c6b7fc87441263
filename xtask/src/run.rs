//! Running other programs, and the folder everything happens in.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What every step answers: a value, or one sentence about what went wrong.
pub type Done<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The root of the repository: the folder above this crate.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// The cargo that started us, so that a toolchain override stays in force.
pub fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root());
    // Set by `cargo run` for this crate; a build below must not inherit them, or it rebuilds what depends on them.
    for name in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "CARGO_PKG_VERSION", "CARGO_MANIFEST_PATH"] {
        command.env_remove(name);
    }
    command
}

/// Says what is being done, before something that takes a while.
pub fn say(what: &str) {
    eprintln!("\x1b[1m==> {what}\x1b[0m");
}

/// Runs to the end with our own terminal; anything but success is an error that names the program.
pub fn run(command: &mut Command) -> Done {
    let status = command.status().map_err(|e| format!("cannot start {}: {e}", name_of(command)))?;
    if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", shown(command)).into()) }
}

/// Runs quietly; the output is shown only when it fails.
pub fn run_quietly(command: &mut Command) -> Done {
    let output =
        command.stdin(Stdio::null()).output().map_err(|e| format!("cannot start {}: {e}", name_of(command)))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("{} ended with {}\n{}", shown(command), output.status, String::from_utf8_lossy(&said)).into())
}

/// Runs quietly and hands back what it printed.
pub fn read(command: &mut Command) -> Done<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .map_err(|e| format!("cannot start {}: {e}", name_of(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{} ended with {}\n{said}", shown(command), output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Where a program lies on PATH.
pub fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|p| p.is_file())
}

/// True when we run with all rights, so that `sudo` is not needed and PostgreSQL must be started as somebody else.
pub fn is_root() -> bool {
    read(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// All files below `dir` that git would see: neither ignored nor inside a build or dependency folder.
pub fn tracked_files() -> Done<Vec<PathBuf>> {
    let listed =
        read(Command::new("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]).current_dir(root()))?;
    Ok(listed.lines().map(PathBuf::from).filter(|p| root().join(p).is_file()).collect())
}

fn name_of(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn shown(command: &Command) -> String {
    let args = command.get_args().map(|a| a.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ");
    format!("`{} {args}`", name_of(command))
}
