//! The files that are generated and committed, for readers and for diffs.

use crate::errors;
use crate::migrations;
use crate::postgres::{Cluster, Durability, Programs};
use crate::run::{self, Done, cargo, read, root, say};
use crate::tools::{self, Consent};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// One generated thing.
#[derive(Clone, Copy)]
pub enum What {
    /// `openapi.json`: what the binary says about its routes.
    OpenApi,
    /// `schema.sql`: the tables after all migrations.
    Schema,
    /// `docs/errors.md`: the codes of errors.
    Errors,
    /// `.sqlx/`: the described queries, so that the code builds without a database.
    Sqlx,
}

impl What {
    /// Its file or folder, from the root.
    pub fn path(self) -> &'static str {
        match self {
            What::OpenApi => "openapi.json",
            What::Schema => "schema.sql",
            What::Errors => errors::FILE,
            What::Sqlx => ".sqlx",
        }
    }
}

/// `gen [errors|openapi|schema|sqlx ..]`, all when none is named. The queries come before what needs a binary.
pub fn run(args: &[String]) -> Done {
    let all = ["errors", "sqlx", "schema", "openapi"].map(str::to_owned);
    for name in if args.is_empty() { &all[..] } else { args } {
        let what = match name.as_str() {
            "openapi" => What::OpenApi,
            "schema" => What::Schema,
            "sqlx" => What::Sqlx,
            "errors" => What::Errors,
            other => return Err(format!("gen {other}: one of errors, openapi, schema, sqlx").into()),
        };
        say(&format!("generating {}", what.path()));
        generate(what)?;
    }
    Ok(())
}

/// Writes it anew.
pub fn generate(what: What) -> Done {
    match what {
        What::OpenApi => openapi(),
        What::Schema => schema(),
        What::Sqlx => sqlx(),
        What::Errors => errors::generate(),
    }
}

/// The product's binary in the dev profile: the one that `BALCAO_BIN` names, or freshly built.
pub fn binary() -> Done<PathBuf> {
    if let Some(given) = std::env::var_os("BALCAO_BIN") {
        return Ok(root().join(given));
    }
    run::run(cargo().args(["build", "--quiet", "--package", "balcao"]).env("SQLX_OFFLINE", "true"))?;
    Ok(root().join("target/debug/balcao"))
}

fn openapi() -> Done {
    let text = read(Command::new(binary()?).arg("openapi"))?;
    // A half-written document must not replace a good one.
    let made: Value = serde_json::from_str(&text).map_err(|e| format!("`balcao openapi` prints no JSON: {e}"))?;
    let path = root().join("openapi.json");
    // Members of an object have no order, and extensions come in another one each time.
    let kept = std::fs::read_to_string(&path).ok().and_then(|old| serde_json::from_str::<Value>(&old).ok());
    if kept.is_some_and(|kept| kept == made) {
        return Ok(());
    }
    Ok(std::fs::write(path, text.trim_end().to_owned() + "\n")?)
}

fn schema() -> Done {
    let programs = tools::postgres(Consent { given: false })?;
    let cluster = Cluster::temporary(&programs, Durability::None)?;
    run::run_quietly(cluster.psql("postgres").args(["-c", "CREATE DATABASE balcao"]))?;
    let mut migrate = Command::new(binary()?);
    run::run_quietly(migrate.args(["migrate", "up"]).env("DATABASE_URL", cluster.url("balcao")))?;
    let head = "-- The tables after all migrations, by `cargo xtask gen schema`. Do not edit.\n";
    Ok(std::fs::write(root().join("schema.sql"), head.to_owned() + &dump(&programs, &cluster.url("balcao"))?)?)
}

/// What `pg_dump` says of a database's schema, without what changes from one dump to the next.
pub fn dump(programs: &Programs, url: &str) -> Done<String> {
    Ok(without_versions(&read(programs.command("pg_dump").args(["--schema-only", "--no-comments", "-d", url]))?))
}

/// A dump names the version of pg_dump and, since 15.14, a random word; neither says anything about the schema.
fn without_versions(dump: &str) -> String {
    let mut text = String::new();
    let mut blank = true;
    for line in dump.lines() {
        let noise = line.starts_with("--") || line.starts_with("\\restrict") || line.starts_with("\\unrestrict");
        let setting =
            (line.starts_with("SET ") && line.ends_with(';')) || line.starts_with("SELECT pg_catalog.set_config");
        if noise || setting || (line.is_empty() && blank) {
            continue;
        }
        blank = line.is_empty();
        text.push_str(line);
        text.push('\n');
    }
    while text.ends_with("\n\n") {
        text.pop();
    }
    text
}

/// Compiles everything against a migrated database; the macros leave what they learnt in a folder.
fn sqlx() -> Done {
    let programs = tools::postgres(Consent { given: false })?;
    let cluster = Cluster::temporary(&programs, Durability::None)?;
    migrations::fresh_database(&cluster, "balcao")?;
    let fresh = root().join("target/xtask/sqlx");
    if fresh.is_dir() {
        std::fs::remove_dir_all(&fresh)?;
    }
    std::fs::create_dir_all(&fresh)?;
    touch_users_of_sqlx()?;
    let mut check = cargo();
    check.args(["check", "--quiet", "--workspace", "--all-targets"]);
    check.env("DATABASE_URL", cluster.url("balcao")).env("SQLX_OFFLINE", "false").env("SQLX_OFFLINE_DIR", &fresh);
    run::run(&mut check)?;
    replace_folder(&fresh, &root().join(".sqlx"))
}

/// Cargo does not know that a macro looked into a database, so it must be told to expand them again.
fn touch_users_of_sqlx() -> Done {
    let metadata: Value =
        serde_json::from_str(&read(cargo().args(["metadata", "--format-version", "1", "--no-deps"]))?)?;
    let array = |v: &Value, key: &str| v.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    for package in array(&metadata, "packages") {
        if !array(&package, "dependencies").iter().any(|d| d.get("name").and_then(Value::as_str) == Some("sqlx")) {
            continue;
        }
        for target in array(&package, "targets") {
            let Some(path) = target.get("src_path").and_then(Value::as_str) else { continue };
            std::fs::File::options().append(true).open(path)?.set_modified(SystemTime::now())?;
        }
    }
    Ok(())
}

/// Only files that differ are written, so that nothing is rebuilt for nothing.
fn replace_folder(from: &Path, to: &Path) -> Done {
    std::fs::create_dir_all(to)?;
    for old in std::fs::read_dir(to)?.flatten() {
        if !from.join(old.file_name()).is_file() {
            std::fs::remove_file(old.path())?;
        }
    }
    let mut count = 0;
    for new in std::fs::read_dir(from)?.flatten() {
        count += 1;
        let (text, target) = (std::fs::read(new.path())?, to.join(new.file_name()));
        if std::fs::read(&target).ok().as_ref() != Some(&text) {
            std::fs::write(target, text)?;
        }
    }
    eprintln!("    {count} queries");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::without_versions;

    #[test]
    fn two_dumps_of_one_schema_are_the_same_text() {
        let one = "--\n-- Dumped by pg_dump version 15.18\n--\n\n\\restrict abc\n\nSET statement_timeout = 0;\n\nCREATE TABLE a ();\n\n\nCREATE TABLE b ();\n\n\\unrestrict abc\n\n";
        let two = "--\n-- Dumped by pg_dump version 16.2\n--\n\n\nCREATE TABLE a ();\n\n\nCREATE TABLE b ();\n\n";
        assert_eq!(without_versions(one), without_versions(two));
        assert!(without_versions(one).ends_with("CREATE TABLE a ();\n\nCREATE TABLE b ();\n"));
    }
}
