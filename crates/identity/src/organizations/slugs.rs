//! Names in addresses: what they may be, which are reserved, and what becomes of one that is given up.

use chrono::Duration;
use kernel::FieldError;

/// A former name leads to the organization for this long.
pub const REDIRECT: Duration = Duration::days(90);
/// The name of an erased organization is kept from others for this long.
pub const RESERVED: Duration = Duration::days(365);

/// Names that would be mistaken for the product's own hosts.
pub const RESERVED_SLUGS: [&str; 24] = [
    "admin",
    "api",
    "app",
    "assets",
    "auth",
    "balcao",
    "blog",
    "cdn",
    "console",
    "docs",
    "health",
    "help",
    "login",
    "mail",
    "metrics",
    "platform",
    "portal",
    "socket",
    "static",
    "status",
    "support",
    "webhooks",
    "well-known",
    "www",
];

/// What is wrong with a name, if anything is.
pub fn check_slug(slug: &str) -> Option<FieldError> {
    let wrong = |code: &'static str, message: &'static str| {
        Some(FieldError { field: "slug".into(), code: code.into(), message: message.into() })
    };
    if !is_dns_label(slug) {
        return wrong("SLUG_INVALID", "3 to 63 lower case letters, digits and inner hyphens.");
    }
    // What an erased organization is called until its name is free.
    if RESERVED_SLUGS.contains(&slug) || slug.starts_with(ERASED) {
        return wrong("SLUG_RESERVED", "This name is reserved.");
    }
    None
}

/// How the slugs of erased organizations begin.
pub const ERASED: &str = "erased-";

/// A name made of what an organization is called: `Clínica Bem-Estar` is `clinica-bem-estar`.
pub fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for c in crate::text::folded(name).chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() == 50 {
            break;
        }
    }
    slug.trim_end_matches('-').to_owned()
}

fn is_dns_label(text: &str) -> bool {
    (3..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_dns_labels_and_not_reserved() {
        for slug in ["abc", "clinica-1", "a1b", &"x".repeat(63)] {
            assert!(check_slug(slug).is_none(), "{slug}");
        }
        for slug in ["ab", "-abc", "abc-", "Abc", "a_b", "clínica", "admin", "erased-1", &"x".repeat(64)] {
            assert!(check_slug(slug).is_some(), "{slug}");
        }
    }

    #[test]
    fn a_slug_is_made_of_the_name() {
        assert_eq!(slug_of("Clínica Bem-Estar & Cia."), "clinica-bem-estar-cia");
        assert_eq!(slug_of("  -- "), "");
        assert!(check_slug(&slug_of(&"São João ".repeat(40))).is_none());
    }
}
