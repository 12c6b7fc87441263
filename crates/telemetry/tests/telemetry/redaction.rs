//! The three nets of redaction.

use proptest::prelude::*;
use rstest::rstest;
use std::borrow::Cow;
use telemetry::Redacted;
use telemetry::redact::{PLACEHOLDER, is_denied, last4, scrub};

#[test]
fn a_redacted_value_never_prints() {
    let value = Redacted::new("secret".to_owned());
    assert_eq!(format!("{value} {value:?}"), "[redacted] [redacted]");
    assert_eq!(serde_json::to_string(&value).unwrap(), "\"[redacted]\"");
    assert_eq!((value.expose().as_str(), value.clone().into_inner().as_str()), ("secret", "secret"));
}

#[rstest]
#[case("+5511987654321", "…4321")]
#[case("12345678", "…5678")]
#[case("1234567", "…")]
#[case("", "…")]
#[case("ééééçççç", "…çççç")]
fn the_last_four_show_only_of_long_values(#[case] value: &str, #[case] shown: &str) {
    assert_eq!(last4(value), shown);
}

#[test]
fn fields_are_denied_by_their_words() {
    let denied = [
        "password",
        "authorization",
        "Authorization",
        "access_token",
        "token",
        "text",
        "message_text",
        "phone",
        "email",
        "contact.email",
        "x-api-key",
        "http.request.header.cookie",
        "name",
        "display_name",
        "wa_id",
        "webhook_secret",
        "cpf",
        "refresh_token_hash",
        "user-agent",
    ];
    for field in denied {
        assert!(is_denied(field), "{field}");
    }
    let allowed = [
        "request_id",
        "organization_id",
        "conversation_id",
        "route",
        "status",
        "lane",
        "reader",
        "span_kind",
        "token_count",
        "body_bytes",
        "phone_number_id",
        "host",
        "context",
        "tokenizer",
        "hostname",
        "milliseconds",
        "message",
        "error",
    ];
    for field in allowed {
        assert!(!is_denied(field), "{field}");
    }
}

#[rstest]
#[case("mail ana@x.example now", "mail [redacted] now")]
#[case("<ana@x.example>", "<[redacted]>")]
#[case("to +55 11", "to +55 11")]
#[case("to +5511987654321.", "to [redacted]")]
#[case("from 5511987654321", "from [redacted]")]
#[case("number id 106540352242922", "number id 106540352242922")]
#[case("at 1732183200123", "at 1732183200123")]
#[case("Bearer abc.def", "Bearer [redacted]")]
#[case("basic QWxhZGRpbg==", "basic [redacted]==")]
#[case("?access_token=abc&x=1", "?access_token=[redacted]&x=1")]
#[case("\"password\":\"hunter2\"", "\"password\":\"[redacted]\"")]
#[case("\"password\": \"hunter2\"", "\"password\": \"[redacted]\"")]
#[case("secret whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "secret [redacted]")]
#[case("EAAGm0PX4ZCpsBA0123456789", "[redacted]")]
#[case("cpf 123.456.789-09", "cpf [redacted]")]
#[case("019a5c5e-8f6a-7000-8000-000000000001", "019a5c5e-8f6a-7000-8000-000000000001")]
#[case("a @ b", "a @ b")]
#[case("sqlx::Error: pool timed out", "sqlx::Error: pool timed out")]
fn patterns_are_replaced_inside_texts(#[case] text: &str, #[case] expected: &str) {
    assert_eq!(scrub(text), expected);
}

#[test]
fn a_harmless_text_is_not_copied() {
    assert!(matches!(scrub("applied 3 migrations in 20 ms"), Cow::Borrowed(_)));
}

proptest! {
    #[test]
    fn addresses_vanish_wherever_they_stand(before in any::<String>(), local in "[a-z]{3,9}", domain in "[a-z]{3,9}", after in any::<String>()) {
        let email = format!("{local}@{domain}.example");
        let scrubbed = scrub(&format!("{before} {email} {after}")).into_owned();
        prop_assert!(!scrubbed.contains(&email), "{scrubbed}");
        prop_assert!(scrubbed.contains(PLACEHOLDER));
    }

    #[test]
    fn phones_vanish(before in "\\PC{0,20}", digits in "[1-9][0-9]{9,13}") {
        let scrubbed = scrub(&format!("{before} +{digits}!")).into_owned();
        prop_assert!(!scrubbed.contains(&digits), "{scrubbed}");
    }
}
