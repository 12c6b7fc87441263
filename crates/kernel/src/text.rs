//! Text as it comes from outside, made fit to show.

/// Removes control characters and the marks that reorder text (bidirectional embeddings, overrides, isolates, byte
/// order marks), trims, and folds runs of white space into one space. For names, titles and file names.
pub fn clean_line(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_whitespace() {
            if !clean.is_empty() && !clean.ends_with(' ') {
                clean.push(' ');
            }
        } else if !c.is_control() && !is_bidi_mark(c) {
            clean.push(c);
        }
    }
    clean.truncate(clean.trim_end().len());
    clean
}

/// U+061C, U+200E-F, U+202A-E, U+2066-9 (Unicode UAX 9) and U+FEFF.
pub fn is_bidi_mark(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// At most `max` characters of `text`, never cutting one in the middle.
pub fn truncate_chars(text: &str, max: usize) -> &str {
    text.char_indices().nth(max).map_or(text, |(end, _)| &text[..end])
}
