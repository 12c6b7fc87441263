//! Phone numbers in one canonical form. Pure.
//!
//! Brazil: mobiles have nine digits starting with 9 since 2016, but providers still write many without the ninth digit,
//! and either form may be the one that works. So three values are kept: what was received (to send to), the canonical
//! E.164 form with the ninth digit (to show and search), and a key without it (to find). Numbering plan: Anatel
//! resolution 749/2022; area codes as assigned there. Other countries: libphonenumber's metadata.

use rlibphonenumber::{PhoneNumber, PhoneNumberFormat, Region};

/// A phone number that makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    canonical: String,
    key: Option<String>,
}

impl Phone {
    /// Reads a number as a provider writes it (country code first, plus sign or not) or, where a default country
    /// (ISO 3166) is given, as people type it: trunk zero, carrier code, punctuation, no country code. `None` for
    /// anything else: it is refused, not guessed.
    pub fn parse(raw: &str, default_country: Option<&str>) -> Option<Self> {
        let (plus, digits) = digits_of(raw)?;
        match default_country {
            Some("BR") if !plus => brazil_typed(&digits).map(Self::brazil),
            Some(country) if !plus => Self::foreign_typed(raw, country),
            _ => Self::international(&digits),
        }
    }

    /// E.164, for Brazilian mobiles with the ninth digit: what is shown and searched.
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// What two ways of writing one number have in common: `55:<area>:<last 8>` for Brazilian mobiles, `<country>:<national>`
    /// elsewhere. Brazilian landlines have none, so that they never meet a mobile with the same last digits.
    pub fn match_key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// What makes two identities the same: the key, or the canonical form where there is no key.
    pub fn identity_key(&self) -> &str {
        self.match_key().unwrap_or(&self.canonical)
    }

    fn international(digits: &str) -> Option<Self> {
        if let Some(national) = digits.strip_prefix("55") {
            return brazil_national(national.strip_prefix('0').unwrap_or(national)).map(Self::brazil);
        }
        // WhatsApp writes Mexican mobiles with the 1 that was dropped from the plan in 2019.
        let digits = match digits.strip_prefix("521") {
            Some(national) if national.len() == 10 => format!("52{national}"),
            _ => digits.to_owned(),
        };
        Self::foreign(&PhoneNumber::parse(format!("+{digits}"), None).ok()?)
    }

    fn foreign_typed(raw: &str, country: &str) -> Option<Self> {
        let number = PhoneNumber::parse(raw, Region::from_code(country).ok()).ok()?;
        if number.country_code == 55 {
            return brazil_national(&number.get_national_significant_number()).map(Self::brazil);
        }
        Self::foreign(&number)
    }

    fn foreign(number: &PhoneNumber) -> Option<Self> {
        if !number.is_valid() {
            return None;
        }
        let canonical = number.format_as(PhoneNumberFormat::E164).into_owned();
        let key = format!("{}:{}", number.country_code, number.get_national_significant_number());
        Some(Self { canonical, key: Some(key) })
    }

    fn brazil(number: Brazilian) -> Self {
        let Brazilian { area, last_eight, mobile } = number;
        if mobile {
            Self { canonical: format!("+55{area}9{last_eight}"), key: Some(format!("55:{area}:{last_eight}")) }
        } else {
            Self { canonical: format!("+55{area}{last_eight}"), key: None }
        }
    }
}

/// The other way to write a Brazilian mobile (`raw` as a provider writes it): without the ninth digit, or with it. `None`
/// where there is none, or where it would be a landline.
pub fn other_form(raw: &str) -> Option<String> {
    let (_, digits) = digits_of(raw)?;
    let Brazilian { area, last_eight, mobile } = brazil_national(digits.strip_prefix("55")?)?;
    if !mobile {
        return None;
    }
    match digits.len() {
        12 => Some(format!("55{area}9{last_eight}")),
        13 if last_eight.starts_with(['6', '7', '8', '9']) => Some(format!("55{area}{last_eight}")),
        _ => None,
    }
}

/// A Brazilian number taken apart; of a mobile, the last eight digits come after the ninth digit.
struct Brazilian {
    area: String,
    last_eight: String,
    mobile: bool,
}

/// Area code and subscriber number.
fn brazil_national(digits: &str) -> Option<Brazilian> {
    let (area, subscriber) = digits.split_at_checked(2)?;
    if !is_area_code(area) {
        return None;
    }
    let (last_eight, mobile) = match (subscriber.len(), subscriber.as_bytes().first()?) {
        (9, b'9') => (subscriber.get(1..)?, true),
        (8, b'6'..=b'9') => (subscriber, true),
        (8, b'2'..=b'5') => (subscriber, false),
        _ => return None,
    };
    Some(Brazilian { area: area.to_owned(), last_eight: last_eight.to_owned(), mobile })
}

/// As typed in Brazil: `[0[carrier]] area subscriber` or `55 area subscriber`; the length tells which.
fn brazil_typed(digits: &str) -> Option<Brazilian> {
    if let Some(rest) = digits.strip_prefix('0') {
        return match rest.len() {
            10 | 11 => brazil_national(rest),
            12 | 13 => brazil_national(rest.get(2..)?),
            _ => None,
        };
    }
    match digits.len() {
        10 | 11 => brazil_national(digits),
        12..=14 => {
            let national = digits.strip_prefix("55")?;
            brazil_national(national.strip_prefix('0').unwrap_or(national))
        }
        _ => None,
    }
}

/// Whether it begins with a plus sign, and its digits; `None` if it has anything but digits and punctuation.
fn digits_of(raw: &str) -> Option<(bool, String)> {
    let raw = raw.trim();
    let (plus, rest) = match raw.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, raw),
    };
    let mut digits = String::with_capacity(rest.len());
    for c in rest.chars() {
        match c {
            '0'..='9' => digits.push(c),
            ' ' | '\u{a0}' | '-' | '\u{2011}' | '\u{2013}' | '(' | ')' | '.' | '/' => {}
            _ => return None,
        }
    }
    (!digits.is_empty() && digits.len() <= 20).then_some((plus, digits))
}

/// Area codes in use.
fn is_area_code(area: &str) -> bool {
    let Ok(area) = area.parse::<u8>() else { return false };
    matches!(area, 11..=19 | 21 | 22 | 24 | 27 | 28 | 31..=35 | 37 | 38 | 41..=49 | 51 | 53..=55 | 61..=69 | 71 | 73..=75
        | 77 | 79 | 81..=89 | 91..=99)
}

#[cfg(test)]
mod tests;
