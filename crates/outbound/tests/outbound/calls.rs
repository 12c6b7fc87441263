//! How calls end, and that each end is told apart from the others.

use crate::canary::{Canary, Reply, answer, short};
use futures_util::StreamExt;
use metrics_exporter_prometheus::PrometheusBuilder;
use outbound::{Call, CallError, Delivery, HeaderName, HeaderValue, Method, Outbound, OutboundSettings};
use sha2::{Digest, Sha256};
use std::time::Duration;

fn client(settings: OutboundSettings) -> Outbound {
    Outbound::new(settings).unwrap()
}

async fn end_of(reply: Reply) -> (CallError, usize) {
    let canary = Canary::start(reply).await;
    let call = Call::post_json("test", canary.url("/"), &serde_json::json!({"a": 1})).unwrap();
    let error = client(canary.trusted()).call(call).await.unwrap_err();
    (error, canary.connections())
}

#[tokio::test]
async fn a_call_sends_what_it_was_given_and_reads_the_answer() {
    let canary = Canary::start(answer("200 OK", "content-type: application/json\r\n", r#"{"ok":true}"#)).await;
    let call = Call::post_json("test", canary.url("/v1/x"), &serde_json::json!({"a": "é"}))
        .unwrap()
        .bearer(&"s3cret".into())
        .unwrap()
        .header(HeaderName::from_static("x-request-id"), HeaderValue::from_static("r1"));
    assert_eq!(format!("{call:?}"), "Call(test POST 127.0.0.1)");
    let answer = client(canary.trusted()).call(call).await.unwrap();
    assert_eq!(answer.json::<serde_json::Value>().unwrap(), serde_json::json!({"ok": true}));
    let request = canary.last_request();
    assert!(request.starts_with("POST /v1/x HTTP/1.1\r\n") && request.ends_with(r#"{"a":"é"}"#), "{request}");
    for header in ["authorization: Bearer s3cret", "x-request-id: r1", "user-agent: Balcao/", "application/json"] {
        assert!(request.contains(header), "{header} is missing in {request}");
    }
}

#[tokio::test]
async fn nobody_listening_is_certainly_not_written() {
    // A port that was free a moment ago.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = outbound::Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let settings = OutboundSettings { trusted_origins: vec![url.clone()], ..short() };
    let error = client(settings).call(Call::new("test", Method::POST, url)).await.unwrap_err();
    assert!(matches!(error, CallError::Connect(_)), "{error:?}");
    assert_eq!(error.delivery(), Delivery::NotWritten);
}

#[tokio::test]
async fn a_tls_handshake_that_fails_or_stalls_is_certainly_not_written() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain = Canary::start(Reply::Drop).await;
    for address in [silent.local_addr().unwrap(), plain.address] {
        let url: outbound::Url = format!("https://{address}/").parse().unwrap();
        let connect_timeout = Duration::from_millis(100);
        let settings = OutboundSettings { trusted_origins: vec![url.clone()], connect_timeout, ..short() };
        let error = client(settings).call(Call::new("test", Method::POST, url)).await.unwrap_err();
        assert!(matches!(error, CallError::Connect(_)), "{error:?}");
        assert_eq!(error.delivery(), Delivery::NotWritten);
    }
}

#[tokio::test]
async fn a_connection_dropped_after_the_request_is_unclear_and_not_repeated() {
    let (error, connections) = end_of(Reply::Drop).await;
    assert!(matches!(error, CallError::Broken(_)), "{error:?}");
    assert_eq!((error.delivery(), connections), (Delivery::Unclear, 1));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_unclear() {
    let (error, _) = end_of(Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".to_vec())).await;
    assert!(matches!(error, CallError::Broken(_)), "{error:?}");
    assert_eq!(error.delivery(), Delivery::Unclear);
}

#[tokio::test]
async fn a_refusal_keeps_its_status_even_when_its_body_breaks_off() {
    let (error, _) = end_of(Reply::Bytes(b"HTTP/1.1 500 Oh\r\ncontent-length: 10\r\n\r\nhalf".to_vec())).await;
    let CallError::Status(answer) = error else { panic!("{error:?}") };
    assert_eq!(answer.status, 500);
}

#[tokio::test]
async fn silence_ends_in_a_time_out() {
    for head in [&b""[..], b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"] {
        let canary = Canary::start(Reply::ThenSilence(head.to_vec())).await;
        let call = Call::get("test", canary.url("/")).timeout(Duration::from_millis(100));
        let error = client(canary.trusted()).call(call).await.unwrap_err();
        assert!(matches!(error, CallError::Timeout), "{error:?}");
        assert_eq!((error.delivery(), canary.connections()), (Delivery::Unclear, 1));
    }
}

#[tokio::test]
async fn a_status_comes_with_its_body_and_headers() {
    let (error, _) = end_of(answer("429 Slow", "retry-after: 7\r\n", r#"{"error":{"code":130429}}"#)).await;
    assert_eq!(error.delivery(), Delivery::Answered);
    let CallError::Status(answer) = error else { panic!("{error:?}") };
    let now = "2026-11-21T10:00:00Z".parse().unwrap();
    assert_eq!(answer.retry_after(now), Some(Duration::from_secs(7)));
    assert_eq!(answer.json::<serde_json::Value>().unwrap()["error"]["code"], 130_429);
    assert_eq!(format!("{answer:?}"), "Answer(429, 25 bytes)");
}

#[tokio::test]
async fn a_wait_may_be_given_as_a_date() {
    let (error, _) = end_of(answer("503 No", "retry-after: Sat, 21 Nov 2026 10:01:00 GMT\r\n", "")).await;
    let CallError::Status(answer) = error else { panic!("{error:?}") };
    assert_eq!(answer.retry_after("2026-11-21T10:00:00Z".parse().unwrap()), Some(Duration::from_secs(60)));
    assert_eq!(answer.retry_after("2026-11-21T11:00:00Z".parse().unwrap()), Some(Duration::ZERO));
}

#[tokio::test]
async fn redirects_are_answers_and_not_followed() {
    let inside = Canary::start(answer("200 OK", "", "secret")).await;
    let canary = Canary::start(answer("302 Found", &format!("location: {}\r\n", inside.url("/")), "")).await;
    let outbound = client(canary.trusted());
    let error = outbound.call(Call::get("test", canary.url("/"))).await.unwrap_err();
    let CallError::Status(answer) = error else { panic!("{error:?}") };
    assert_eq!(answer.status, 302);
    let error = outbound.download(Call::get("test", canary.url("/")), 100).await.unwrap_err();
    assert!(matches!(error, CallError::Status(_)), "{error:?}");
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn a_download_is_hashed() {
    let canary = Canary::start(answer("200 OK", "content-type: image/png\r\n", "0123456789")).await;
    let download = client(canary.trusted()).download(Call::get("test", canary.url("/")), 10).await.unwrap();
    assert_eq!(download.bytes, "0123456789");
    assert_eq!(download.content_type.as_deref(), Some("image/png"));
    assert_eq!(download.sha256, <[u8; 32]>::from(Sha256::digest("0123456789")));
}

#[tokio::test]
async fn a_body_over_the_cap_is_cut_whether_announced_or_not() {
    let announced = Canary::start(answer("200 OK", "", "0123456789a")).await;
    let error = client(announced.trusted()).download(Call::get("test", announced.url("/")), 10).await.unwrap_err();
    assert!(matches!(error, CallError::TooLarge { limit: 10 }), "{error:?}");

    let endless = Canary::start(Reply::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec())).await;
    let outbound = client(endless.trusted());
    let mut open = outbound.open_download(Call::get("test", endless.url("/")), 100_000).await.unwrap();
    let mut seen = 0;
    let error = loop {
        match open.next().await.unwrap() {
            Ok(chunk) => seen += chunk.len(),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, CallError::TooLarge { limit: 100_000 }) && seen <= 100_000, "{error:?} {seen}");
    assert!(open.next().await.is_none());

    let settings = OutboundSettings { max_answer_bytes: 64, ..endless.trusted() };
    let error = client(settings).call(Call::get("test", endless.url("/"))).await.unwrap_err();
    assert!(matches!(error, CallError::TooLarge { limit: 64 }), "{error:?}");
    assert_eq!(error.delivery(), Delivery::Unclear);
}

#[tokio::test]
async fn an_endless_refusal_is_cut_too() {
    let endless = Canary::start(Reply::Endless(b"HTTP/1.1 500 Oh\r\n\r\n".to_vec())).await;
    let settings = OutboundSettings { max_answer_bytes: 1000, ..endless.trusted() };
    let error = client(settings).call(Call::get("test", endless.url("/"))).await.unwrap_err();
    let CallError::Status(answer) = error else { panic!("{error:?}") };
    assert_eq!((answer.status.as_u16(), answer.body.len()), (500, 1000));
}

#[tokio::test]
async fn the_cap_holds_after_decompression() {
    // 1 MiB of zeros: `head -c 1048576 /dev/zero | gzip -9`, about a thousandth of that.
    let bomb = include_bytes!("one_mebibyte_of_zeros.gz");
    let mut reply =
        format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", bomb.len()).into_bytes();
    reply.extend_from_slice(bomb);
    let canary = Canary::start(Reply::Bytes(reply)).await;
    let outbound = client(canary.trusted());
    let error = outbound.download(Call::get("test", canary.url("/")), 100_000).await.unwrap_err();
    assert!(matches!(error, CallError::TooLarge { .. }), "{error:?}");
    let whole = outbound.download(Call::get("test", canary.url("/")), 1_048_576).await.unwrap();
    assert_eq!(whole.bytes.len(), 1_048_576);
}

#[test]
fn each_request_is_counted_once_with_its_outcome() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    metrics::with_local_recorder(&recorder, || {
        outbound::describe_metrics();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let canary = Canary::start(answer("200 OK", "", "hello")).await;
            let outbound = client(canary.trusted());
            outbound.call(Call::get("greet", canary.url("/"))).await.unwrap();
            outbound.download(Call::get("greet", canary.url("/")), 5).await.unwrap();
            outbound.download(Call::get("greet", canary.url("/")), 4).await.unwrap_err();
            outbound.call(Call::get("greet", "https://10.0.0.1/".parse().unwrap())).await.unwrap_err();
            drop(outbound.open_download(Call::get("greet", canary.url("/")), 5).await.unwrap());
        });
    });
    let text = handle.render();
    for (outcome, count) in [("ok", 2), ("too_large", 1), ("refused", 1), ("canceled", 1)] {
        let line = format!("outbound_requests_total{{purpose=\"greet\",outcome=\"{outcome}\"}} {count}\n");
        assert!(text.contains(&line), "{line} is missing in\n{text}");
    }
    assert!(text.contains("outbound_request_duration_seconds_count{purpose=\"greet\"} 5\n"), "{text}");
}

#[test]
fn a_bad_trusted_origin_is_named_without_its_password() {
    let bad = "ftp://files.example/".parse().unwrap();
    let error = Outbound::new(OutboundSettings { trusted_origins: vec![bad], ..short() }).unwrap_err();
    assert!(error.to_string().contains("the scheme is not allowed"), "{error}");
    let bad = "http://user:hunter2@files.example/".parse().unwrap();
    let error = Outbound::new(OutboundSettings { trusted_origins: vec![bad], ..short() }).unwrap_err();
    assert!(error.to_string().contains("http://files.example") && !error.to_string().contains("hunter2"), "{error}");
}
