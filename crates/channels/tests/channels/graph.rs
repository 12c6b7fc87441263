//! Requests to and answers of the Graph API.

use channels::connector::{Address, ErrorClass, NotSendable, OutboundContent, OutboundIntent, Recipient, SendOutcome};
use channels::whatsapp::graph::{
    IntentError, MediaLookup, may_carry_token, media_is_gone, media_path, messages_path, read_media_lookup,
    read_send_answer, send_body,
};
use messaging::content::Segment;
use serde_json::{Value, json};

use crate::fixtures;

fn intent(to: Recipient, text: &str) -> OutboundIntent {
    OutboundIntent {
        to,
        content: OutboundContent::Text { text: text.to_owned(), preview_url: false },
        reply_to_external_id: None,
        tag: "outbox:01JGEXEMPLO".to_owned(),
    }
}

fn phone() -> Recipient {
    Recipient::Phone("5511990000017".to_owned())
}

#[test]
fn a_text_is_sent_as_in_the_recorded_exchange() {
    let exchanges = fixtures::value("api_exchanges.json");
    let mut intent = intent(phone(), "Sua consulta foi confirmada.");
    intent.reply_to_external_id = Some("wamid.HQYNNTUxMTk5MDAwMDAxNxUCABIYFDVRfjrPDc7GEG5qg6LWsBUQa3fx".to_owned());
    assert_eq!(send_body(&intent).unwrap(), exchanges["send_text"]["request"]);
}

#[test]
fn a_business_scoped_id_goes_as_recipient_and_never_beside_a_phone() {
    let body = send_body(&intent(Recipient::Bsuid("BR.70000000000000004".to_owned()), "Olá")).unwrap();
    assert_eq!((&body["recipient"], body.get("to")), (&json!("BR.70000000000000004"), None));
    let body = send_body(&intent(phone(), "Olá")).unwrap();
    assert_eq!((&body["to"], body.get("recipient")), (&json!("5511990000017"), None));
}

#[test]
fn the_phone_as_received_is_used_before_the_id() {
    let address =
        Address { bsuid: Some("BR.7".to_owned()), phone_raw: Some("553180000017".to_owned()), ..Address::default() };
    assert_eq!(Recipient::of(&address), Some(Recipient::Phone("553180000017".to_owned())));
    let hidden = Address { phone_raw: None, ..address };
    assert_eq!(Recipient::of(&hidden), Some(Recipient::Bsuid("BR.7".to_owned())));
    assert_eq!(Recipient::of(&Address { username: Some("rafa".to_owned()), ..Address::default() }), None);
}

#[test]
fn limits_hold_before_anything_leaves() {
    let error = |text: &str| send_body(&intent(phone(), text)).unwrap_err();
    assert_eq!(error(" \n"), IntentError::EmptyText);
    assert_eq!(error(&"é".repeat(4_097)), IntentError::TextTooLong);
    assert_eq!(error(&"😀".repeat(2_049)), IntentError::TextTooLong);
    assert!(send_body(&intent(phone(), &"é".repeat(4_096))).is_ok());
    let mut tagless = intent(phone(), "x");
    for tag in [String::new(), "t".repeat(513)] {
        tagless.tag = tag;
        assert_eq!(send_body(&tagless), Err(IntentError::Tag));
    }
    assert_eq!(send_body(&intent(Recipient::Phone(String::new()), "x")), Err(IntentError::Recipient));
}

#[test]
fn recorded_answers_are_read() {
    let exchanges = fixtures::value("api_exchanges.json");
    let outcome = |name: &str| read_send_answer(200, exchanges[name]["response"].to_string().as_bytes(), None);
    let address = |name: &str| match outcome(name) {
        SendOutcome::Accepted { external_id, address_used } => {
            assert!(external_id.starts_with("wamid."), "{name}");
            address_used
        }
        other => panic!("{name}: {other:?}"),
    };
    let phone = |digits: &str| Some(Address { phone_raw: Some(digits.to_owned()), ..Address::default() });
    assert_eq!(address("send_text"), phone("5511990000017"));
    // The real form, not the one that was asked for.
    assert_eq!(address("send_ninth_digit_resolved"), phone("553180000017"));
    let bsuid = Some(Address { bsuid: Some("BR.70000000000000004".to_owned()), ..Address::default() });
    assert_eq!(address("send_to_bsuid"), bsuid);
    assert_eq!(address("send_template_named_params"), phone("5511990000017"));
}

#[test]
fn a_refusal_carries_class_code_trace_and_wait() {
    let body = fixtures::value("api_exchanges.json")["error_130429"]["response"].to_string();
    let wait = Some(std::time::Duration::from_secs(9));
    let SendOutcome::Rejected { class, code, trace_id, retry_after, detail } =
        read_send_answer(429, body.as_bytes(), wait)
    else {
        panic!("not rejected");
    };
    assert_eq!((class, code, retry_after), (ErrorClass::Throttled, Some(130_429), wait));
    assert_eq!(trace_id.as_deref(), Some("AexemploTrace130429"));
    assert_eq!(detail, "Cloud API message throughput has been reached.");
}

#[test]
fn an_unreadable_success_and_a_gateways_time_out_leave_the_outcome_open() {
    let no_id = json!({"messaging_product": "whatsapp", "messages": [{}]}).to_string();
    for body in ["", "<html>", "{}", "{\"messages\":[]}", no_id.as_str()] {
        assert!(matches!(read_send_answer(200, body.as_bytes(), None), SendOutcome::Unclear { .. }), "{body}");
    }
    assert!(matches!(read_send_answer(504, b"<html>", None), SendOutcome::Unclear { .. }));
    let transient = |outcome| matches!(outcome, SendOutcome::Rejected { class: ErrorClass::Transient, .. });
    assert!(transient(read_send_answer(502, b"<!DOCTYPE html>", None)));
    assert!(transient(read_send_answer(504, br#"{"error":{"code":131016}}"#, None)));
}

#[test]
fn a_media_lookup_is_read_with_its_size_as_text_or_number() {
    let answer = fixtures::value("api_exchanges.json")["media_lookup"]["response"].clone();
    let lookup = read_media_lookup(200, answer.to_string().as_bytes()).unwrap();
    assert_eq!(
        lookup,
        MediaLookup {
            url: answer["url"].as_str().unwrap().to_owned(),
            mime_type: Some("image/jpeg".to_owned()),
            sha256: Some("d7bdd545f09d8a73c2b990337c8211d708a04ccd9748627685e4fc79cc038039".to_owned()),
            size: Some(303_833),
        }
    );
    let number = json!({"url": "https://x.example/", "file_size": 12}).to_string();
    assert_eq!(read_media_lookup(200, number.as_bytes()).unwrap().size, Some(12));
    assert!(read_media_lookup(200, b"{}").is_err());
}

#[test]
fn an_expired_media_id_is_told_from_other_errors() {
    let exchanges = fixtures::value("api_exchanges.json");
    let gone = exchanges["media_lookup_expired"]["response"].to_string();
    assert!(media_is_gone(&read_media_lookup(400, gone.as_bytes()).unwrap_err()));
    let other = exchanges["error_131016_unavailable"]["response"].to_string();
    assert!(!media_is_gone(&read_media_lookup(500, other.as_bytes()).unwrap_err()));
}

#[test]
fn the_token_goes_to_the_providers_host_only() {
    let lookup = fixtures::value("api_exchanges.json")["media_lookup"]["response"]["url"].as_str().unwrap().to_owned();
    assert!(may_carry_token(&lookup, &[]));
    let local = ["http://127.0.0.1:4000"];
    assert!(may_carry_token("http://127.0.0.1:4000/media/1?x", &local));
    for url in [
        "http://lookaside.fbsbx.com/x",
        "https://lookaside.fbsbx.com.evil.example/x",
        "https://lookaside.fbsbx.com:444/x",
        "https://lookaside.fbsbx.com@evil.example/x",
        "https://evil.example/lookaside.fbsbx.com",
        "https://evil.example#lookaside.fbsbx.com",
        "https://evil.example\\@lookaside.fbsbx.com/",
        "http://127.0.0.1:4001/media/1",
        "//lookaside.fbsbx.com/x",
        "lookaside.fbsbx.com",
        "https://",
        "",
    ] {
        assert!(!may_carry_token(url, &local), "{url}");
    }
}

#[test]
fn ids_never_become_another_path() {
    assert_eq!(messages_path("v25.0", "2200"), "/v25.0/2200/messages");
    assert_eq!(media_path("v25.0", "10/../me?x=#", "2200"), "/v25.0/10%2F..%2Fme%3Fx%3D%23?phone_number_id=2200");
}

#[test]
fn an_intent_can_be_made_of_public_text_only() {
    let text = Segment::Text { text: "oi".to_owned() };
    assert_eq!(
        OutboundContent::try_from(&text),
        Ok(OutboundContent::Text { text: "oi".to_owned(), preview_url: false })
    );
    let other: Segment = serde_json::from_value::<Segment>(json!({"type": "unsupported"})).unwrap();
    assert_eq!(OutboundContent::try_from(&other), Err(NotSendable));
    assert_eq!(serde_json::to_value(&other).unwrap(), json!({"type": "unsupported"}) as Value);
}
