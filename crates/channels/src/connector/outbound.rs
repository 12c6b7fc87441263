//! What goes out: an intent that can hold only public content, and the three ways a send can end.

use std::time::Duration;

use messaging::content::Segment;
use messaging::status::SendError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Address;

/// One provider message to be sent. There is no variant for a note, a mention or a draft, so none can ever leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundIntent {
    pub to: Recipient,
    pub content: OutboundContent,
    /// The provider's id of the message this one answers.
    pub reply_to_external_id: Option<String>,
    /// Our tag of the attempt; comes back in statuses, so that one which beats the answer still finds its message.
    pub tag: String,
}

/// Whom to send to: exactly one form, never both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// The exact form last received from, or answered by, the provider.
    Phone(String),
    /// A business-scoped user id.
    Bsuid(String),
}

impl Recipient {
    /// The form to use for an address: its phone if it has one, else its business-scoped id.
    pub fn of(address: &Address) -> Option<Self> {
        match (&address.phone_raw, &address.bsuid) {
            (Some(phone), _) => Some(Self::Phone(phone.clone())),
            (None, Some(bsuid)) => Some(Self::Bsuid(bsuid.clone())),
            (None, None) => None,
        }
    }
}

/// Public content, as far as this product can send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutboundContent {
    Text { text: String, preview_url: bool },
}

/// A stored segment that no connector can send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this kind of content cannot be sent")]
pub struct NotSendable;

impl TryFrom<&Segment> for OutboundContent {
    type Error = NotSendable;

    fn try_from(segment: &Segment) -> Result<Self, NotSendable> {
        match segment {
            Segment::Text { text } => Ok(Self::Text { text: text.clone(), preview_url: false }),
            _ => Err(NotSendable),
        }
    }
}

/// How one attempt to send ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    /// The provider took it. Accepted is not sent: the statuses tell.
    Accepted {
        external_id: String,
        /// The real address where the provider resolved another form than the one used; worth keeping.
        address_used: Option<Address>,
    },
    /// The provider said no, or it certainly never got the request.
    Rejected {
        class: ErrorClass,
        code: Option<i64>,
        /// For the log and the message's error; the provider's words, no content of ours.
        detail: String,
        /// The provider's trace id, for its support.
        trace_id: Option<String>,
        /// The provider's own wish; wins over our back-off.
        retry_after: Option<Duration>,
    },
    /// Nobody knows: the answer was lost or unreadable. Never repeated on a guess.
    Unclear { detail: String },
}

/// An error in the provider's words, with our class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderError {
    pub code: Option<i64>,
    pub subcode: Option<i64>,
    pub class: ErrorClass,
    pub title: Option<String>,
    pub detail: Option<String>,
    pub trace_id: Option<String>,
}

impl ProviderError {
    /// The error as a message shows it. Without a code of the provider, our class stands for it.
    pub fn send_error(&self) -> SendError {
        send_error(self.class, self.code, self.detail.as_ref().or(self.title.as_ref()))
    }
}

impl SendOutcome {
    /// The error of a refusal as a message shows it; `None` for the other outcomes.
    pub fn send_error(&self) -> Option<SendError> {
        match self {
            Self::Rejected { class, code, detail, .. } => Some(send_error(*class, *code, Some(detail))),
            Self::Accepted { .. } | Self::Unclear { .. } => None,
        }
    }
}

fn send_error(class: ErrorClass, code: Option<i64>, detail: Option<&String>) -> SendError {
    SendError {
        code: code.map_or_else(|| class.as_str().to_owned(), |code| code.to_string()),
        class: class.as_str().to_owned(),
        detail: detail.cloned(),
        retryable: class.retry_may_help(),
    }
}

/// What a provider's error means for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// Retry with back-off.
    Transient,
    /// Slow the account's bucket, retry.
    Throttled,
    /// Slow this recipient only, retry.
    ThrottledRecipient,
    /// The free-form window is closed: our value was wrong.
    Window,
    /// This recipient cannot be reached: final.
    Recipient,
    /// The provider's rules: no retry, campaigns pause.
    Policy,
    /// What we sent is wrong: final.
    Content,
    /// The account must be reconnected.
    Auth,
    /// Templates and bulk stop.
    Payment,
    /// The account is locked, restricted or not registered.
    Account,
    /// Treated as content, kept with its trace id, counted.
    Unknown,
}

impl ErrorClass {
    /// The name in the API, in the database and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Throttled => "throttled",
            Self::ThrottledRecipient => "throttled_recipient",
            Self::Window => "window",
            Self::Recipient => "recipient",
            Self::Policy => "policy",
            Self::Content => "content",
            Self::Auth => "auth",
            Self::Payment => "payment",
            Self::Account => "account",
            Self::Unknown => "unknown",
        }
    }

    /// May the same send be repeated by itself?
    pub fn retryable(self) -> bool {
        matches!(self, Self::Transient | Self::Throttled | Self::ThrottledRecipient)
    }

    /// May a person ask for the same send again later? Wrong content and dead recipients stay what they are.
    pub fn retry_may_help(self) -> bool {
        !matches!(self, Self::Content | Self::Recipient | Self::Unknown)
    }

    /// Does this failure count against the account's circuit? Errors of one recipient or one content do not, and a
    /// recipient's own limit says nothing about the account.
    pub fn opens_circuit(self) -> bool {
        matches!(self, Self::Transient | Self::Throttled | Self::Auth)
    }

    /// Must the account be put into `error` until somebody acts?
    pub fn stops_account(self) -> bool {
        matches!(self, Self::Auth | Self::Account)
    }
}
