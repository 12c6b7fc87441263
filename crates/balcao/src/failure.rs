//! How a command ends badly: one sentence on standard error and an exit code that scripts can rely on.

use crate::config::{KeyError, Refused};
use kernel::Error;
use std::fmt;
use store::DbError;
use store::embedded::EmbeddedError;

/// Anything without a code of its own.
pub const FAILED: u8 = 1;
/// `audit verify`: the chain is broken.
pub const AUDIT_BROKEN: u8 = 1;
/// `audit verify`: the chain or the file cannot be read.
pub const AUDIT_UNREADABLE: u8 = 2;
/// A command was asked for something that is not there, or not allowed.
pub const REFUSED: u8 = 3;
/// `doctor` found something wrong.
pub const UNHEALTHY: u8 = 4;
/// The running server does not answer.
pub const SERVER_UNREACHABLE: u8 = 5;
/// The address cannot be listened on.
pub const ADDRESS: u8 = 6;
// 20 to 35 are store's: the own PostgreSQL.
/// The database of DATABASE_URL cannot be reached or does not let us in.
pub const DATABASE_UNREACHABLE: u8 = 40;
/// PostgreSQL is older than 15.
pub const DATABASE_TOO_OLD: u8 = 41;
/// Roles are missing and may not be made.
pub const ROLES: u8 = 42;
/// A role at run time would be above the policies.
pub const TOO_POWERFUL: u8 = 43;
/// The schema is missing, too old or too new.
pub const SCHEMA: u8 = 44;
/// The configuration is refused (EX_CONFIG of sysexits.h).
pub const CONFIGURATION: u8 = 78;

/// One sentence for the operator and the exit code that stands for it.
#[derive(Debug)]
pub struct Failure {
    pub code: u8,
    pub sentence: String,
}

impl Failure {
    pub fn new(code: u8, sentence: impl Into<String>) -> Self {
        Self { code, sentence: sentence.into() }
    }

    /// A failure without a code of its own.
    pub fn plain(sentence: impl fmt::Display) -> Self {
        Self::new(FAILED, sentence.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Failure {}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::new(CONFIGURATION, refused.to_string())
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::new(CONFIGURATION, error.to_string())
    }
}

impl From<EmbeddedError> for Failure {
    fn from(error: EmbeddedError) -> Self {
        Self::new(error.exit_code(), error.to_string())
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        let code = if error.is_transient() { DATABASE_UNREACHABLE } else { FAILED };
        Self::new(code, format!("the database refused: {error}"))
    }
}

/// A command of the house refused: the operator also gets the private half.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        use kernel::ErrorKind::{Internal, Unavailable};
        let mut sentence = format!("{} ({})", error.detail().trim_end_matches('.'), error.code());
        for field in error.fields() {
            sentence.push_str(&format!("; {}: {}", field.field, field.message));
        }
        if let Some(private) = error.private() {
            sentence.push_str(&format!(": {private}"));
        }
        let code = match error.kind() {
            Unavailable => DATABASE_UNREACHABLE,
            Internal => FAILED,
            _ => REFUSED,
        };
        Self::new(code, sentence)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::plain(error)
    }
}
