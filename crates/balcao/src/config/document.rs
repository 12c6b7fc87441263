//! The configuration as people read it: the table as a page, the values in force as a list.

use super::Config;
use super::table::{Preset, SETTINGS, Setting};
use super::values::Source;
use serde::Serialize;

const HEAD: &str = "# Configuration

This page is printed by `balcao config document`; do not edit it.

A setting is read from, the later one winning: its default; the file `balcao.toml` in the data folder, or the one named
by `--config` or `BALCAO_CONFIG`; the environment; flags (`--listen`, `--data-dir`, `--roles`). In the file a key with a
dot stands in a section: `whatsapp.graph_url` is `graph_url` below `[whatsapp]`. Lists are TOML lists in the file and
items between commas elsewhere. Durations are written `500ms`, `5s`, `2m`, `1h`, sizes `64KiB`, `5MiB`. An empty variable
counts as unset. A secret may come from a file instead: its name with `_FILE` behind it in the environment, with `_file`
in the file, and the path as the value.

An unknown name or a wrong value is refused at the start with one sentence and exit code 78. `balcao config check` tries
the same without starting anything; `balcao config dump` shows what is in force and where it comes from, secrets hidden.
";

/// The table as a page in Markdown.
pub fn markdown() -> String {
    let mut page = HEAD.to_owned();
    let mut section = None;
    for setting in SETTINGS {
        let of = setting.key.split_once('.').map_or("general", |(section, _)| section);
        if section != Some(of) {
            section = Some(of);
            page.push_str(&format!(
                "\n## {of}\n\n| key | environment | value | default | meaning |\n|---|---|---|---|---|\n"
            ));
        }
        page.push_str(&row(setting));
    }
    page
}

fn row(setting: &Setting) -> String {
    let names: Vec<String> = setting.env.iter().map(|env| format!("`{env}`")).collect();
    let default = match setting.default {
        Preset::Text(text) => format!("`{text}`"),
        Preset::Absent(sentence) => sentence.to_owned(),
    };
    let secret = if setting.secret { " (secret)" } else { "" };
    format!(
        "| `{}` | {} | {}{secret} | {default} | {} |\n",
        setting.key,
        names.join(", "),
        setting.form,
        setting.meaning
    )
}

/// One value in force.
#[derive(Debug, Serialize)]
pub struct Entry {
    pub key: &'static str,
    pub env: &'static str,
    /// Absent: not set, and without a default. Secrets are hidden.
    pub value: Option<String>,
    pub source: String,
    pub meaning: &'static str,
}

/// Every setting with its value and where that comes from.
pub fn dump(config: &Config) -> Vec<Entry> {
    SETTINGS
        .iter()
        .map(|setting| {
            let value = config.values.get(setting.key);
            let shown =
                |text: &str| if setting.secret { telemetry::redact::PLACEHOLDER.to_owned() } else { text.to_owned() };
            Entry {
                key: setting.key,
                env: setting.env.first().copied().unwrap_or_default(),
                value: value.map(|value| shown(&value.text)),
                source: value.map_or("unset".to_owned(), |value| match &value.source {
                    Source::Default => "default".to_owned(),
                    Source::File(path) => format!("file {}", path.display()),
                    Source::Environment(name) => format!("environment {name}"),
                    Source::Flag(flag) => format!("flag {flag}"),
                }),
                meaning: setting.meaning,
            }
        })
        .collect()
}
