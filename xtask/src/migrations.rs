//! Applies `migrations/` with psql alone, because the product cannot be compiled before its tables exist.
//!
//! `balcao migrate up` is the real runner; this one serves the sqlx macros, which look into a live database.

use crate::postgres::Cluster;
use crate::run::{Done, root, run_quietly};
use std::path::{Path, PathBuf};

/// A fresh database under this name, with the roles and every migration. Whatever bore the name is dropped.
pub fn fresh_database(cluster: &Cluster, name: &str) -> Done {
    let mut psql = cluster.psql("postgres");
    psql.args(["-c", &format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)")]);
    psql.args(["-c", &format!("CREATE DATABASE \"{name}\"")]);
    run_quietly(&mut psql)?;
    let roles = root().join("migrations/roles.sql");
    if roles.is_file() {
        run_quietly(cluster.psql(name).arg("-f").arg(roles))?;
        run_quietly(cluster.psql(name).args(["-c", &format!("ALTER DATABASE \"{name}\" OWNER TO balcao_owner")]))?;
    }
    up_all(cluster, name)
}

/// Takes every migration back, the newest first.
pub fn down_all(cluster: &Cluster, database: &str) -> Done {
    for file in up_files()?.iter().rev() {
        let down = PathBuf::from(file.to_string_lossy().replace(".up.sql", ".down.sql"));
        if !down.is_file() {
            return Err(format!("{} has no down", file.display()).into());
        }
        apply(cluster, database, &down)?;
    }
    Ok(())
}

/// Applies every migration in order.
pub fn up_all(cluster: &Cluster, database: &str) -> Done {
    up_files()?.iter().try_for_each(|file| apply(cluster, database, file))
}

/// The up files in the order of their names.
fn up_files() -> Done<Vec<PathBuf>> {
    let folder = root().join("migrations");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?.flatten().map(|e| e.path()).collect();
    files.retain(|f| f.to_string_lossy().ends_with(".up.sql"));
    files.sort();
    Ok(files)
}

/// One file, as the owner of the schema and in one transaction, unless its first line asks for none.
fn apply(cluster: &Cluster, database: &str, file: &Path) -> Done {
    let text = std::fs::read_to_string(file)?;
    let mut psql = cluster.psql(database);
    if !text.lines().next().unwrap_or_default().starts_with("-- no-transaction") {
        psql.arg("--single-transaction");
    }
    // Bodies of functions are not checked: they run as another role than the one that writes them.
    psql.args(["-c", "SET ROLE balcao_owner", "-c", "SET check_function_bodies = off"]).arg("-f").arg(file);
    run_quietly(&mut psql)
}
