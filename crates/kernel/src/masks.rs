//! Field masks: values that keep their shape and lose their content. Pure.
//!
//! A view of something that carries such values asks [`of`] once per resource, then writes `masks.phone(..)` and the like
//! instead of the value and lists what was masked in `masked_fields`. A body that brings such a value back unchanged is
//! refused with [`refuse_masked`], so that a form cannot destroy what it did not show.

use crate::access::{Resource, Scope, Subject, authorize};
use crate::error::{Error, ErrorKind};
use crate::permission::Permission;
use chrono::{DateTime, Utc};

/// The groups that `subject` does not see of `resource`: those it lacks the permission for there, and those its key masks.
pub fn of(subject: &Subject, resource: &Resource, now: DateTime<Utc>) -> MaskSet {
    if subject.is_system() {
        return MaskSet::EMPTY;
    }
    let mut masked = subject.masks;
    for mask in Mask::ALL {
        if !masked.contains(mask) && authorize(subject, mask.permission(), resource, now).is_err() {
            masked.insert(mask);
        }
    }
    masked
}

/// A group that `subject` does not see in the whole organization; by its grants alone, since what the organization's
/// status closes besides is asked with the action itself. For what is shown as it is or not at all: archives.
pub fn hidden_somewhere(subject: &Subject, now: DateTime<Utc>) -> Option<Mask> {
    if subject.is_system() {
        return None;
    }
    let shown = |mask: &Mask| {
        let permission = mask.permission();
        !subject.masks.contains(*mask)
            && subject.key_scopes.is_none_or(|scopes| scopes.contains(permission))
            && subject.grants.iter().any(|grant| {
                grant.scope == Scope::Organization && grant.counts(now) && grant.permissions.contains(permission)
            })
    };
    Mask::ALL.into_iter().find(|mask| !shown(mask))
}

/// A group of fields that are masked together.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Mask {
    /// Phones, e-mails, documents, birth date, addresses.
    ContactPii,
    /// Fields and tags marked clinical.
    Clinical,
    /// Amounts.
    Money,
}

impl Mask {
    pub const ALL: [Self; 3] = [Self::ContactPii, Self::Clinical, Self::Money];

    /// What shows the values.
    pub fn permission(self) -> Permission {
        match self {
            Self::ContactPii => Permission::CONTACTS_VIEW_PII,
            Self::Clinical => Permission::CONTACTS_VIEW_CLINICAL,
            Self::Money => Permission::COSTS_VIEW,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::ContactPii => "contact_pii",
            Self::Clinical => "clinical",
            Self::Money => "money",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mask| mask.as_str() == name)
    }
}

/// Groups that are masked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MaskSet(u8);

impl MaskSet {
    pub const EMPTY: Self = Self(0);

    pub fn contains(self, mask: Mask) -> bool {
        self.0 & (1 << mask as u8) != 0
    }

    pub fn insert(&mut self, mask: Mask) {
        self.0 |= 1 << mask as u8;
    }

    pub fn is_empty(self) -> bool {
        self == Self::EMPTY
    }

    pub fn iter(self) -> impl Iterator<Item = Mask> {
        Mask::ALL.into_iter().filter(move |mask| self.contains(*mask))
    }
}

impl FromIterator<Mask> for MaskSet {
    fn from_iter<I: IntoIterator<Item = Mask>>(masks: I) -> Self {
        let mut set = Self::EMPTY;
        for mask in masks {
            set.insert(mask);
        }
        set
    }
}

/// What stands for a hidden character. Values that people may give do not hold it, so a value that does came from a mask.
pub const HIDDEN: char = '*';

/// A phone number: the country code, the area code of numbers with eight digits and more behind it, and the last two
/// digits stay. `+5511987654321` becomes `+55 11 *****-**21`.
pub fn phone(value: &str) -> String {
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let brazilian = digits.strip_prefix("55").filter(|rest| matches!(rest.len(), 10 | 11));
    match brazilian {
        Some(rest) => {
            let (area, local) = rest.split_at(2);
            let (front, back) = local.split_at(local.len() - 4);
            format!("+55 {area} {}-**{}", hidden(front), &back[2..])
        }
        None if digits.len() > 4 => {
            let (front, last) = digits.split_at(digits.len() - 2);
            let sign = if value.trim_start().starts_with('+') { "+" } else { "" };
            format!("{sign}{}{last}", hidden(front))
        }
        None => hidden(value),
    }
}

/// An e-mail address: the first letters of name and domain stay. `maria@dominio.com.br` becomes `m***@d***`.
pub fn email(value: &str) -> String {
    match value.trim().rsplit_once('@') {
        Some((name, domain)) => format!("{}***@{}***", first(name), first(domain)),
        None => format!("{}***", first(value.trim())),
    }
}

/// A document: of a CPF the third group stays (`***.***.789-**`), of anything else the last two characters.
pub fn document(value: &str) -> String {
    let plain: Vec<char> = value.chars().filter(|c| c.is_alphanumeric()).collect();
    if plain.len() == 11 && plain.iter().all(char::is_ascii_digit) {
        let kept: String = plain.iter().skip(6).take(3).collect();
        return format!("***.***.{kept}-**");
    }
    let shown = if plain.len() > 4 { 2 } else { 0 };
    let hidden_count = plain.len() - shown;
    let mut seen = 0;
    value
        .chars()
        .map(|c| {
            if !c.is_alphanumeric() {
                return c;
            }
            seen += 1;
            if seen > hidden_count { c } else { HIDDEN }
        })
        .collect()
}

/// A date: nothing stays but the shape, `****-**-**`.
pub fn date(_value: &str) -> String {
    "****-**-**".to_owned()
}

/// Any other text: the first letter of each word stays, with three marks behind it whatever its length.
pub fn text(value: &str) -> String {
    let words: Vec<String> = value.split_whitespace().map(|word| format!("{}***", first(word))).collect();
    words.join(" ")
}

/// A name that is nothing but an address: a profile that was never named shows the number it writes from, or an e-mail.
/// Such a name is masked like the address itself; a real name stays as it is.
pub fn name(value: &str) -> Option<String> {
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let letters = value.chars().filter(|c| c.is_alphabetic()).count();
    if digits >= 6 && letters == 0 {
        return Some(phone(value));
    }
    value.contains('@').then(|| email(value))
}

/// Refuses a value that came from a mask.
///
/// # Errors
/// 422 `FIELD_MASKED`, naming the field.
pub fn refuse_masked(field: &'static str, value: &str) -> Result<(), Error> {
    if !value.contains(HIDDEN) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Invalid, "FIELD_MASKED", "You do not see this value, so you cannot write it back.")
        .with_fields(vec![crate::error::FieldError {
            field: field.into(),
            code: "FIELD_MASKED".into(),
            message: "Leave it out, or give the whole value.".into(),
        }]))
}

/// Refuses to sort or search in part by a field that is masked for the caller.
///
/// # Errors
/// 422 `FIELD_MASKED`, naming the parameter.
pub fn refuse_probing(masks: MaskSet, mask: Mask, parameter: &'static str) -> Result<(), Error> {
    if !masks.contains(mask) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Invalid, "FIELD_MASKED", "A value that you do not see can be looked up whole only.")
        .with_fields(vec![crate::error::FieldError {
            field: parameter.into(),
            code: "FIELD_MASKED".into(),
            message: "Neither sorted nor searched by part.".into(),
        }]))
}

fn hidden(text: &str) -> String {
    text.chars().map(|_| HIDDEN).collect()
}

fn first(text: &str) -> String {
    text.chars().next().map(String::from).unwrap_or_default()
}
