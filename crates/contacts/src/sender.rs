//! Whoever wrote, as a connector hands them over: the links of one address, strongest first.

use crate::phone::Phone;
use chrono::{DateTime, Utc};
use kernel::text::{clean_line, truncate_chars};

/// Longest profile name that is kept.
const MAX_NAME: usize = 150;

/// The links that one item carried. Every part may be absent, even the phone; at least one link must be there.
#[derive(Clone, Debug, Default)]
pub struct Sender {
    /// Exactly as the provider wrote it; sending goes to this form.
    pub phone_raw: Option<String>,
    /// Business-scoped user id.
    pub bsuid: Option<String>,
    /// The same over several portfolios.
    pub parent_bsuid: Option<String>,
    /// What the person calls themselves there.
    pub profile_name: Option<String>,
    /// Where the business-scoped id means something (portfolio or account).
    pub scope: Option<String>,
    /// The kind of channel, kept as the origin of a new contact (`whatsapp`).
    pub origin: String,
    /// When the item was received.
    pub seen_at: DateTime<Utc>,
}

impl Sender {
    /// The profile name, fit to be kept.
    pub(crate) fn clean_name(&self) -> Option<String> {
        let name = clean_line(self.profile_name.as_deref()?);
        let name = truncate_chars(&name, MAX_NAME).trim_end();
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// The links in the order in which they are believed, and in which all writers take them.
    pub(crate) fn links(&self) -> Vec<Link> {
        let id = |kind, value: &Option<String>| {
            let value = value.as_deref()?.trim();
            (!value.is_empty()).then(|| Link {
                kind,
                value: value.to_owned(),
                match_key: value.to_owned(),
                raw: value.to_owned(),
                scope: self.scope.clone(),
            })
        };
        let links = [id("whatsapp", &self.bsuid), id("whatsapp_parent", &self.parent_bsuid), self.phone_link()];
        links.into_iter().flatten().collect()
    }

    fn phone_link(&self) -> Option<Link> {
        let raw = self.phone_raw.as_deref()?.trim();
        if raw.is_empty() {
            return None;
        }
        let (value, match_key) = match Phone::parse(raw, None) {
            Some(phone) => (phone.canonical().to_owned(), phone.identity_key().to_owned()),
            // The provider knows it, our table of numbers does not: kept as it came, equal only to itself.
            None => (raw.to_owned(), format!("raw:{raw}")),
        };
        Some(Link { kind: "phone", value, match_key, raw: raw.to_owned(), scope: None })
    }
}

/// One identity as it would be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub kind: &'static str,
    pub value: String,
    pub match_key: String,
    pub raw: String,
    pub scope: Option<String>,
}
