//! What the database answers, as the error that crosses borders.

use kernel::{Error, ErrorKind, FieldError};

/// A failed statement or connection. Convert with `?` into [`kernel::Error`].
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct DbError(#[from] pub sqlx::Error);

impl DbError {
    /// Name of the violated constraint, if one was.
    pub fn constraint(&self) -> Option<&str> {
        match &self.0 {
            sqlx::Error::Database(error) => error.constraint(),
            _ => None,
        }
    }

    /// Whether the database refused the work only for now: it is busy, restarting or unreachable.
    pub fn is_transient(&self) -> bool {
        match &self.0 {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                true
            }
            // 40: rollback (serialization, deadlock); 53: out of resources; 55P03: lock timeout; 57: operator, timeout.
            sqlx::Error::Database(error) => error.code().is_some_and(|code| {
                code.starts_with("40")
                    || code.starts_with("53")
                    || code.starts_with("57")
                    || code.starts_with("08")
                    || code == "55P03"
            }),
            _ => false,
        }
    }

    /// Turns a named constraint into a field error; anything else as usual.
    pub fn on_constraint(self, name: &str, field: &'static str, code: &'static str, message: &'static str) -> Error {
        if self.constraint() == Some(name) {
            return Error::invalid(vec![FieldError {
                field: field.into(),
                code: code.into(),
                message: message.into(),
            }]);
        }
        self.into()
    }

    /// Turns a named constraint into a conflict (409); anything else as usual.
    pub fn conflict_on(self, name: &str, code: &'static str, detail: &'static str) -> Error {
        if self.constraint() == Some(name) {
            return Error::new(ErrorKind::Conflict, code, detail);
        }
        self.into()
    }
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        if error.is_transient() {
            return Error::new(ErrorKind::Unavailable, "DATABASE_UNAVAILABLE", "The database is not ready; try again.")
                .with_private(&error)
                .with_retry_after_ms(1_000);
        }
        Error::internal(error).with_retryable(true)
    }
}
