//! Forms of text that are compared: e-mail addresses and names.

use kernel::{Error, FieldError};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longest e-mail address (RFC 5321, 4.5.3.1).
const MAX_EMAIL: usize = 254;

/// An e-mail address as people type it: trimmed and lower case is how it is compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email {
    /// As typed, without surrounding white space.
    pub shown: String,
    /// What is compared and unique.
    pub norm: String,
}

impl Email {
    /// # Errors
    /// 422 when it cannot be an address: one `@`, something on both sides, a dot in the domain or a bare host, no
    /// white space, no control characters, at most 254 bytes.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let shown = text.trim();
        let fits = shown.len() <= MAX_EMAIL
            && !shown.chars().any(|c| c.is_whitespace() || c.is_control() || kernel::text::is_bidi_mark(c))
            && shown.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty()
                    && local.len() <= 64
                    && !domain.is_empty()
                    && !domain.contains('@')
                    && !domain.starts_with(['.', '-'])
                    && !domain.ends_with(['.', '-'])
            });
        if !fits {
            return Err(Error::invalid(vec![FieldError {
                field: "email".into(),
                code: "EMAIL_INVALID".into(),
                message: "This is not an e-mail address.".into(),
            }]));
        }
        Ok(Self { norm: normal_email(shown), shown: shown.to_owned() })
    }
}

/// How a typed e-mail is compared, whatever it is.
pub fn normal_email(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Lower case without accents, for search and order: `Clínica Bem-Estar` is `clinica bem-estar`.
pub fn folded(text: &str) -> String {
    text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_is_compared_trimmed_and_in_lower_case() {
        let email = Email::parse("  Ana.Souza@Clinica.COM.br ").unwrap();
        assert_eq!(
            (email.shown.as_str(), email.norm.as_str()),
            ("Ana.Souza@Clinica.COM.br", "ana.souza@clinica.com.br")
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "ana",
            "@x.com",
            "ana@",
            "a b@x.com",
            "a@b@c",
            "a@.com",
            "a@x.com.",
            "a\u{0}@x.com",
            &format!("{}@x.com", "a".repeat(250)),
        ] {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn accents_and_case_do_not_count_in_search() {
        assert_eq!(folded("Conceição ÁVILA"), "conceicao avila");
    }
}
