//! The file: TOML, sections for the first part of a dotted key.

use super::values::Refused;
use std::path::Path;
use toml::{Table, Value};

/// Its keys, dotted, with their values as text.
///
/// # Errors
/// When it cannot be read, is no TOML, or holds a value that no setting can have.
pub fn read(path: &Path) -> Result<Vec<(String, String)>, Refused> {
    let name = path.display().to_string();
    let text =
        std::fs::read_to_string(path).map_err(|error| Refused::new(&name, format!("cannot be read: {error}")))?;
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let line =
            error.span().and_then(|span| text.get(..span.start)).map_or(1, |before| before.matches('\n').count() + 1);
        // Not the parser's own text: it quotes the line, which may hold a secret.
        Refused::new(&name, format!("is no valid TOML: line {line}: {}", error.message()))
    })?;
    let mut found = Vec::new();
    flatten("", &table, &name, &mut found)?;
    Ok(found)
}

fn flatten(prefix: &str, table: &Table, file: &str, found: &mut Vec<(String, String)>) -> Result<(), Refused> {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            Value::Table(inner) => flatten(&key, inner, file, found)?,
            Value::Array(items) => {
                let items: Option<Vec<String>> = items.iter().map(scalar).collect();
                let items =
                    items.ok_or_else(|| Refused::new(format!("{key} in {file}"), "may only list texts and numbers"))?;
                found.push((key, items.join(",")));
            }
            other => {
                let text = scalar(other).ok_or_else(|| {
                    Refused::new(format!("{key} in {file}"), "must be text, a number or true or false")
                })?;
                found.push((key, text));
            }
        }
    }
    Ok(())
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(yes) => Some(yes.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    fn of(text: &str) -> Result<Vec<(String, String)>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("balcao.toml");
        std::fs::write(&path, text).unwrap();
        read(&path).map_err(|refused| refused.problem)
    }

    #[test]
    fn sections_become_dots_and_lists_commas() {
        let found = of("listen = 'x'\n[http]\nbehind_tls = true\ncors_origins = ['a', 'b']\n").unwrap();
        let expected = [("listen", "x"), ("http.behind_tls", "true"), ("http.cors_origins", "a,b")];
        let mut found: Vec<(&str, &str)> = found.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        found.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }

    #[test]
    fn broken_files_are_refused_without_quoting_them() {
        let wrong = of("listen = 'x'\nsecret = hunter2 is it\n").unwrap_err();
        assert!(wrong.contains("line 2") && !wrong.contains("hunter2"), "{wrong}");
        assert!(of("listen = 1.5").is_err());
        assert!(of("roles = [['api']]").is_err());
    }
}
