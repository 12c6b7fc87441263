//! Lists that are short by their nature: whole, in the shape of every list.

use serde::Serialize;

/// All of them; there are no pages.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Whole<T> {
    pub data: Vec<T>,
}
