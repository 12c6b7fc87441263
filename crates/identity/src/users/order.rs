//! The order of a list of people.

use kernel::{Error, ErrorKind};

/// The order of a list: one key, or a second one among equals; then by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Order {
    pub first: SortKey,
    pub second: Option<SortKey>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SortKey {
    pub by: SortBy,
    pub descending: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortBy {
    #[default]
    Name,
    /// Private: only for those who see it.
    LastLoginAt,
}

impl SortBy {
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::LastLoginAt => "last_login_at",
        }
    }
}

impl Order {
    /// `name`, `-name`, `last_login_at`, `-last_login_at`, or two of them with a comma between.
    ///
    /// # Errors
    /// 400 `INVALID_PARAMETER` for anything else.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let key = |text: &str| {
            let (descending, name) = text.strip_prefix('-').map_or((false, text), |name| (true, name));
            match name {
                "name" => Some(SortKey { by: SortBy::Name, descending }),
                "last_login_at" => Some(SortKey { by: SortBy::LastLoginAt, descending }),
                _ => None,
            }
        };
        let mut keys = text.split(',').map(|part| key(part.trim()));
        let order = match (keys.next().flatten(), keys.next(), keys.next()) {
            (Some(first), None, _) => Some(Self { first, second: None }),
            (Some(first), Some(Some(second)), None) if first.by != second.by => {
                Some(Self { first, second: Some(second) })
            }
            _ => None,
        };
        order.ok_or_else(|| {
            Error::new(ErrorKind::BadRequest, "INVALID_PARAMETER", "Sort by `name` or `last_login_at`, or both.")
        })
    }

    pub(super) fn reads_private(self) -> bool {
        self.first.by == SortBy::LastLoginAt || self.second.is_some_and(|key| key.by == SortBy::LastLoginAt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read_or_refused() {
        let read = |text| Order::parse(text).ok();
        let name = SortKey::default();
        let late = SortKey { by: SortBy::LastLoginAt, descending: true };
        assert_eq!(read("name"), Some(Order::default()));
        assert_eq!(read("name,-last_login_at"), Some(Order { first: name, second: Some(late) }));
        assert_eq!(read("-last_login_at"), Some(Order { first: late, second: None }));
        for bad in ["", "email", "name,name", "name,-name", "name,last_login_at,name", "--name"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
