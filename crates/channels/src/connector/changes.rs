//! What comes in beside messages and statuses: changes of people, accounts, templates and threads, and what is unknown.

use serde::{Deserialize, Serialize};

use super::{Address, ProviderError};

/// The provider says that a person's address changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IdentityChange {
    pub external_id: String,
    pub change: IdentityChangeKind,
    /// The address until now.
    pub previous: Address,
    /// The address from now on; equal to `previous` when only the security key changed.
    pub current: Address,
}

/// What changed about an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityChangeKind {
    /// The phone, and with it the business-scoped id.
    Number,
    /// The business-scoped id; the phone is hidden.
    UserId,
    /// The user's security key (reinstalled, new device): trust should be renewed.
    SecurityKey,
}

/// A person changed what they want to get from this business.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreferenceChange {
    pub contact: Address,
    /// For instance `marketing_messages`.
    pub category: String,
    /// The provider's word, for instance `stop` or `resume`.
    pub value: String,
    pub detail: Option<String>,
}

/// Something about the business account or the number changed, or the provider reports an error without a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountChange {
    /// The webhook field, or `value_error` for an error beside or instead of messages.
    pub field: String,
    /// The provider's word for what happened, for instance `ACCOUNT_RESTRICTION` or `FLAGGED`.
    pub event: Option<String>,
    /// The number concerned when only its display form is told; never used for routing.
    pub display_phone_number: Option<String>,
    pub error: Option<ProviderError>,
}

/// Something about a message template changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TemplateChange {
    pub template_id: Option<String>,
    pub name: String,
    /// With an underscore (`pt_BR`), whichever form came.
    pub language: Option<String>,
    pub change: TemplateChangeKind,
}

/// What changed about a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateChangeKind {
    /// `APPROVED`, `REJECTED`, `PAUSED`, ... with a reason unless the provider gave none.
    Status {
        status: String,
        reason: Option<String>,
    },
    Quality {
        previous: Option<String>,
        current: String,
    },
    /// Changes the price.
    Category {
        previous: Option<String>,
        current: String,
    },
    Components,
}

/// Control over a thread moved between us and another agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThreadControlChange {
    pub contact: Address,
    /// The provider's word: `pass_thread_control`, `take_thread_control`, `request_thread_control`, or the key found.
    pub action: String,
    /// The provider's app that had control, where told.
    pub previous_owner: Option<String>,
    /// The provider's app that has control now, where told.
    pub new_owner: Option<String>,
}

/// An item that is kept and not shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownItem {
    pub reason: UnknownReason,
    /// The webhook field, type or part concerned; never content.
    pub about: Option<String>,
}

/// Why an item is kept and not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownReason {
    /// The body is not JSON.
    BrokenJson,
    /// The body is not of this provider's product.
    NotOurs,
    /// JSON, but not in the documented shape.
    Shape,
    /// An item without an id that can be used.
    NoId,
    /// An item that names nobody.
    NoAddress,
    /// A webhook field without meaning here (yet).
    Field,
    /// A system message of a kind without meaning here (yet).
    System,
    /// Old messages sent when the phone app was connected.
    History,
    /// The phone app's address book.
    AddressBook,
    /// Groups are neither shown nor answered.
    Group,
    Call,
}

impl UnknownReason {
    /// The name for logs and the item's record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BrokenJson => "broken_json",
            Self::NotOurs => "not_ours",
            Self::Shape => "shape",
            Self::NoId => "no_id",
            Self::NoAddress => "no_address",
            Self::Field => "field",
            Self::System => "system",
            Self::History => "history",
            Self::AddressBook => "address_book",
            Self::Group => "group",
            Self::Call => "call",
        }
    }
}
