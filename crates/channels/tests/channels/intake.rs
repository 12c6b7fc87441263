//! Taking webhooks in: the handshake, what is refused, what is stored, one commit.

use crate::fixtures;
use crate::world::{APP_SECRET, Options, VERIFY_TOKEN, Who, World, number};
use axum::http::Method;
use channels::IntakeLimits;
use kernel::ids::OrganizationId;
use serde_json::json;
use testkit::graph::webhook::{self, Person, sign};
use uuid::Uuid;

const PATH: &str = "/api/channels/webhooks/whatsapp";

fn nobody() -> Who {
    Who::with(OrganizationId(Uuid::nil()), &[])
}

#[tokio::test]
async fn the_handshake_answers_the_challenge_and_nothing_else() {
    let world = World::new().await;
    let ask = async |query: String| world.request(Method::GET, &format!("{PATH}?{query}"), &nobody(), &[], None).await;
    let token = VERIFY_TOKEN.replace(' ', "%20");
    let good = ask(format!("hub.mode=subscribe&hub.challenge=%3Cscript%3E1&hub.verify_token={token}")).await;
    assert_eq!((good.status.as_u16(), good.bytes.as_slice()), (200, b"<script>1".as_slice()));
    assert!(good.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
    assert_eq!(good.headers["x-content-type-options"], "nosniff");
    assert_eq!(ask("hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong".to_owned()).await.status, 403);
    assert_eq!(ask(format!("hub.mode=other&hub.challenge=1&hub.verify_token={token}")).await.status, 403);
    assert_eq!(ask(format!("hub.mode=subscribe&hub.verify_token={token}")).await.status, 400);
}

#[tokio::test]
async fn only_a_good_signature_stores_anything() {
    let world = World::new().await;
    let callback = world.callback();
    let body = webhook::meta_bytes(&webhook::text(
        &number(),
        &Person::with_phone("5511990000017", "Zoë/É"),
        "wamid.1",
        world.clock.now(),
        "olá",
    ));
    let good = sign(APP_SECRET, &body);
    let bad = [
        String::new(),
        good.replace("sha256=", ""),
        good.replace("sha256=", "sha1="),
        good[..good.len() - 2].to_owned(),
        sign("another secret", &body),
        sign(APP_SECRET, &[body.as_slice(), b" "].concat()),
    ];
    for signature in &bad {
        assert_eq!(callback.post_as(&body, signature).await.unwrap(), 401, "{signature}");
    }
    assert_eq!(world.count("select count(*) from inbound_raw").await, 0);
    assert_eq!(world.count("select count(*) from jobs").await, 0);
    assert_eq!(callback.post(&body).await.unwrap(), 200);
    assert_eq!(world.count("select count(*) from inbound_raw").await, 1);
    assert_eq!(world.count("select count(*) from jobs where kind = 'channels.split_inbound'").await, 1);
}

#[tokio::test]
async fn a_stored_body_is_sealed_and_an_identical_one_changes_nothing() {
    let world = World::new().await;
    let body = fixtures::bytes("in_text.json");
    for _ in 0..5 {
        assert_eq!(world.post_bytes(&body).await, 200);
    }
    assert_eq!(world.count("select count(*) from inbound_raw").await, 1);
    assert_eq!(world.count("select count(*) from jobs").await, 1, "a repetition asks for no work");
    let readable =
        "select count(*) from inbound_raw where position('whatsapp_business_account'::bytea in body_sealed) > 0";
    assert_eq!(world.count(readable).await, 0);
}

#[tokio::test]
async fn whatever_is_inside_a_genuine_body_is_answered_200() {
    let world = World::new().await;
    for body in [
        &b"{"[..],
        b"",
        b"[]",
        b"\xff\xfe",
        br#"{"object":"page"}"#,
        br#"{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[]}]}"#,
    ] {
        assert_eq!(world.post_bytes(body).await, 200, "{}", String::from_utf8_lossy(body));
    }
    let drained = world.drain().await;
    assert!(drained.failed.is_empty(), "{drained:?}");
    assert_eq!(world.count("select count(*) from inbound_raw where state = 'ignored'").await, 6);
}

#[tokio::test]
async fn limits_hold_by_size_by_bad_sender_and_by_minute() {
    let limits = IntakeLimits { per_minute: 3, bad_per_minute: 2, ..IntakeLimits::default() };
    let world = World::with(Options { intake: limits, ..Options::default() }).await;
    assert_eq!(world.post_bytes(&vec![b' '; 5 * 1024 * 1024 + 1]).await, 413);
    assert_eq!(
        world.post_bytes(&vec![b' '; 1536 * 1024]).await,
        200,
        "more than other routes take: Meta sends up to 3 MB"
    );
    let callback = world.callback();
    let mut answers = Vec::new();
    for n in 0..3 {
        answers.push(callback.post_as(format!("{n}").as_bytes(), "sha256=00").await.unwrap());
    }
    assert_eq!(answers, [401, 401, 429]);
    for (n, expected) in [(1, 200), (2, 200), (3, 429)] {
        assert_eq!(
            world.post(&json!({ "n": n })).await,
            expected,
            "a genuine one is never mixed up with the bad ones: {n}"
        );
    }
    world.clock.advance(chrono::Duration::seconds(60));
    assert_eq!(world.post(&json!({ "n": 3 })).await, 200, "the next minute");
    assert_eq!(world.count("select count(*) from inbound_raw").await, 4);
}

#[tokio::test]
async fn check_30_signed_webhooks_over_a_hundred_a_minute_are_all_stored() {
    let world = World::new().await;
    // The clock stands still: all of it is one minute.
    for n in 0..250 {
        assert_eq!(world.post(&json!({ "n": n })).await, 200, "{n}");
    }
    assert_eq!(world.count("select count(*) from inbound_raw").await, 250);
}

#[tokio::test]
async fn many_at_once_share_commits_and_none_is_lost() {
    let world = World::new().await;
    let callback = world.callback();
    let posts = (0..200).map(|n| {
        let callback = callback.clone();
        async move { callback.post(format!("{{\"n\":{}}}", n % 100).as_bytes()).await.unwrap() }
    });
    let answers = futures_util::future::join_all(posts).await;
    assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
    assert_eq!(world.count("select count(*) from inbound_raw").await, 100);
    assert!(world.count("select count(*) from jobs").await < 100, "batches, not single writes");
}

#[tokio::test]
async fn without_a_database_the_answer_is_503() {
    let world = World::new().await;
    world.db.close().await;
    assert_eq!(world.post(&json!({})).await, 503);
}
