//! A person's own phone number in one form (E.164).

use kernel::Error;
use rlibphonenumber::{PhoneNumber, PhoneNumberFormat, Region};

/// Reads a number as people type it; one without country code is taken as one of `country` (ISO 3166).
///
/// # Errors
/// 422 `PHONE_INVALID` for what is no number of any plan.
pub fn normal(typed: &str, country: &str) -> Result<String, Error> {
    let bad =
        || Error::invalid_field("phone", "PHONE_INVALID", "A phone number with area code, such as +55 11 98765-4321.");
    if typed.len() > 40 || !typed.chars().any(|c| c.is_ascii_digit()) {
        return Err(bad());
    }
    let number = PhoneNumber::parse(typed, Region::from_code(country).ok()).map_err(|_| bad())?;
    if number.is_valid() { Ok(number.format_as(PhoneNumberFormat::E164).into_owned()) } else { Err(bad()) }
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn one_number_has_one_form() {
        for typed in ["(11) 98765-4321", "+55 11 98765 4321", "011 98765-4321", "5511987654321"] {
            assert_eq!(normal(typed, "BR").ok().as_deref(), Some("+5511987654321"), "{typed}");
        }
        assert_eq!(normal("+351 912 345 678", "BR").ok().as_deref(), Some("+351912345678"));
        for bad in ["", "abc", "123", "+55 11 1", "00000000000"] {
            assert!(normal(bad, "BR").is_err(), "{bad}");
        }
    }
}
