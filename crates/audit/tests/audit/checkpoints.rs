//! The day's checkpoints: what tampering they show, where they are sent, and the key that signs them.

use crate::house::House;
use crate::post::SmtpServer;
use audit::{HeadsOut, HeadsWebhook, SignedHead, Span, Verdict};
use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use chrono::Duration;
use http::{HeaderMap, StatusCode};
use outbound::signing::{SignedHeaders, Signer, TOLERANCE, WebhookSecret};
use outbound::{Outbound, OutboundSettings};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

async fn house_with_checkpoints(days: usize) -> House {
    let house = House::new().await;
    for day in 0..days {
        for n in 0..3 {
            house.happen("role.updated", json!({ "day": day, "n": n })).await;
        }
        house.listen().await;
        house.audit.keep_checkpoint(house.organization.id).await.unwrap().unwrap();
        house.clock.advance(Duration::days(1));
    }
    house
}

async fn verify(house: &House) -> Verdict {
    house.audit.verify(house.organization.id, &Span::default()).await.unwrap()
}

/// Does something as only the owner of the machine can; what verification says then.
async fn after(statement: &str) -> String {
    let house = house_with_checkpoints(4).await;
    assert!(verify(&house).await.valid);
    house.sql(statement).await;
    let verdict = verify(&house).await;
    assert!(!verdict.valid && verdict.broken_at.is_some(), "{statement}: {verdict:?}");
    verdict.problem.unwrap()
}

#[tokio::test]
async fn a_forged_a_missing_and_a_replaced_checkpoint_are_named() {
    let said = after("update audit_heads set at = at + interval '1 second' where number = 2").await;
    assert!(said.starts_with("checkpoint 2") && said.ends_with("was not signed here"), "{said}");
    let said = after("update audit_heads set signature = decode(repeat('00', 64), 'hex') where number = 3").await;
    assert!(said.starts_with("checkpoint 3") && said.ends_with("was not signed here"), "{said}");
    let said = after("delete from audit_heads where number = 2").await;
    assert!(said.starts_with("checkpoint 2 is missing"), "{said}");
    // Another day's signature under this number: it covers the number.
    let said = after(
        "update audit_heads h set seq = o.seq, hash = o.hash, at = o.at, signature = o.signature
         from audit_heads o where h.number = 2 and o.number = 3 and o.organization_id = h.organization_id",
    )
    .await;
    assert!(said.starts_with("checkpoint 2"), "{said}");
}

#[tokio::test]
async fn a_tail_that_was_cut_off_shows_against_the_checkpoints() {
    let said = after("delete from audit_entries where seq > (select max(seq) - 2 from audit_entries)").await;
    assert!(said.starts_with("the chain ends at") && said.contains("its checkpoint 4"), "{said}");
    // With the newest checkpoint gone as well only one that was kept elsewhere tells.
    let house = house_with_checkpoints(3).await;
    let kept = house.audit.keep_checkpoint(house.organization.id).await.unwrap().unwrap();
    house.sql("delete from audit_heads where number > 2").await;
    house.sql("delete from audit_entries where seq > (select max(seq) from audit_heads)").await;
    assert!(verify(&house).await.valid, "nothing in the database shows it");
    let span = Span { head: Some(kept.clone()), ..Span::default() };
    let verdict = house.audit.verify(house.organization.id, &span).await.unwrap();
    assert!(!verdict.valid && verdict.problem.as_ref().unwrap().contains("its head at"), "{verdict:?}");
    // A chain rebuilt from there on is another one.
    for n in 0..6 {
        house.happen("role.updated", json!({ "forged": n })).await;
    }
    house.listen().await;
    let verdict = house.audit.verify(house.organization.id, &span).await.unwrap();
    assert_eq!((verdict.valid, verdict.broken_at), (false, Some(kept.head.seq)), "{verdict:?}");
}

#[tokio::test]
async fn a_chain_written_anew_is_not_the_one_of_its_checkpoints() {
    // With right hashes: whoever rewrites the tail can compute them, but cannot sign.
    let house = house_with_checkpoints(2).await;
    house.sql("delete from audit_entries where seq > 2").await;
    house.sql("delete from audit_values where seq > 2").await;
    for n in 0..8 {
        house.happen("role.updated", json!({ "anew": n })).await;
    }
    house.listen().await;
    let verdict = verify(&house).await;
    assert!(!verdict.valid && verdict.problem.as_ref().unwrap().contains("checkpoint 1"), "{verdict:?}");
}

#[tokio::test]
async fn entries_that_retention_did_not_remove_are_missed() {
    let house = house_with_checkpoints(2).await;
    house.sql("delete from audit_entries where seq <= 2").await;
    let verdict = verify(&house).await;
    assert_eq!((verdict.valid, verdict.broken_at), (false, Some(1)), "{verdict:?}");
    assert!(verdict.problem.unwrap().contains("no checkpoint says"));
    // A checkpoint of retention that nobody signed does not help.
    house
        .sql(&format!(
            "insert into audit_checkpoints (organization_id, seq, hash, last_at, signature, created_at)
             select organization_id, 2, prev_hash, at, decode(repeat('00', 64), 'hex'), at from audit_entries
             where organization_id = '{}' and seq = 3",
            house.organization.id
        ))
        .await;
    let verdict = verify(&house).await;
    assert!(verdict.problem.as_ref().unwrap().contains("retention checkpoint at entry 2"), "{verdict:?}");
}

#[tokio::test]
async fn a_new_key_signs_and_what_the_one_before_signed_stays_good() {
    let house = house_with_checkpoints(2).await;
    let before = house.audit.head(house.organization.id).await.unwrap();
    let keys = house.audit.rotate_head_key().await.unwrap();
    assert_eq!(keys.iter().map(|key| key.version).collect::<Vec<_>>(), [2, 1]);
    assert!(keys[0].is_vouched_by(&keys[1]) && !keys[1].is_vouched_by(&keys[0]));
    let after = house.audit.keep_checkpoint(house.organization.id).await.unwrap().unwrap();
    assert_eq!(after.public_key, keys[0].public_key);
    assert_eq!(before.public_key, keys[1].public_key);
    for head in [before, after] {
        let span = Span { head: Some(head), ..Span::default() };
        let verdict = house.audit.verify(house.organization.id, &span).await.unwrap();
        assert!(verdict.valid, "{verdict:?}");
    }
    // A key that somebody else puts into the table does not open, and nothing is verified with it.
    house.sql("update lasting_keys set key_sealed = key_sealed || '\\x00' where version = 2").await;
    assert!(house.audit.verify(house.organization.id, &Span::default()).await.is_err());
}

/// A server that refuses the first time and keeps what it took.
async fn receiver() -> (outbound::Url, Arc<Mutex<Vec<(HeaderMap, Bytes)>>>) {
    let taken: Arc<Mutex<Vec<(HeaderMap, Bytes)>>> = Arc::default();
    let keep = taken.clone();
    let app = Router::new().route(
        "/heads",
        post(move |headers: HeaderMap, body: Bytes| async move {
            let mut taken = keep.lock().unwrap();
            taken.push((headers, body));
            if taken.len() == 1 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::NO_CONTENT }
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/heads", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, taken)
}

#[tokio::test]
async fn the_days_checkpoints_leave_by_mail_and_by_a_signed_post_that_is_tried_again() {
    let mut server = SmtpServer::start(&[]).await;
    let (url, taken) = receiver().await;
    let signer = Signer::new(WebhookSecret::from_bytes(&[9; 32]).unwrap(), None);
    let settings = OutboundSettings { trusted_origins: vec![url.clone()], ..OutboundSettings::default() };
    let webhook = HeadsWebhook { outbound: Outbound::new(settings).unwrap(), url, signer: signer.clone() };
    let heads_out = HeadsOut { mail_to: vec!["guarda@fora.example".to_owned()], webhook: Some(webhook) };
    let house = House::sending(heads_out, mail::Way::smtp(&server.url()).unwrap()).await;
    house.token("ana@clinica.example").await;
    house.listen().await;
    upkeep(&house).await;
    let first = house.workers.drain().await.unwrap();
    assert_eq!(first.failed.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(), ["audit.deliver_heads"]);
    house.clock.advance(Duration::minutes(2));
    let second = house.workers.drain().await.unwrap();
    assert!(second.failed.is_empty(), "{:?}", second.failed);

    let mail = server.next().await;
    assert_eq!(mail["to"][0], "guarda@fora.example");
    let text = crate::post::readable(mail["raw"].as_str().unwrap());
    let line = text.lines().find(|line| line.starts_with('{') && line.contains(&house.organization.id.to_string()));
    let mailed: SignedHead = serde_json::from_str(line.unwrap()).unwrap();

    let taken = taken.lock().unwrap().clone();
    assert_eq!(taken.len(), 2, "tried again once");
    let header = |at: usize, name: &str| taken[at].0[name].to_str().unwrap().to_owned();
    assert_eq!(header(0, "webhook-id"), header(1, "webhook-id"), "the same delivery");
    let signed = SignedHeaders {
        id: header(1, "webhook-id"),
        timestamp: header(1, "webhook-timestamp"),
        signature: header(1, "webhook-signature"),
    };
    signer.verify(&signed, &taken[1].1, house.clock.now(), TOLERANCE).unwrap();
    let body: Value = serde_json::from_slice(&taken[1].1).unwrap();
    assert_eq!(body["type"], "audit.heads");
    let posted: Vec<SignedHead> = serde_json::from_value(body["heads"].clone()).unwrap();
    assert!(posted.contains(&mailed) && mailed.head.number == Some(1));
    let span = Span { head: Some(mailed), ..Span::default() };
    assert!(house.audit.verify(house.organization.id, &span).await.unwrap().valid);
}

/// Puts the daily job into its lane.
async fn upkeep(house: &House) {
    let mut tx = house.db.platform(store::PlatformReason::Maintenance).await.unwrap();
    tx.enqueue(&house.ctx(), store::jobs::NewJob::new(store::jobs::Lane::Bulk, "audit.upkeep", &()));
    tx.commit().await.unwrap();
}
