//! What commands print: JSON for programs, text for people. Always on standard output; logs go to standard error.

use serde::Serialize;
use std::io::Write;

/// Where a command prints to, and how.
#[derive(Clone, Copy, Debug)]
pub struct Printer {
    pub json: bool,
}

impl Printer {
    /// Prints one answer: as JSON, or what `text` makes of it.
    pub fn answer<T: Serialize>(self, value: &T, text: impl FnOnce(&T) -> String) {
        if self.json {
            self.line(&serde_json::to_string(value).unwrap_or_default());
        } else {
            self.line(text(value).trim_end());
        }
    }

    /// Prints one line. A reader that has gone away (`| head`) is no error.
    pub fn line(self, text: &str) {
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }
}

/// Columns side by side, each as wide as its widest cell.
pub fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::columns;

    #[test]
    fn columns_align_and_do_not_trail() {
        let rows = [vec!["a".to_owned(), "bcd".to_owned()], vec!["ação".to_owned(), "x".to_owned()]];
        assert_eq!(columns(&rows), "a     bcd\nação  x\n");
        assert_eq!(columns(&[]), "");
    }
}
