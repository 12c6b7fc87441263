//! The parts of a contact card somebody sent. Claims of the sender: shown, never used to find anybody.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A contact card as sent; every part may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContactCard {
    pub name: Option<String>,
    pub organization: Option<String>,
    pub job_title: Option<String>,
    /// As the provider wrote it, usually `1990-01-31`.
    pub birthday: Option<String>,
    #[serde(default)]
    pub phones: Vec<CardPhone>,
    #[serde(default)]
    pub emails: Vec<CardEntry>,
    #[serde(default)]
    pub addresses: Vec<CardAddress>,
    #[serde(default)]
    pub urls: Vec<CardEntry>,
}

/// A phone on a card, in the writing of the sender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CardPhone {
    pub number: String,
    /// The provider's id for that phone, when it is a user there.
    pub wa_id: Option<String>,
    pub label: Option<String>,
}

/// An e-mail or web address with its label (`WORK`, `HOME`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CardEntry {
    pub value: String,
    pub label: Option<String>,
}

/// A postal address on a card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CardAddress {
    pub street: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub postal_code: Option<String>,
    pub country: Option<String>,
    pub label: Option<String>,
}
