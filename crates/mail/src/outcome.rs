//! How a try to send ended badly.

use kernel::{Error, ErrorKind};
use lettre::transport::smtp;

/// Why a letter did not leave, and whether another try makes sense.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Nobody is at this address, or it is none, or the server will never take this letter (SMTP 5xx).
    #[error("refused for good ({0})")]
    Permanent(String),
    /// The server is away, busy, asks to come again (4xx), or does not let us in.
    #[error("not taken now ({0})")]
    Temporary(String),
}

impl SendError {
    /// What an SMTP server's answer means. Only its code is kept: the text may name the address.
    pub(crate) fn of_smtp(error: &smtp::Error) -> Self {
        let Some(code) = error.status() else {
            let kind = if error.is_timeout() {
                "timeout"
            } else if error.is_tls() {
                "tls"
            } else if error.is_client() {
                "client"
            } else {
                "connection"
            };
            return Self::Temporary(kind.to_owned());
        };
        let code: u16 = code.into();
        // 530, 534, 535 and 538 say that our credentials are wrong: the operator's matter, the letter is good.
        if (500..600).contains(&code) && !matches!(code, 530 | 534 | 535 | 538) {
            Self::Permanent(code.to_string())
        } else {
            Self::Temporary(code.to_string())
        }
    }
}

impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        let retryable = matches!(error, SendError::Temporary(_));
        let kind = if retryable { ErrorKind::Unavailable } else { ErrorKind::Internal };
        let code = if retryable { "MAIL_NOT_TAKEN" } else { "MAIL_REFUSED" };
        Error::new(kind, code, "The mail could not be sent.").with_private(error).with_retryable(retryable)
    }
}
