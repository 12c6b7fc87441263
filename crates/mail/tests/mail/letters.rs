//! Every letter exists in every language, and nothing that people are called can do harm in it.

use crate::support::letter;
use mail::{LANGUAGES, Letter, Template, render};
use serde_json::{Value, json};

#[test]
fn every_letter_is_written_in_every_language() {
    for template in Template::ALL.iter().copied() {
        assert_eq!(Template::parse(template.name()), Some(template));
        let mut seen = Vec::new();
        for language in LANGUAGES {
            let letter = Letter::sample(template, language).unwrap();
            let written = render(&letter).unwrap_or_else(|error| panic!("{} {language}: {error:?}", template.name()));
            let name = format!("{} in {language}", template.name());
            assert!(!written.subject.is_empty() && !written.subject.contains(['\n', '\r']), "{name}: subject");
            assert!(written.text.trim().len() > 40 && written.html.contains("</html>"), "{name}");
            assert!(written.html.contains(&format!("lang=\"{language}\"")), "{name}: language");
            for part in [&written.subject, &written.text, &written.html] {
                assert!(!part.contains("{{") && !part.contains("{%"), "{name}: {part}");
            }
            // A link stands in both parts, or those who read only one of them cannot follow it.
            if let Some(link) = letter.data.get("link").and_then(Value::as_str) {
                assert!(
                    written.text.contains(link) && written.html.contains(&link.replace('/', "&#x2f;"))
                        || written.html.contains(link),
                    "{name}: link"
                );
            }
            assert!(!seen.contains(&written.text), "{name}: the same text as another language");
            seen.push(written.text);
        }
    }
}

#[test]
fn languages_fall_back_to_the_nearest() {
    let subject =
        |language: &str| render(&Letter { language: language.to_owned(), ..letter("a@b.example") }).unwrap().subject;
    assert_eq!(subject("pt"), subject("pt-BR"));
    assert_eq!(subject("en-US"), "Your way into Balcao");
    assert_eq!(subject("es_AR"), "Su acceso a Balcao");
    assert_eq!(subject("fi"), subject("pt-BR"));
}

#[test]
fn data_is_text_and_no_markup_and_no_header() {
    let letter = Letter {
        template: Template::NewDevice,
        language: "en".to_owned(),
        data: json!({
            "organization": "<script>alert(1)</script>\r\nBcc: everybody@example.org",
            "device": "{{ 7 * 7 }} <img src=x>",
            "ip": "203.0.113.9",
            "at": "2026-11-20 12:00 (UTC)",
        }),
        ..letter("a@b.example")
    };
    let written = render(&letter).unwrap();
    assert!(!written.html.contains("<script>") && !written.html.contains("<img"), "{}", written.html);
    assert!(written.text.contains("{{ 7 * 7 }}"), "data is not a template");
    assert!(!written.subject.contains(['\r', '\n']));
}

#[test]
fn missing_data_is_found_and_not_tried_again() {
    let error = render(&Letter { data: json!({ "minutes": 15 }), ..letter("a@b.example") }).unwrap_err();
    assert!(!error.retryable());
}
