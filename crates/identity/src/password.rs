//! Passwords: what is accepted, and how they are kept (bcrypt, cost 12).

mod change;
mod check;
mod policy;
mod pool;
mod reset;

pub use change::PasswordChange;
pub use pool::{HashPool, Place};

use crate::text::folded;
use kernel::{Error, ErrorKind};
use secrecy::{ExposeSecret, SecretString};
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// bcrypt's cost: 2^12 rounds, about a quarter of a second. Never lower, whatever the build.
pub const COST: u32 = 12;
/// bcrypt reads no further; longer is refused, never truncated.
pub const MAX_BYTES: usize = 72;
/// Fewest characters of a new password.
pub const MIN_CHARS: usize = 10;

/// Passwords that everybody tries first: one a line, lower case, sorted. From the frequency lists of zxcvbn (MIT
/// licence, 8 characters or more, obscene ones left out) and common Portuguese words with the usual endings.
const COMMON: &str = include_str!("password/common.txt");

/// Takes as long to check as a real hash of the same cost and fits no password that could be guessed.
const NOBODY: &str = "$2b$12$abcdefghijklmnopqrstuuK7xWq1zVnYb3oT0mC5pLd8gHsRfEjIa";

/// A password as somebody typed it, in the one form that is hashed (Unicode NFKC).
#[derive(Clone)]
pub struct Password(SecretString);

impl Password {
    /// # Errors
    /// 422 `PASSWORD_TOO_LONG` above 72 bytes; 422 `PASSWORD_INVALID` with a zero byte in it.
    pub fn parse(typed: &SecretString) -> Result<Self, Error> {
        let normal: String = typed.expose_secret().nfkc().collect();
        if normal.len() > MAX_BYTES {
            return Err(refused("PASSWORD_TOO_LONG", "A password has at most 72 bytes."));
        }
        if normal.contains('\0') {
            return Err(refused("PASSWORD_INVALID", "A password has no zero bytes."));
        }
        Ok(Self(SecretString::from(normal)))
    }

    /// Refuses what others would guess first.
    ///
    /// # Errors
    /// 422 `PASSWORD_TOO_SHORT` or `PASSWORD_WEAK`.
    pub fn check_strength(&self, about: &About<'_>) -> Result<(), Error> {
        let text = self.0.expose_secret();
        if text.chars().count() < about.min_chars {
            let detail = format!("A password has at least {} characters.", about.min_chars);
            return Err(refused("PASSWORD_TOO_SHORT", detail));
        }
        let lower = text.to_lowercase();
        if is_common(&lower) || is_monotonous(text) {
            return Err(refused("PASSWORD_WEAK", "This password is one of those that are tried first."));
        }
        let plain = bare(text);
        if about.words().iter().any(|word| plain.contains(word.as_str())) {
            return Err(refused("PASSWORD_WEAK", "This password contains the e-mail, the name or the organization."));
        }
        Ok(())
    }
}

/// How long a password must be, and what it must not contain.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// Fewest characters: the setting `password.min_length`.
    pub min_chars: usize,
    pub email: &'a str,
    pub name: &'a str,
    pub organization_name: &'a str,
    pub organization_slug: &'a str,
}

impl Default for About<'_> {
    fn default() -> Self {
        Self { min_chars: MIN_CHARS, email: "", name: "", organization_name: "", organization_slug: "" }
    }
}

impl About<'_> {
    /// Whole texts, compared without accents, case, spaces and punctuation. Under four characters say nothing.
    fn words(&self) -> Vec<String> {
        let local = self.email.split_once('@').map_or(self.email, |(local, _)| local);
        [self.email, local, self.name, self.organization_name, self.organization_slug]
            .into_iter()
            .map(bare)
            .filter(|word| word.chars().count() >= 4)
            .collect()
    }
}

/// A stored hash. Never shown.
#[derive(Clone)]
pub struct PasswordHash(String);

impl PasswordHash {
    pub fn of_stored(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn is_outdated(&self) -> bool {
        self.0.get(4..6).and_then(|cost| cost.parse::<u32>().ok()).is_some_and(|cost| cost < COST)
    }
}

/// What the check of a password came to.
#[derive(Clone)]
pub enum Verdict {
    Wrong,
    /// Right; the stored hash may be replaced by a better one.
    Right {
        better: Option<PasswordHash>,
    },
}

impl HashPool {
    /// The hash of a new password, if it is one that may be used.
    ///
    /// # Errors
    /// 422 `PASSWORD_TOO_LONG`, `PASSWORD_INVALID`, `PASSWORD_TOO_SHORT` or `PASSWORD_WEAK`; 503 `AUTH_BUSY`.
    pub async fn accept(&self, typed: &SecretString, about: &About<'_>) -> Result<PasswordHash, Error> {
        let password = Password::parse(typed)?;
        password.check_strength(about)?;
        self.hash(password).await
    }

    /// Hashes a password that may be kept.
    ///
    /// # Errors
    /// 503 `AUTH_BUSY` when the waiting room is full.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, Error> {
        self.run(move || hash(&password)).await?
    }

    /// Checks a password against a stored hash; with none, does the same work and answers wrong.
    ///
    /// # Errors
    /// 503 `AUTH_BUSY` after a long wait.
    pub async fn verify(
        &self,
        place: Place,
        password: Option<Password>,
        stored: Option<PasswordHash>,
    ) -> Result<Verdict, Error> {
        let known = stored.is_some() && password.is_some();
        let stored = stored.unwrap_or_else(|| PasswordHash(NOBODY.to_owned()));
        let password = password.unwrap_or_else(|| Password(SecretString::from("")));
        let outdated = stored.is_outdated().then(|| password.clone());
        if !(self.check(place, password, stored).await? && known) {
            return Ok(Verdict::Wrong);
        }
        let better = match outdated {
            // Where there is no place for it the next sign-in brings it.
            Some(password) => self.hash(password).await.ok(),
            None => None,
        };
        Ok(Verdict::Right { better })
    }

    /// Whether the password fits any of these hashes.
    ///
    /// # Errors
    /// 503 `AUTH_BUSY` when the waiting room is full.
    pub(crate) async fn fits_any(&self, password: Password, stored: Vec<PasswordHash>) -> Result<bool, Error> {
        if stored.is_empty() {
            return Ok(false);
        }
        self.run(move || {
            let pairs: Vec<_> = stored.iter().map(|hash| (&password, hash)).collect();
            check::fit(&pairs).contains(&true)
        })
        .await
    }
}

fn hash(password: &Password) -> Result<PasswordHash, Error> {
    bcrypt::hash(password.0.expose_secret(), COST).map(PasswordHash).map_err(Error::internal)
}

fn refused(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Error {
    let detail = detail.into();
    Error::new(ErrorKind::Invalid, code, detail.clone()).with_fields(vec![kernel::FieldError {
        field: "password".into(),
        code: code.into(),
        message: detail,
    }])
}

/// Letters and digits only, folded.
fn bare(text: &str) -> String {
    folded(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Binary search over the text itself: nothing is built at start.
fn is_common(lower: &str) -> bool {
    let (mut from, mut to) = (0, COMMON.len());
    while from < to {
        let middle = from + (to - from) / 2;
        let start = COMMON[..middle].rfind('\n').map_or(0, |at| at + 1);
        let end = COMMON[middle..].find('\n').map_or(COMMON.len(), |at| middle + at);
        match COMMON[start..end].cmp(lower) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => from = end + 1,
            std::cmp::Ordering::Greater => to = start,
        }
    }
    false
}

/// One character over and over.
fn is_monotonous(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|first| chars.all(|c| c == first))
}

#[cfg(test)]
mod tests;
