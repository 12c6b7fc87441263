//! Texts from outside made harmless for storing and showing. The raw record keeps them as they were.

/// Longest text kept of one field; far above what a channel allows, far below what breaks an index.
const MAX_TEXT: usize = 65_536;

/// A body text: as written, only NUL (which PostgreSQL refuses) goes, and what is absurdly long is cut.
pub(super) fn text(text: &str) -> String {
    text.chars().filter(|c| *c != '\0').take(MAX_TEXT).collect()
}

/// A one-line text for display, such as a name: no control or direction characters, single spaces, at most `max`
/// characters. Joiners stay, emoji need them.
pub(super) fn line(text: &str, max: usize) -> String {
    let spaced = text.chars().filter(|c| !is_direction(*c)).map(|c| if is_break(c) { ' ' } else { c });
    let visible: String = spaced.filter(|c| !c.is_control()).collect();
    let words: Vec<&str> = visible.split_whitespace().collect();
    words.join(" ").chars().take(max).collect::<String>().trim_end().to_owned()
}

/// A file name as text for display: the last part of its path, one line, without characters that mean something to a
/// file system. Never used as a path.
pub(super) fn file_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let safe: String = line(last, 1_000)
        .chars()
        .map(|c| if matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*') { '_' } else { c })
        .collect();
    let safe = safe.trim_matches(['.', ' ']);
    // Of a long name the end matters: it holds the extension.
    let skip = safe.chars().count().saturating_sub(150);
    let cut: String = safe.chars().skip(skip).collect();
    (!cut.is_empty()).then_some(cut)
}

/// NUL out of every string and key of a value that is kept as it came.
pub(super) fn json(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::String(string) => Value::String(text(&string)),
        Value::Array(items) => items.into_iter().map(json).collect(),
        Value::Object(parts) => parts.into_iter().map(|(key, part)| (text(&key), json(part))).collect(),
        plain => plain,
    }
}

/// Separators that become a space, so that two words do not melt into one.
fn is_break(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Marks that change the direction of text, or are invisible without an effect on emoji: they let a name pose as
/// another one.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
