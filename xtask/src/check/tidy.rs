//! House rules that no compiler knows: file sizes, names, charters, and phrases that may not stand in the code.

use crate::run::{Done, root, tracked_files};
use std::path::Path;

const LONGEST_FILE: usize = 800;
const EMPTY_NAMES: &[&str] = &["utils", "util", "common", "core", "misc", "helpers"];

/// A phrase, where it may not stand, and why.
struct Phrase {
    text: &'static str,
    forbidden_in: fn(&str) -> bool,
    why: &'static str,
}

// The phrases are put together with `concat!`, or this file would find itself.
const PHRASES: &[Phrase] = &[
    Phrase { text: concat!("todo", "!("), forbidden_in: rust, why: "finish it or write an issue" },
    Phrase { text: concat!("unimplemented", "!("), forbidden_in: rust, why: "finish it or write an issue" },
    Phrase { text: concat!("dbg", "!("), forbidden_in: rust, why: "left over from looking" },
    Phrase { text: concat!("#[", "ignore"), forbidden_in: rust, why: "a test runs or goes" },
    Phrase { text: concat!("#[", "allow("), forbidden_in: rust, why: "#[expect(.., reason = \"..\")]" },
    Phrase { text: concat!("#![", "allow("), forbidden_in: rust, why: "#![expect(.., reason = \"..\")]" },
    Phrase { text: concat!("sqlx::", "query("), forbidden_in: product, why: "not checked at compile time: query!" },
    Phrase {
        text: concat!("sqlx::", "query_as("),
        forbidden_in: product,
        why: "not checked at compile time: query_as!",
    },
    Phrase {
        text: concat!("sqlx::", "query_as::<"),
        forbidden_in: product,
        why: "not checked at compile time: query_as!",
    },
    Phrase { text: concat!("sqlx::", "query_scalar("), forbidden_in: product, why: "not checked: query_scalar!" },
    Phrase { text: concat!("sqlx::", "query_scalar::<"), forbidden_in: product, why: "not checked: query_scalar!" },
    Phrase { text: concat!("sqlx::", "raw_sql("), forbidden_in: product, why: "not checked at compile time: query!" },
    Phrase {
        text: concat!("AssertSql", "Safe"),
        forbidden_in: product,
        why: "string-built SQL is how injections are made",
    },
    Phrase { text: concat!("println", "!("), forbidden_in: library, why: "libraries log through tracing" },
    Phrase { text: concat!("/work", "/main"), forbidden_in: anywhere, why: "a path of one machine" },
    Phrase { text: concat!("/work", "/shared"), forbidden_in: anywhere, why: "a path of one machine" },
    Phrase { text: concat!("thread::", "sleep("), forbidden_in: test, why: "wait for a condition with a deadline" },
];

/// Looks at every file that git knows or would take.
pub fn check() -> Done {
    let mut found = Vec::new();
    for path in tracked_files()? {
        let name = path.to_string_lossy().into_owned();
        // Not text: nothing to read in it.
        let Ok(text) = std::fs::read_to_string(root().join(&path)) else { continue };
        found.extend(look_at(&name, &text));
    }
    found.extend(missing_charters()?);
    super::findings("house rules broken", found)
}

fn look_at(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lines = text.lines().count();
    if written_by_hand(name) && lines > LONGEST_FILE {
        found.push(format!("{name}: {lines} lines, at most {LONGEST_FILE}: split it by what it does"));
    }
    if name.starts_with("crates/") || name.starts_with("xtask/") {
        let path = Path::new(name);
        let parts = path.components().map(|c| c.as_os_str().to_string_lossy());
        let empty = parts.map(|p| p.trim_end_matches(".rs").to_owned()).find(|p| EMPTY_NAMES.contains(&p.as_str()));
        if let Some(part) = empty {
            found.push(format!("{name}: `{part}` says nothing about what is inside"));
        }
    }
    for phrase in PHRASES.iter().filter(|p| (p.forbidden_in)(name)) {
        for (number, line) in text.lines().enumerate().filter(|(_, l)| l.contains(phrase.text)) {
            // A comment may speak of it, but a machine's path is wrong even there.
            let only_spoken_of = line.trim_start().starts_with("//") && rust(name) && !phrase.text.starts_with('/');
            if !only_spoken_of {
                found.push(format!("{name}:{}: `{}`: {}", number + 1, phrase.text, phrase.why));
            }
        }
    }
    found
}

fn missing_charters() -> Done<Vec<String>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root().join("crates"))?.flatten() {
        let src = entry.path().join("src");
        let Some(file) = ["lib.rs", "main.rs"].iter().map(|f| src.join(f)).find(|f| f.is_file()) else { continue };
        if !std::fs::read_to_string(&file)?.starts_with("//!") {
            let crate_name = entry.file_name().to_string_lossy().into_owned();
            found.push(format!("crates/{crate_name}: its first file does not open with a charter (//!)"));
        }
    }
    Ok(found)
}

fn written_by_hand(name: &str) -> bool {
    let kinds = ["rs", "sql", "mjs", "js", "ts", "py", "sh", "lua", "md", "toml"];
    let generated = name == "schema.sql" || name == "CHANGELOG.md";
    !generated && Path::new(name).extension().is_some_and(|e| kinds.iter().any(|k| e == *k))
}

fn anywhere(_: &str) -> bool {
    true
}

fn rust(name: &str) -> bool {
    name.ends_with(".rs") && (name.starts_with("crates/") || name.starts_with("xtask/"))
}

fn test(name: &str) -> bool {
    rust(name) && name.contains("/tests/")
}

/// The product's own code: not its tests, nor the two crates that handle raw SQL for the others.
fn product(name: &str) -> bool {
    let exempt = ["crates/store/", "crates/testkit/", "crates/schema/"];
    rust(name) && name.starts_with("crates/") && !test(name) && !exempt.iter().any(|e| name.starts_with(e))
}

fn library(name: &str) -> bool {
    let exempt = ["crates/balcao/", "crates/testkit/"];
    rust(name) && name.starts_with("crates/") && name.contains("/src/") && !exempt.iter().any(|e| name.starts_with(e))
}

#[cfg(test)]
mod tests {
    use super::look_at;

    #[test]
    fn each_rule_finds_its_breach() {
        let long = "x\n".repeat(801);
        for (name, text, says) in [
            ("crates/a/src/b.rs", long.as_str(), "801 lines"),
            ("crates/a/src/utils.rs", "", "`utils` says nothing"),
            ("crates/a/src/common/x.rs", "", "`common` says nothing"),
            ("crates/a/src/b.rs", concat!("fn a() { todo", "!() }"), "finish it"),
            ("crates/a/src/b.rs", concat!("    println", "!(\"x\")"), "tracing"),
            ("crates/a/src/b.rs", concat!("sqlx::", "query(\"select 1\")"), "compile time"),
            ("docs/x.md", concat!("see /work", "/main/x"), "one machine"),
        ] {
            let found = look_at(name, text);
            assert_eq!(found.len(), 1, "{name}: {found:?}");
            assert!(found[0].contains(says), "{name}: {found:?}");
        }
    }

    #[test]
    fn what_is_allowed_is_not_found() {
        let fine = concat!("// never println", "!( in a library\n");
        assert!(look_at("crates/a/src/b.rs", fine).is_empty());
        assert!(look_at("crates/balcao/src/b.rs", concat!("println", "!(\"x\")")).is_empty());
        assert!(look_at("crates/a/tests/b.rs", concat!("sqlx::", "query(\"select 1\")")).is_empty());
        assert!(look_at("openapi.json", &"x\n".repeat(5000)).is_empty());
    }
}
