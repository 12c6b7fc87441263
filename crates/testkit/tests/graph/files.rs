//! Files, and what else can be looked up.

use axum::body::Bytes;
use channels::connector::SendOutcome;
use channels::whatsapp::graph::{media_is_gone, media_path, read_media_lookup};
use serde_json::{Value, json};
use testkit::graph::{Behaviour, Call};

use crate::world::{ANA, TOKEN, world};

#[tokio::test]
async fn files_live_as_long_as_the_protocol_says() {
    let world = world().await;
    let id = world.graph.put_media("image/jpeg", b"bytes".as_slice());
    let path = media_path("v25.0", &id, &world.number.phone_number_id);
    let (status, body) = world.get(&path).await;
    let lookup = read_media_lookup(status, &body).unwrap();
    assert_eq!((lookup.size, lookup.mime_type.as_deref()), (Some(5), Some("image/jpeg")));
    assert_eq!(world.get(&lookup.url).await, (200, Bytes::from_static(b"bytes")));
    let without_token = world.client.get(&lookup.url).send().await.unwrap();
    assert_eq!(without_token.status(), 401);
    assert_eq!(world.get(&lookup.url.replace("ext=", "ext=9")).await.0, 404);

    world.clock.advance(chrono::Duration::minutes(5));
    assert_eq!(world.get(&lookup.url).await.0, 404, "the link lives five minutes");
    let (status, body) = world.get(&path).await;
    let again = read_media_lookup(status, &body).unwrap();
    world.graph.damage_media(&id);
    assert_eq!(world.get(&again.url).await, (200, Bytes::from_static(b"bytes!")));

    world.clock.advance(chrono::Duration::days(7));
    let (status, body) = world.get(&path).await;
    assert!(media_is_gone(&read_media_lookup(status, &body).unwrap_err()));
    world.graph.next(Call::MediaLookup, Behaviour::error(131_016));
    assert_eq!(world.get(&path).await.0, 500);
}

#[tokio::test]
async fn an_upload_can_be_sent_and_fetched() {
    let world = world().await;
    let form = reqwest::multipart::Form::new()
        .text("messaging_product", "whatsapp")
        .text("type", "image/png")
        .part("file", reqwest::multipart::Part::bytes(b"a\r\n--b\r\n\x00".to_vec()).file_name("a.png"));
    let url = format!("{}/v25.0/{}/media", world.graph.url(), world.number.phone_number_id);
    let answer = world.client.post(url).bearer_auth(TOKEN).multipart(form).send().await.unwrap();
    let id = answer.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned();
    let (status, body) = world.get(&media_path("v25.0", &id, &world.number.phone_number_id)).await;
    let lookup = read_media_lookup(status, &body).unwrap();
    assert_eq!(world.get(&lookup.url).await.1, Bytes::from_static(b"a\r\n--b\r\n\x00"));
    let image = json!({"messaging_product": "whatsapp", "to": ANA, "type": "image", "image": {"id": id}});
    assert!(matches!(world.send(&image).await.unwrap(), SendOutcome::Accepted { .. }));
}

#[tokio::test]
async fn number_and_subscription_can_be_checked() {
    let world = world().await;
    let (status, body) = world.get(&format!("/v25.0/{}", world.number.phone_number_id)).await;
    let number: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, &number["display_phone_number"]), (200, &json!("551130001234")));
    let path = format!("/v25.0/{}/subscribed_apps", world.number.waba_id);
    let apps =
        async || serde_json::from_slice::<Value>(&world.get(&path).await.1).unwrap()["data"].as_array().unwrap().len();
    assert_eq!(apps().await, 0);
    let url = format!("{}{path}", world.graph.url());
    assert_eq!(world.client.post(url).bearer_auth(TOKEN).send().await.unwrap().status(), 200);
    assert_eq!(apps().await, 1);
    assert!(world.graph.is_subscribed(&world.number.waba_id));
}
