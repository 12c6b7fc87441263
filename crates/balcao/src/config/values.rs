//! Where each value comes from: defaults, then the file, then the environment, then flags. The last one that speaks wins.

use super::table::{OTHER_VARIABLES, Preset, SETTINGS, Setting, setting};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A configuration that is refused: the name as the operator wrote it, and what is wrong, as one sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} {problem}")]
pub struct Refused {
    pub name: String,
    pub problem: String,
}

impl Refused {
    pub fn new(name: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { name: name.into(), problem: problem.into() }
    }
}

/// Who set a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Default,
    /// A key of this file.
    File(PathBuf),
    /// This variable.
    Environment(String),
    /// This flag.
    Flag(&'static str),
}

/// A value before it is read.
#[derive(Clone, Debug)]
pub struct Value {
    pub text: String,
    pub source: Source,
}

/// The merged values, by key.
#[derive(Clone, Debug, Default)]
pub struct Values(BTreeMap<&'static str, Value>);

impl Values {
    /// Merges the three sources over the defaults.
    ///
    /// # Errors
    /// Unknown names, and values that are given twice in one place.
    pub fn merge(
        file: Option<&Path>,
        environment: &[(String, String)],
        flags: &[(&'static str, &'static str, String)],
    ) -> Result<Self, Refused> {
        let mut values = Self::default();
        for setting in SETTINGS {
            if let Preset::Text(text) = setting.default {
                values.0.insert(setting.key, Value { text: text.to_owned(), source: Source::Default });
            }
        }
        if let Some(path) = file {
            for (key, text) in super::file::read(path)? {
                values.take_from_file(path, &key, text)?;
            }
        }
        values.take_environment(environment)?;
        for (key, flag, text) in flags {
            values.0.insert(key, Value { text: text.clone(), source: Source::Flag(flag) });
        }
        Ok(values)
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// The value as `read` understands it, `None` when nothing is set.
    ///
    /// # Errors
    /// What `read` says, under the name that the operator used.
    pub fn read<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Refused> {
        let Some(value) = self.0.get(key) else { return Ok(None) };
        read(value.text.trim()).map(Some).map_err(|problem| self.refuse(key, problem))
    }

    /// The same for settings that always have a value.
    ///
    /// # Errors
    /// What `read` says, or that the value is missing.
    pub fn need<T>(&self, key: &'static str, read: impl FnOnce(&str) -> Result<T, String>) -> Result<T, Refused> {
        self.read(key, read)?.ok_or_else(|| self.refuse(key, "is missing"))
    }

    /// A refusal of this key's value, under the name that the operator used.
    pub fn refuse(&self, key: &'static str, problem: impl Into<String>) -> Refused {
        let name = match self.0.get(key).map(|value| &value.source) {
            Some(Source::Environment(name)) => name.clone(),
            Some(Source::Flag(flag)) => (*flag).to_owned(),
            Some(Source::File(path)) => format!("{key} in {}", path.display()),
            Some(Source::Default) | None => {
                setting(key).and_then(|s| s.env.first()).map_or(key.to_owned(), |env| (*env).to_owned())
            }
        };
        Refused::new(name, problem)
    }

    fn take_from_file(&mut self, path: &Path, key: &str, text: String) -> Result<(), Refused> {
        let (row, is_path) = find(key, |setting, name| setting.key == name, "_file");
        let name = format!("{key} in {}", path.display());
        let Some(row) = row else {
            return Err(Refused::new(name, format!("is no setting{}", suggestion(key, |setting| setting.key))));
        };
        if self.0.get(row.key).is_some_and(|value| matches!(value.source, Source::File(_))) {
            return Err(Refused::new(name, "is given twice: as a value and as a file"));
        }
        let text = if is_path { read_secret(&name, &text)? } else { text };
        self.0.insert(row.key, Value { text, source: Source::File(path.to_path_buf()) });
        Ok(())
    }

    fn take_environment(&mut self, variables: &[(String, String)]) -> Result<(), Refused> {
        // An empty variable is an unset one: scripts cannot always leave one out.
        for (name, text) in variables.iter().filter(|(_, text)| !text.trim().is_empty()) {
            let (row, is_path) = find(name, |setting, name| setting.env.contains(&name), "_FILE");
            let Some(row) = row else {
                if name.starts_with("BALCAO_") && !OTHER_VARIABLES.contains(&name.as_str()) {
                    let near = suggestion(name, |setting| setting.env.first().copied().unwrap_or_default());
                    return Err(Refused::new(name, format!("is no setting{near}")));
                }
                continue;
            };
            if let Some(Value { source: Source::Environment(other), .. }) = self.0.get(row.key) {
                return Err(Refused::new(name, format!("means the same as {other}: set one of them")));
            }
            let text = if is_path { read_secret(name, text)? } else { text.clone() };
            self.0.insert(row.key, Value { text, source: Source::Environment(name.clone()) });
        }
        Ok(())
    }
}

/// The row that `name` means, and whether it names a file with the value.
fn find(name: &str, is: impl Fn(&Setting, &str) -> bool, suffix: &str) -> (Option<&'static Setting>, bool) {
    if let Some(row) = SETTINGS.iter().find(|row| is(row, name)) {
        return (Some(row), false);
    }
    let of_file = name.strip_suffix(suffix).and_then(|name| SETTINGS.iter().find(|row| row.secret && is(row, name)));
    (of_file, true)
}

fn read_secret(name: &str, path: &str) -> Result<String, Refused> {
    let text = std::fs::read_to_string(path).map_err(|error| Refused::new(name, format!("cannot be read: {error}")))?;
    let text = text.trim();
    if text.is_empty() { Err(Refused::new(name, "names an empty file")) } else { Ok(text.to_owned()) }
}

/// `: did you mean ..?` when a name is near.
fn suggestion(wrong: &str, name: impl Fn(&'static Setting) -> &'static str) -> String {
    let near = SETTINGS.iter().map(|row| (distance(wrong, name(row)), name(row))).min();
    near.filter(|(distance, _)| *distance <= 3).map(|(_, name)| format!(": did you mean {name}?")).unwrap_or_default()
}

/// Levenshtein's distance of two short names.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let replaced = diagonal + usize::from(x != y);
            diagonal = *cell;
            left = replaced.min(left + 1).min(diagonal + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_last_source_wins() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("balcao.toml");
        std::fs::write(&file, "listen = '127.0.0.1:1'\n[limits]\nreading = '7/h'\n").unwrap();
        let environment = variables(&[("BALCAO_LISTEN", "127.0.0.1:2"), ("BALCAO_ROLES", ""), ("HOME", "/")]);
        let merged = Values::merge(Some(&file), &environment, &[]).unwrap();
        assert_eq!(merged.get("listen").unwrap().text, "127.0.0.1:2");
        assert_eq!(merged.get("limits.reading").unwrap().source, Source::File(file.clone()));
        assert_eq!(merged.get("roles").unwrap().source, Source::Default);
        let flags = [("listen", "--listen", "127.0.0.1:3".to_owned())];
        let merged = Values::merge(Some(&file), &environment, &flags).unwrap();
        assert_eq!(merged.get("listen").unwrap().text, "127.0.0.1:3");
    }

    #[test]
    fn names_that_are_no_settings_are_refused_with_the_nearest() {
        let wrong = Values::merge(None, &variables(&[("BALCAO_LISTN", "x")]), &[]).unwrap_err();
        assert_eq!(wrong.to_string(), "BALCAO_LISTN is no setting: did you mean BALCAO_LISTEN?");
        let wrong = Values::merge(None, &variables(&[("BALCAO_SOMETHING_ELSE_ENTIRELY", "x")]), &[]).unwrap_err();
        assert_eq!(wrong.to_string(), "BALCAO_SOMETHING_ELSE_ENTIRELY is no setting");
        assert!(Values::merge(None, &variables(&[("BALCAO_BIN", "x"), ("BALCAOLIKE", "x")]), &[]).is_ok());
    }

    #[test]
    fn secrets_come_from_files_and_only_once() {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "  s3cret \n").unwrap();
        let path = secret.to_str().unwrap();
        let merged = Values::merge(None, &variables(&[("BALCAO_WHATSAPP_APP_SECRET_FILE", path)]), &[]).unwrap();
        assert_eq!(merged.get("whatsapp.app_secret").unwrap().text, "s3cret");
        let twice = variables(&[("BALCAO_WHATSAPP_APP_SECRET_FILE", path), ("BALCAO_WHATSAPP_APP_SECRET", "other")]);
        assert!(Values::merge(None, &twice, &[]).is_err());
        // What is no secret has no file.
        assert!(Values::merge(None, &variables(&[("BALCAO_LISTEN_FILE", path)]), &[]).is_err());
        let missing = Values::merge(None, &variables(&[("DATABASE_URL_FILE", "/nowhere/at/all")]), &[]).unwrap_err();
        assert!(missing.to_string().starts_with("DATABASE_URL_FILE cannot be read"), "{missing}");
    }

    #[test]
    fn distances_are_levenshteins() {
        for (a, b, expected) in [("", "abc", 3), ("kitten", "sitting", 3), ("same", "same", 0), ("ab", "ba", 2)] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }
}
