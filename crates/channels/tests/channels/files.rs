//! Files of inbound messages: fetched, compared, stored, served; visible when they cannot be had.

use crate::world::{TOKEN, Who, World, number, other_number};
use axum::http::Method;
use chrono::Duration;
use kernel::Permission;
use kernel::ids::OrganizationId;
use serde_json::{Value, json};
use testkit::graph::webhook::{self, Person};
use testkit::graph::{Behaviour, Call};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

async fn ready() -> (World, OrganizationId) {
    let world = World::new().await;
    let organization = world.organization().await;
    world.account(organization).await;
    (world, organization)
}

/// A picture comes in.
async fn picture(world: &World, id: &str, media: &str) {
    let file = json!({"id": media, "mime_type": "image/png", "sha256": world.graph.media_sha256_base64(media), "caption": "Exame"});
    let body =
        webhook::media(&number(), &Person::with_phone("5511990000017", "Ana"), id, world.clock.now(), "image", file);
    assert_eq!(world.post(&body).await, 200);
}

async fn states(world: &World) -> Vec<String> {
    world.texts("select fetch_status || coalesce(' ' || fetch_error, '') from message_attachments order by id").await
}

#[tokio::test]
async fn a_picture_is_fetched_stored_and_served() {
    let (world, organization) = ready().await;
    let media = world.graph.put_media("image/png", PNG);
    picture(&world, "wamid.1", &media).await;
    world.drain().await;
    assert_eq!(states(&world).await, ["fetched"]);
    let path = world
        .texts("select '/api/messages/' || message_id || '/attachments/' || id || '/content' from message_attachments")
        .await
        .remove(0);
    let viewer = Who::with(organization, &[Permission::MESSAGING_VIEW]);
    let whole = world.request(Method::GET, &path, &viewer, &[], None).await;
    assert_eq!((whole.status.as_u16(), whole.bytes.as_slice()), (200, PNG));
    assert_eq!(whole.headers["content-type"], "image/png");
    assert_eq!(whole.headers["x-content-type-options"], "nosniff");
    assert!(whole.headers["content-disposition"].to_str().unwrap().starts_with("inline"));
    let part = world.request(Method::GET, &path, &viewer, &[("range", "bytes=1-3")], None).await;
    assert_eq!((part.status.as_u16(), part.bytes.as_slice()), (206, b"PNG".as_slice()));
    assert_eq!(part.headers["content-range"], format!("bytes 1-3/{}", PNG.len()));
    assert_eq!(world.request(Method::GET, &path, &viewer, &[("range", "bytes=900-")], None).await.status, 416);

    let stranger = Who::manager(world.organization().await);
    assert_eq!(world.request(Method::GET, &path, &stranger, &[], None).await.status, 404);
    let blind = Who::with(organization, &[Permission::CHANNELS_VIEW]);
    assert_eq!(world.request(Method::GET, &path, &blind, &[], None).await.status, 404);
    let tokens = world.graph.calls().iter().filter(|call| call.path.contains(TOKEN)).count();
    assert_eq!(tokens, 0, "the token is in no address");
}

#[tokio::test]
async fn trouble_of_the_moment_is_tried_again() {
    let (world, _) = ready().await;
    let media = world.graph.put_media("image/png", PNG);
    world.graph.next(Call::MediaLookup, Behaviour::error(131_000));
    world.graph.next(Call::MediaLookup, Behaviour::Html(502));
    world.graph.next(Call::MediaDownload, Behaviour::DropBeforeReading);
    picture(&world, "wamid.1", &media).await;
    world.drain().await;
    assert_eq!(states(&world).await, ["pending"]);
    world.drain_for(Duration::minutes(2)).await;
    assert_eq!(states(&world).await, ["fetched"]);
}

#[tokio::test]
async fn what_cannot_be_had_is_visible_and_the_message_is_there() {
    let (world, organization) = ready().await;
    let gone = world.graph.put_media("image/png", PNG);
    picture(&world, "wamid.gone", &gone).await;
    world.graph.expire_media(&gone);
    world.drain().await;
    world.clock.advance(Duration::seconds(1));
    let damaged = world.graph.put_media("image/png", PNG);
    picture(&world, "wamid.damaged", &damaged).await;
    world.graph.damage_media(&damaged);
    world.drain_for(Duration::minutes(2)).await;
    assert_eq!(states(&world).await, ["expired EXPIRED", "failed HASH_MISMATCH"]);
    assert_eq!(world.count("select count(*) from messages").await, 2);
    assert_eq!(world.count("select count(*) from stored_files").await, 0);
    let path = world
        .texts("select '/api/messages/' || message_id || '/attachments/' || id || '/content' from message_attachments")
        .await
        .remove(0);
    let answer = world.request(Method::GET, &path, &Who::manager(organization), &[], None).await;
    assert_eq!((answer.status.as_u16(), answer.json["fetch_status"].as_str()), (409, Some("expired")));
}

#[tokio::test]
async fn the_providers_week_ends_the_trying() {
    let (world, _) = ready().await;
    let media = world.graph.put_media("image/png", PNG);
    world.graph.when(testkit::graph::Rule::every(Call::MediaLookup, Behaviour::error(131_000)));
    picture(&world, "wamid.1", &media).await;
    world.drain().await;
    world.clock.advance(Duration::days(7));
    world.drain().await;
    assert_eq!(states(&world).await, ["expired EXPIRED"]);
}

#[tokio::test]
async fn a_refused_token_stops_the_account_and_the_file_waits() {
    let (world, organization) = ready().await;
    let media = world.graph.put_media("image/png", PNG);
    world.graph.next(Call::MediaLookup, Behaviour::error(190));
    picture(&world, "wamid.1", &media).await;
    world.drain().await;
    assert_eq!(world.texts("select status from channel_accounts").await, ["error"]);
    assert_eq!(states(&world).await, ["pending"]);
    world.drain_for(Duration::minutes(10)).await;
    assert_eq!(states(&world).await, ["fetched"], "{organization}");
}

#[tokio::test]
async fn in_simulation_no_file_is_asked_for() {
    let world = World::new().await;
    let organization = world.organization().await;
    world.account_of(organization, &other_number(), true).await;
    let file: Value = json!({"id": "1234567890", "mime_type": "image/png"});
    let body = webhook::media(
        &other_number(),
        &Person::with_phone("5511990000017", "Ana"),
        "wamid.1",
        world.clock.now(),
        "image",
        file,
    );
    world.post(&body).await;
    world.drain().await;
    assert_eq!(states(&world).await, ["failed SIMULATION"]);
    assert!(world.graph.calls().is_empty());
}
