//! Keeping secrets and personal data out of what is written about the house.
//!
//! Three nets, each for what slips through the one before: [`Redacted`] for values whose type says it, names of log
//! fields that never show their value ([`is_denied`]), and patterns inside any text ([`scrub`]).

use std::borrow::Cow;
use std::fmt;

/// What stands in the place of a value.
pub const PLACEHOLDER: &str = "[redacted]";

/// A value that may be used but not printed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Redacted<T>(T);

impl<T> Redacted<T> {
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for use.
    pub fn expose(&self) -> &T {
        &self.0
    }

    /// The value itself, for use.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Redacted<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PLACEHOLDER)
    }
}

impl<T> fmt::Display for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PLACEHOLDER)
    }
}

impl<T> serde::Serialize for Redacted<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(PLACEHOLDER)
    }
}

/// The last four characters of a value behind an ellipsis, for people who must tell two apart; shorter values show
/// nothing.
pub fn last4(value: &str) -> String {
    let hidden = value.chars().count().saturating_sub(4);
    if hidden < 4 { "…".to_owned() } else { std::iter::once('…').chain(value.chars().skip(hidden)).collect() }
}

/// Words that deny a field in whose name they stand.
const DENIED_WORDS: [&str; 31] = [
    "authorization",
    "password",
    "passwd",
    "passphrase",
    "pepper",
    "secret",
    "token",
    "cookie",
    "credential",
    "credentials",
    "signature",
    "apikey",
    "otp",
    "jwt",
    "phone",
    "msisdn",
    "email",
    "mail",
    "cpf",
    "cnpj",
    "birthday",
    "birthdate",
    "text",
    "body",
    "caption",
    "payload",
    "subject",
    "snippet",
    "transcript",
    "recipient",
    "sender",
];
/// Names denied as a whole.
const DENIED_NAMES: [&str; 17] = [
    "name",
    "first_name",
    "last_name",
    "full_name",
    "display_name",
    "profile_name",
    "contact_name",
    "person_name",
    "user_name",
    "username",
    "login",
    "file_name",
    "api_key",
    "private_key",
    "wa_id",
    "user_agent",
    "query",
];
/// Endings that make a harmless measure of a denied word: `token_count`, `body_bytes`, `phone_number_id`.
const HARMLESS_ENDINGS: [&str; 9] = ["count", "bytes", "length", "len", "id", "kind", "status", "size", "state"];

/// True when a log field of this name never shows its value. Names are read as words separated by `_`, `.` or `-`.
pub fn is_denied(field: &str) -> bool {
    let field = field.to_ascii_lowercase().replace(['.', '-'], "_");
    // A name of several words is denied behind a prefix too (`x_api_key`); `name` alone would take too much with it.
    let is_named = |name: &&str| field == **name || (name.contains('_') && field.ends_with(&format!("_{name}")));
    if DENIED_NAMES.iter().any(is_named) {
        return true;
    }
    let mut words = field.split('_');
    let harmless =
        field.contains('_') && words.clone().next_back().is_some_and(|last| HARMLESS_ENDINGS.contains(&last));
    !harmless && words.any(|word| DENIED_WORDS.contains(&word))
}

/// Replaces what looks like a secret or a personal address inside a text: e-mail addresses, phone numbers with a plus,
/// CPFs with their dots, bearer and basic credentials, values of secret-looking parameters, our own and the providers'
/// token forms, signed tokens (three base64 parts). Over-careful rather than complete: texts should not hold these.
pub fn scrub(text: &str) -> Cow<'_, str> {
    let mut scrubbed = String::new();
    let mut copied = 0;
    let mut after_scheme = false;
    for (start, word) in words(text) {
        let lower = word.to_ascii_lowercase();
        let secret = after_scheme || looks_secret(word) || is_email(word) || is_phone(word) || is_cpf(word);
        let follows = start.checked_sub(1).and_then(|before| text.as_bytes().get(before));
        // `access_token=…`, `"password":"…"`: the word before the sign decides about the one after it.
        let assigned =
            matches!(follows, Some(b'=' | b':' | b'"')) && assigned_to_denied(text.get(..start).unwrap_or_default());
        after_scheme = matches!(lower.as_str(), "bearer" | "basic");
        if secret || assigned {
            scrubbed.push_str(text.get(copied..start).unwrap_or_default());
            scrubbed.push_str(PLACEHOLDER);
            copied = start + word.len();
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    scrubbed.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(scrubbed)
}

/// Runs of characters that addresses, numbers and tokens are made of, with where they start.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '@' | '.' | '+' | '-' | '_' | '/' | '~');
    let mut rest = 0;
    std::iter::from_fn(move || {
        let start = rest + text.get(rest..)?.find(is_part)?;
        let length = text.get(start..)?.find(|c| !is_part(c)).unwrap_or(text.len() - start);
        rest = start + length;
        Some((start, text.get(start..rest)?))
    })
}

fn assigned_to_denied(before: &str) -> bool {
    let before = before.trim_end_matches(['"', ' ', '\\']);
    let Some(before) = before.strip_suffix(['=', ':']) else { return false };
    let before = before.trim_end_matches(['"', ' ', '\\']);
    let name = before.rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).next();
    // Only secrets here: in prose, "text:" and "name:" introduce harmless things too often.
    name.is_some_and(|name| {
        let name = name.to_ascii_lowercase();
        ["password", "passwd", "secret", "token", "api_key", "apikey", "authorization", "cookie", "signature"]
            .iter()
            .any(|denied| name.ends_with(denied))
    })
}

fn looks_secret(word: &str) -> bool {
    const PREFIXES: [&str; 5] = ["blc_", "whsec_", "EAA", "sk-", "sk_"];
    if word.len() >= 16 && PREFIXES.iter().any(|prefix| word.starts_with(prefix)) {
        return true;
    }
    let mut parts = word.split('.');
    let three = (parts.next(), parts.next(), parts.next(), parts.next());
    matches!(three, (Some(head), Some(body), Some(_), None) if head.starts_with("eyJ") && body.len() >= 8)
}

fn is_email(word: &str) -> bool {
    let word = word.trim_matches(['.', '-', '/', '+']);
    word.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && domain.split('.').filter(|label| !label.is_empty()).count() >= 2
    })
}

/// With a plus anywhere; without one only in the form WhatsApp uses for Brazil, because ids and times are long numbers
/// too.
fn is_phone(word: &str) -> bool {
    let word = word.trim_end_matches('.');
    let Some(digits) = word.strip_prefix('+') else {
        return matches!(word.len(), 12 | 13)
            && word.starts_with("55")
            && word.bytes().all(|byte| byte.is_ascii_digit());
    };
    let plain = digits.chars().all(|c| c.is_ascii_digit() || c == '-' || c == '.');
    plain && (8..=15).contains(&digits.chars().filter(char::is_ascii_digit).count())
}

fn is_cpf(word: &str) -> bool {
    let shape: String = word.trim_end_matches('.').chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "000.000.000-00"
}
