//! Graph errors: the table of the specification, and bodies of every sort.

use std::time::Duration;

use channels::connector::{ErrorClass, InboundKind};
use channels::whatsapp::errors::{class_of_code, parse_body, recipient_pause, retry_after};

use messaging::status::{OutboundStatus, StatusRecord};

use crate::fixtures;

#[test]
fn the_table_of_codes() {
    use ErrorClass as C;
    let table: [(&[i64], ErrorClass); 11] = [
        (&[1, 2, 131_000, 131_016, 131_057, 135_000], C::Transient),
        (&[4, 80_007, 130_429], C::Throttled),
        (&[131_056], C::ThrottledRecipient),
        (&[131_047], C::Window),
        (&[131_021, 131_026, 131_030, 131_062, 137_000], C::Recipient),
        (&[131_049, 130_472, 131_050, 131_048, 131_063, 131_064], C::Policy),
        (
            &[
                100, 131_008, 131_009, 131_051, 131_053, 132_000, 132_001, 132_005, 132_007, 132_008, 132_012, 132_015,
                132_016, 132_068,
            ],
            C::Content,
        ),
        (&[190, 3, 10, 200, 250, 299, 131_005, 0, 102], C::Auth),
        (&[131_042], C::Payment),
        (&[368, 130_497, 131_031, 131_037, 131_045, 133_000, 133_010, 133_999], C::Account),
        (&[-1, 5, 199, 300, 131_052, 132_069, 134_000, 139_100, 999_999, i64::MAX, i64::MIN], C::Unknown),
    ];
    for (codes, class) in table {
        for code in codes {
            assert_eq!(class_of_code(*code), class, "{code}");
        }
    }
}

#[test]
fn only_transient_and_throttled_are_repeated() {
    use ErrorClass as C;
    let repeated = [C::Transient, C::Throttled, C::ThrottledRecipient];
    let all = [
        C::Transient,
        C::Throttled,
        C::ThrottledRecipient,
        C::Window,
        C::Recipient,
        C::Policy,
        C::Content,
        C::Auth,
        C::Payment,
        C::Account,
        C::Unknown,
    ];
    for class in all {
        assert_eq!(class.retryable(), repeated.contains(&class), "{class:?}");
        assert_eq!(serde_json::to_value(class).unwrap(), class.as_str());
    }
}

#[test]
fn every_recorded_error_answer_is_read() {
    let exchanges = fixtures::value("api_exchanges.json");
    let expected = [
        ("error_130429", Some(130_429), "throttled"),
        ("error_131056", Some(131_056), "throttled_recipient"),
        ("error_80007", Some(80_007), "throttled"),
        ("error_190_token_expired", Some(190), "auth"),
        ("error_132000_param_count", Some(132_000), "content"),
        ("error_132001_template_missing", Some(132_001), "content"),
        ("error_131009_parameter", Some(131_009), "content"),
        ("error_131016_unavailable", Some(131_016), "transient"),
        ("error_html_body_502", None, "transient"),
        ("media_lookup_expired", Some(100), "content"),
    ];
    let with_errors = exchanges.as_object().unwrap().values().filter(|one| one.get("http_status").is_some()).count();
    assert_eq!(with_errors, expected.len());
    for (name, code, class) in expected {
        let exchange = &exchanges[name];
        let status = u16::try_from(exchange["http_status"].as_u64().unwrap()).unwrap();
        let body = exchange["response_text"].as_str().map_or_else(|| exchange["response"].to_string(), str::to_owned);
        let error = parse_body(status, body.as_bytes());
        assert_eq!((error.code, error.class.as_str()), (code, class), "{name}");
        assert_eq!(error.trace_id.is_some(), code.is_some(), "{name}");
        assert!(error.detail.is_some(), "{name}");
    }
}

#[test]
fn the_code_decides_whatever_title_and_http_status_say() {
    let body = br#"{"error":{"message":"(#131026) Rate limit hit","title":"Service unavailable","code":131026}}"#;
    for status in [200, 400, 401, 429, 500, 503] {
        assert_eq!(parse_body(status, body).class, ErrorClass::Recipient);
    }
    let unknown = br#"{"error":{"message":"new","code":987654}}"#;
    assert_eq!(parse_body(500, unknown).class, ErrorClass::Unknown);
}

#[test]
fn without_a_code_the_http_status_is_all_there_is() {
    for (status, class) in [(500, "transient"), (503, "transient"), (429, "throttled"), (401, "auth"), (400, "unknown")]
    {
        for body in [&b""[..], b"<html>", b"null", b"[]", br#"{"error":"x"}"#, br#"{"error":{"message":"m"}}"#] {
            assert_eq!(parse_body(status, body).class.as_str(), class, "{status} {body:?}");
        }
    }
}

#[test]
fn waits_come_from_either_header() {
    assert_eq!(retry_after(Some("7"), None), Some(Duration::from_secs(7)));
    let usage = r#"{"1234":[{"type":"whatsapp","call_count":100,"estimated_time_to_regain_access":3}]}"#;
    assert_eq!(retry_after(None, Some(usage)), Some(Duration::from_secs(180)));
    assert_eq!(retry_after(Some("2"), Some(usage)), Some(Duration::from_secs(2)));
    assert_eq!(retry_after(Some("999999999999"), None), Some(Duration::from_secs(86_400)));
    let free = r#"{"1234":[{"estimated_time_to_regain_access":0}]}"#;
    for (after, usage) in
        [(None, None), (Some("soon"), None), (None, Some("{")), (None, Some("[1]")), (None, Some(free))]
    {
        assert_eq!(retry_after(after, usage), None, "{after:?} {usage:?}");
    }
}

#[test]
fn a_recipient_is_left_alone_for_4_16_and_64_seconds() {
    let pauses: Vec<u64> = (0..6).map(|attempt| recipient_pause(attempt).as_secs()).collect();
    assert_eq!(pauses, [4, 4, 16, 64, 64, 64]);
}

#[test]
fn a_failed_status_is_evidence_with_its_error() {
    let received = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let evidence = |name: &str| match fixtures::only(&fixtures::bytes(name)).kind {
        InboundKind::Status(status) => status.evidence(received),
        other => panic!("{other:?}"),
    };
    let failed = evidence("st_failed_131047_window_closed.json").unwrap();
    assert_eq!((failed.status, failed.at.timestamp()), (OutboundStatus::Failed, 1_767_357_383));
    let error = failed.error.clone().unwrap();
    assert_eq!((error.code.as_str(), error.class.as_str(), error.retryable), ("131047", "window", true));
    let final_one = evidence("st_failed_131026_undeliverable.json").unwrap().error.unwrap();
    assert!(!final_one.retryable);
    assert_eq!(evidence("st_unknown_future_status.json"), None);
    // The three statuses of the shuffled batch end as read.
    let shuffled = channels::whatsapp::normalize::normalize(&fixtures::bytes("batch_statuses_out_of_order.json"));
    let all: Vec<_> = shuffled
        .into_iter()
        .filter_map(|event| match event.kind {
            InboundKind::Status(status) => status.evidence(received),
            _ => None,
        })
        .collect();
    let record = StatusRecord::fold(&all);
    assert_eq!(record.shown(), OutboundStatus::Read);
    let times: Vec<i64> = record.times().iter().map(|time| time.at.timestamp()).collect();
    assert_eq!(times, [1_767_360_001, 1_767_360_010, 1_767_360_030]);
}
