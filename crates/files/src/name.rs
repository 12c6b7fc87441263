//! File names that people gave: text to show, never a path to use.

use crate::sniff::extension_of;

/// The longest name in bytes.
const LONGEST: usize = 255;
/// The longest ending that a cut spares, dot included.
const LONGEST_ENDING: usize = 16;

/// The name to show for a file. Path parts, control, direction and invisible characters are dropped, the length is
/// cut to 255 bytes with the ending kept. Where nothing is left the name is `file` with the type's usual ending.
pub fn display_name(given: Option<&str>, mime: &str) -> String {
    let last = given.unwrap_or_default().rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String = last.chars().filter(|c| !is_hidden(*c)).collect();
    let words = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    // Leading dots hide files, trailing dots and spaces are lost on some systems.
    let name = words.trim_start_matches(['.', ' ']).trim_end_matches(['.', ' ']);
    if name.is_empty() {
        return format!("file{}", extension_of(mime).map(|ending| format!(".{ending}")).unwrap_or_default());
    }
    shorten(name)
}

fn shorten(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let ending = name.rfind('.').and_then(|dot| name.get(dot..)).filter(|ending| ending.len() <= LONGEST_ENDING);
    let ending = ending.unwrap_or_default();
    let mut stem = String::new();
    for c in name.chars() {
        if stem.len() + c.len_utf8() + ending.len() > LONGEST {
            break;
        }
        stem.push(c);
    }
    stem + ending
}

/// Characters that do not show or that change what shows: controls, direction marks and overrides, zero-width
/// characters, separators of lines, byte-order marks, tags, private use.
pub(crate) fn is_hidden(c: char) -> bool {
    // White space is kept here and made plain later, so that it still separates words.
    (c.is_control() && !c.is_whitespace())
        || matches!(u32::from(c),
            0xad | 0x34f | 0x61c | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f
            | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0x3164 | 0xe000..=0xf8ff
            | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfffd | 0xe_0000..=0x10_ffff)
}
