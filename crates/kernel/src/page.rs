//! Keyset pages: `?limit=` and an opaque `?cursor=`.

use serde::Serialize;

/// Entries a page when the client does not say.
pub const DEFAULT_LIMIT: u32 = 25;
/// Most entries a page.
pub const MAX_LIMIT: u32 = 100;

/// What part of a list is asked for; `limit` is already inside its bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    pub limit: u32,
    pub cursor: Option<String>,
}

/// One page of a list.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    pub data: Vec<T>,
    /// Pass as `?cursor=` for the next page; `null` on the last one.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Cuts `rows` (asked for with `limit + 1`) to a page; `cursor_of` makes the cursor from the last entry shown.
    pub fn cut(mut rows: Vec<T>, limit: u32, cursor_of: impl Fn(&T) -> String) -> Self {
        let limit = limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = if more { rows.last().map(cursor_of) } else { None };
        Self { data: rows, next_cursor }
    }

    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { data: self.data.into_iter().map(f).collect(), next_cursor: self.next_cursor }
    }
}
