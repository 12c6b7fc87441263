//! What the fields of a person may hold.

use crate::text::folded;
use kernel::text::{clean_line, is_bidi_mark};
use kernel::{Error, FieldError};
use serde::{Deserialize, Deserializer};

/// Longest job title and signature, in characters.
const JOB_TITLE: usize = 100;
const SIGNATURE: usize = 1_000;
/// Most languages of one person.
const LANGUAGES: usize = 10;

/// Tells `null` (clears) from a field that is left out (stays).
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// A name as it is kept, and as it is compared.
pub fn name(field: &'static str, typed: &str) -> Result<(String, String), Error> {
    let name = clean_line(typed);
    if !(1..=150).contains(&name.chars().count()) {
        return Err(Error::invalid_field(field, "LENGTH", "1 to 150 characters."));
    }
    let norm = folded(&name);
    Ok((name, norm))
}

/// What customers see.
pub fn display_name(typed: &str) -> Result<String, Error> {
    line("display_name", typed, 40)
}

pub fn job_title(typed: &str) -> Result<String, Error> {
    line("job_title", typed, JOB_TITLE)
}

fn line(field: &'static str, typed: &str, most: usize) -> Result<String, Error> {
    let text = clean_line(typed);
    if (1..=most).contains(&text.chars().count()) {
        return Ok(text);
    }
    Err(Error::invalid(vec![FieldError {
        field: field.into(),
        code: "LENGTH".into(),
        message: format!("1 to {most} characters.").into(),
    }]))
}

/// Several lines; control characters and marks that reorder text are taken out.
pub fn signature(typed: &str) -> Result<String, Error> {
    let text: String = typed.chars().filter(|c| *c == '\n' || !(c.is_control() || is_bidi_mark(*c))).collect();
    let text = text.trim();
    if (1..=SIGNATURE).contains(&text.chars().count()) {
        return Ok(text.to_owned());
    }
    Err(Error::invalid_field("signature", "LENGTH", "1 to 1 000 characters."))
}

/// A BCP 47 tag of a language, with or without a region: `pt-BR`, `es`.
pub fn language(field: &'static str, typed: &str) -> Result<String, Error> {
    let mut parts = typed.trim().split('-');
    let fits = |part: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let main = parts.next().filter(|main| fits(main, 2..=3) && main.bytes().all(|byte| byte.is_ascii_alphabetic()));
    let rest: Vec<&str> = parts.collect();
    if let Some(main) = main
        && rest.len() <= 2
        && rest.iter().all(|part| fits(part, 2..=4))
    {
        let mut tag = main.to_ascii_lowercase();
        for part in rest {
            tag.push('-');
            tag.push_str(&if part.len() == 2 { part.to_ascii_uppercase() } else { part.to_owned() });
        }
        return Ok(tag);
    }
    Err(Error::invalid_field(field, "LANGUAGE_UNKNOWN", "A language tag such as `pt-BR`, `en` or `es`."))
}

pub fn languages(typed: &[String]) -> Result<Vec<String>, Error> {
    if typed.len() > LANGUAGES {
        return Err(Error::invalid_field("languages", "TOO_MANY", "At most 10 languages."));
    }
    typed.iter().map(|tag| language("languages", tag)).collect()
}

/// An IANA time zone.
pub fn timezone(typed: &str) -> Result<String, Error> {
    let typed = typed.trim();
    match jiff::tz::TimeZone::get(typed) {
        Ok(_) => Ok(typed.to_owned()),
        Err(_) => {
            Err(Error::invalid_field("timezone", "TIMEZONE_UNKNOWN", "An IANA zone such as `America/Sao_Paulo`."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_tags_are_read_and_written_alike() {
        for (typed, kept) in [("pt-br", "pt-BR"), (" en ", "en"), ("ES-419", "es-419"), ("zh-Hant-tw", "zh-Hant-TW")] {
            assert_eq!(language("language", typed).unwrap(), kept);
        }
        for bad in ["", "p", "portuguese", "pt_BR", "pt-", "pt-BR-x-y", "12"] {
            assert!(language("language", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_lose_what_is_not_seen() {
        assert_eq!(
            name("name", "  Ána\u{202e}  Souza\u{0} ").unwrap(),
            ("Ána Souza".to_owned(), "ana souza".to_owned())
        );
        assert!(name("name", " \u{200e} ").is_err());
        assert_eq!(signature("Dra. Ana\nCRM 1\u{7}").unwrap(), "Dra. Ana\nCRM 1");
    }

    #[test]
    fn only_zones_that_exist() {
        assert!(timezone("America/Manaus").is_ok());
        assert!(timezone("America/Atlantis").is_err());
    }
}
