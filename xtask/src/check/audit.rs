//! Licences, banned crates, doubled crates and sources, by the lists of `deny.toml`.
//!
//! `cargo deny` does the same and advisories too, and is asked as well where it is installed; this needs nothing but cargo.

use super::licence::acceptable;
use crate::run::{Done, cargo, read, root, run_quietly, which};
use std::collections::{BTreeMap, BTreeSet};

/// Reads the lists and the graph that is really compiled, and says what does not fit.
pub fn check() -> Done {
    let rules = Rules::read(&std::fs::read_to_string(root().join("deny.toml"))?);
    // `cargo metadata` would name optional crates that nobody asks for; `cargo tree` resolves features as a build does.
    let mut tree = cargo();
    tree.args(["tree", "--locked", "--workspace", "--target", "x86_64-unknown-linux-gnu", "--prefix", "none"]);
    let listed = read(tree.args(["--format", "{p}|{l}"]))?;
    super::findings("deny.toml forbids", rules.broken_by(&listed))?;
    if which("cargo-deny").is_some() {
        // Advisories need a database from outside; the rest works anywhere.
        run_quietly(cargo().args(["deny", "check", "licenses", "bans", "sources"]))?;
    }
    Ok(())
}

/// The part of `deny.toml` that is checked here.
#[derive(Debug, Default, PartialEq)]
struct Rules {
    licences: BTreeSet<String>,
    banned: BTreeMap<String, String>,
    single: BTreeSet<String>,
}

impl Rules {
    /// Reads the two lists `allow = [..]` and `deny = [..]`, an item a line, as our file is written.
    fn read(text: &str) -> Rules {
        let mut rules = Rules::default();
        let mut list = "";
        for line in text.lines().map(str::trim) {
            match line {
                "allow = [" => list = "allow",
                "deny = [" => list = "deny",
                "]" => list = "",
                _ if list == "allow" => rules.licences.extend(line.split('"').nth(1).map(str::to_owned)),
                _ if list == "deny" => rules.add_ban(line),
                _ => {}
            }
        }
        rules
    }

    fn add_ban(&mut self, line: &str) {
        let quoted = |key: &str| Some(line.split_once(key)?.1.split('"').nth(1)?.to_owned());
        let Some(name) = quoted("name =") else { return };
        if line.contains("deny-multiple-versions = true") {
            self.single.insert(name);
        } else {
            self.banned.insert(name, quoted("reason =").unwrap_or_default());
        }
    }

    /// `listed`: a line a package, `name vVERSION (note)|licence`. The note is `proc-macro`, a path for our own, `*` for
    /// one seen before, or the address of a source that is not the registry.
    fn broken_by(&self, listed: &str) -> Vec<String> {
        let mut found = BTreeSet::new();
        let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (package, licence) in listed.lines().filter_map(|l| l.split_once('|')) {
            let mut words = package.split_whitespace();
            let (Some(name), Some(version)) = (words.next(), words.next()) else { continue };
            versions.entry(name).or_default().insert(version);
            let licence = licence.trim_end_matches("(*)").trim_end();
            if !acceptable(licence, &|l| self.licences.contains(l)) {
                found.insert(format!("{name} {version}: licence `{licence}`"));
            }
            if let Some(reason) = self.banned.get(name) {
                found.insert(format!("{name} {version}: banned ({reason})"));
            }
            if words.any(|note| !["(proc-macro)", "(*)"].contains(&note) && !note.starts_with("(/")) {
                found.insert(format!("{name} {version}: comes from elsewhere than crates.io"));
            }
        }
        for (name, all) in versions.iter().filter(|(n, all)| all.len() > 1 && self.single.contains(**n)) {
            let all: Vec<&str> = all.iter().copied().collect();
            found.insert(format!("{name}: more than one version ({})", all.join(", ")));
        }
        found.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Rules;

    const FILE: &str = "[licenses]\nallow = [\n    \"MIT\",\n]\n[bans]\ndeny = [\n    { name = \"openssl\", reason = \"one TLS\" },\n    { name = \"axum\", deny-multiple-versions = true },\n]\n";

    #[test]
    fn each_rule_finds_its_breach_and_nothing_else() {
        let rules = Rules::read(FILE);
        let good = "axum v0.8.9|MIT\naxum v0.8.9|MIT (*)\nm v1.0.0 (proc-macro)|MIT\nours v0.1.0 (/x/y)|MIT (*)\nserde v1.0.0|MIT\nserde v2.0.0|MIT\n";
        assert_eq!(rules.broken_by(good), Vec::<String>::new());
        let bad =
            "axum v0.7.0|MIT\nopenssl v1.0.0|MIT\nx v1.0.0|GPL-3.0\ny v1.0.0 (https://example.test/y#1)|MIT\nz v1.0.0|";
        assert_eq!(
            rules.broken_by(&format!("{good}{bad}")),
            [
                "axum: more than one version (v0.7.0, v0.8.9)",
                "openssl v1.0.0: banned (one TLS)",
                "x v1.0.0: licence `GPL-3.0`",
                "y v1.0.0: comes from elsewhere than crates.io",
                "z v1.0.0: licence ``",
            ]
        );
    }

    #[test]
    fn our_own_file_is_understood() {
        let rules = Rules::read(include_str!("../../../deny.toml"));
        assert!(rules.licences.contains("Apache-2.0") && rules.banned.contains_key("native-tls"));
        assert!(rules.single.contains("axum") && !rules.banned.contains_key("axum"));
    }
}
