//! The CNPJ, numeric and alphanumeric (Receita Federal, Instrução Normativa RFB 2.229/2024): 12 digits or capital
//! letters and two check digits modulo 11, where a letter counts as its code point minus 48.

use kernel::Error;

/// The number without punctuation, if its check digits are right.
///
/// # Errors
/// 422 on the field `tax_id`.
pub fn parse_cnpj(text: &str) -> Result<String, Error> {
    let bare: String = text.chars().filter(|c| !matches!(c, '.' | '/' | '-' | ' ')).collect();
    if is_cnpj(bare.as_bytes()) {
        return Ok(bare);
    }
    Err(Error::invalid_field("tax_id", "TAX_ID_INVALID", "This is not a CNPJ: its check digits do not fit."))
}

fn is_cnpj(bytes: &[u8]) -> bool {
    let Some((body, [first, second])) = bytes.split_last_chunk::<2>() else { return false };
    body.len() == 12
        && body.iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        && body.iter().any(|b| *b != b'0')
        && *first == check_digit(body)
        && *second == check_digit(&bytes[..13])
}

/// Weights run 2 to 9 from the right and start over.
fn check_digit(body: &[u8]) -> u8 {
    let sum: u32 = body.iter().rev().zip((2..=9).cycle()).map(|(b, weight)| u32::from(b - b'0') * weight).sum();
    let digit = match sum % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    };
    b'0' + u8::try_from(digit).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_numbers_pass_with_and_without_punctuation() {
        // The second is the example of the alphanumeric form that the authority published.
        assert_eq!(parse_cnpj("11.222.333/0001-81").unwrap(), "11222333000181");
        assert_eq!(parse_cnpj("12.ABC.345/01DE-35").unwrap(), "12ABC34501DE35");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "11222333000182", "12abc34501de35", "00000000000000", "1122233300018", "1222333000181A", "ção"]
        {
            assert!(parse_cnpj(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn one_changed_character_is_noticed(body in "[0-9A-Z]{12}", at in 0usize..12, other in "[0-9A-Z]") {
            prop_assume!(body.bytes().any(|b| b != b'0'));
            let mut bytes = body.into_bytes();
            bytes.push(check_digit(&bytes));
            bytes.push(check_digit(&bytes));
            prop_assert!(is_cnpj(&bytes));
            let other = other.as_bytes()[0];
            // Values that differ by a multiple of 11 weigh alike: that is a limit of the published formula.
            prop_assume!((i32::from(other) - i32::from(bytes[at])) % 11 != 0);
            bytes[at] = other;
            // Remainders 0 and 1 share a digit, so a change may slip through the first digit; not through both.
            let first_same = bytes[12] == check_digit(&bytes[..12]);
            prop_assert!(!is_cnpj(&bytes) || first_same);
        }

        #[test]
        fn it_never_panics(text in "\\PC*") {
            let _ = parse_cnpj(&text);
        }
    }
}
