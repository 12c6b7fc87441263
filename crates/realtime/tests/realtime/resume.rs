//! Coming back with a cursor.

use crate::client::Client;
use crate::world::{People, World, message};
use chrono::Duration;
use kernel::ids::UnitId;
use kernel::{Clock, Ids};
use realtime::Settings;
use serde_json::{Value, json};
use std::collections::HashSet;
use tokio::task::JoinSet;

fn text(event: &Value) -> &str {
    event["data"]["message"]["text"].as_str().unwrap()
}

#[tokio::test]
async fn what_was_missed_follows_hello_and_then_the_present() {
    let world = World::new().await;
    let organization_id = world.organization();
    let agent = world.agent(organization_id);
    let (conversation, unit): (_, UnitId) = (world.ids.random(), world.ids.random());
    let mut client = Client::connect(world.address, agent.auth()).await;
    world.say(organization_id, conversation, unit, "seen").await;
    let cursor = client.event("event").await["cursor"].as_str().unwrap().to_owned();
    client.cut();
    // More than one page of a replay.
    let mut tx = world.db.tenant(organization_id).await.unwrap();
    for i in 0..450 {
        tx.append(&world.system(organization_id), message(conversation, unit, &format!("missed {i}")));
    }
    tx.commit().await.unwrap();
    let mut client = Client::connect(world.address, agent.auth_from(&cursor)).await;
    assert_eq!((&client.hello["resumed"], &client.hello["reset"]), (&json!(true), &json!(null)));
    for i in 0..450 {
        let event = client.event("event").await;
        assert_eq!((text(&event), &event["n"]), (format!("missed {i}").as_str(), &json!(i + 1)));
    }
    world.say(organization_id, conversation, unit, "now").await;
    assert_eq!(text(&client.event("event").await), "now");
}

#[tokio::test]
async fn the_cursor_of_hello_loses_nothing_either() {
    let world = World::new().await;
    let organization_id = world.organization();
    let agent = world.agent(organization_id);
    let client = Client::connect(world.address, agent.auth()).await;
    let cursor = client.hello["cursor"].as_str().unwrap().to_owned();
    client.cut();
    world.say(organization_id, world.ids.random(), world.ids.random(), "between").await;
    let mut client = Client::connect(world.address, agent.auth_from(&cursor)).await;
    assert_eq!(text(&client.event("event").await), "between");
}

#[tokio::test]
async fn a_cursor_works_on_every_node() {
    let people = People::default();
    let one = World::beside(people.clone(), Settings::default(), Clock::system()).await;
    let two = World::beside(people, Settings::default(), Clock::system()).await;
    let organization_id = one.organization();
    let agent = one.agent(organization_id);
    let mut here = Client::connect(one.address, agent.auth()).await;
    let mut there = Client::connect(two.address, agent.auth()).await;
    one.say(organization_id, one.ids.random(), one.ids.random(), "first").await;
    let cursor = here.event("event").await["cursor"].clone();
    assert_eq!(there.event("event").await["cursor"], cursor, "both nodes hear it");
    one.say(organization_id, one.ids.random(), one.ids.random(), "second").await;
    let mut there = Client::connect(two.address, agent.auth_from(cursor.as_str().unwrap())).await;
    assert_eq!(text(&there.event("event").await), "second");
}

#[tokio::test]
async fn a_cursor_that_cannot_be_used_is_reset_with_its_reason() {
    let clock = Clock::manual(Clock::system().now());
    let world = World::with(Settings { resume_entries: 5, ..Settings::default() }, clock.clone()).await;
    let (organization_id, foreign) = (world.organization(), world.organization());
    let agent = world.agent(organization_id);
    let (conversation, unit): (_, UnitId) = (world.ids.random(), world.ids.random());
    let client = Client::connect(world.address, agent.auth()).await;
    let start = client.hello["cursor"].as_str().unwrap().to_owned();
    let theirs =
        Client::connect(world.address, world.agent(foreign).auth()).await.hello["cursor"].as_str().unwrap().to_owned();
    for i in 0..5 {
        world.say(organization_id, conversation, unit, &i.to_string()).await;
    }
    let reset_of = async |cursor: Value| {
        let auth = json!({ "token": agent.token, "rooms": ["inbox"], "cursor": cursor });
        let client = Client::connect(world.address, auth).await;
        assert_eq!(client.hello["resumed"] == json!(true), client.hello["reset"].is_null());
        client.hello["reset"].clone()
    };
    assert_eq!(reset_of(json!(start)).await, json!(null), "five are not too many");
    assert_eq!(reset_of(json!("c_never_given_out")).await, "unknown");
    assert_eq!(reset_of(json!(42)).await, "unknown");
    assert_eq!(reset_of(json!(theirs)).await, "unknown", "a cursor belongs to its organization");
    world.say(organization_id, conversation, unit, "5").await;
    assert_eq!(reset_of(json!(start)).await, "too_old", "six are");

    let other = world.agent(foreign);
    let mut client = Client::connect(world.address, other.auth()).await;
    world.say(foreign, conversation, unit, "a").await;
    let cursor = client.event("event").await["cursor"].as_str().unwrap().to_owned();
    world.say(foreign, conversation, unit, "b").await;
    client.event("event").await;
    clock.advance(Duration::days(8));
    let client = Client::connect(world.address, other.auth_from(&cursor)).await;
    assert_eq!(client.hello["reset"], "too_old", "eight days");
    let fresh = client.hello["cursor"].as_str().unwrap().to_owned();
    world.say(foreign, conversation, unit, "c").await;
    let mut client = Client::connect(world.address, other.auth_from(&fresh)).await;
    assert_eq!(client.hello["resumed"], true);
    assert_eq!(text(&client.event("event").await), "c", "the new cursor goes on from there");
}

/// Writers commit in any order while a client is cut at random moments; a failing run is repeated by its seed.
#[tokio::test]
async fn nothing_is_missed_over_random_cuts() {
    let world = World::new().await;
    let seed = u64::from(std::process::id());
    let dice = Ids::seeded(seed);
    let organization_id = world.organization();
    let agent = world.agent(organization_id);
    let (conversation, unit): (uuid::Uuid, UnitId) = (world.ids.random(), world.ids.random());
    let (writers, each) = (4, 60);
    let mut client = Client::connect(world.address, agent.auth()).await;
    let mut cursor = client.hello["cursor"].as_str().unwrap().to_owned();
    let mut tasks = JoinSet::new();
    for writer in 0..writers {
        let (db, ctx, dice) = (world.db.clone(), world.system(organization_id), dice.clone());
        tasks.spawn(async move {
            for i in 0..each {
                let mut tx = db.tenant(organization_id).await.unwrap();
                if dice.fraction() < 0.3 {
                    sqlx::query("select pg_current_xact_id(), pg_sleep($1)")
                        .bind(dice.fraction() * 0.02)
                        .execute(tx.conn())
                        .await
                        .unwrap();
                }
                tx.append(&ctx, message(conversation, unit, &format!("{writer} {i}")));
                tx.commit().await.unwrap();
            }
        });
    }
    let (mut seen, mut order, mut cuts) = (HashSet::new(), Vec::new(), 0);
    while seen.len() < writers * each {
        for n in 1.. {
            if dice.fraction() < 0.2 || seen.len() == writers * each {
                break;
            }
            let (name, event) = client.next().await.unwrap_or_else(|| panic!("seed {seed}: closed"));
            assert_eq!(name, "event", "seed {seed}");
            assert_eq!(event["n"], n, "seed {seed}: numbered without a hole");
            cursor = event["cursor"].as_str().unwrap().to_owned();
            assert!(
                seen.insert(text(&event).to_owned()),
                "seed {seed}: {} twice though the cursor was past it",
                text(&event)
            );
            order.push(text(&event).to_owned());
        }
        client.cut();
        cuts += 1;
        client = Client::connect(world.address, agent.auth_from(&cursor)).await;
        assert_eq!(client.hello["resumed"], true, "seed {seed}");
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert!(cuts > 20, "{cuts} cuts");
    for writer in 0..writers {
        let of_writer: Vec<&String> = order.iter().filter(|text| text.starts_with(&format!("{writer} "))).collect();
        let expected: Vec<String> = (0..each).map(|i| format!("{writer} {i}")).collect();
        assert!(
            of_writer.iter().map(|text| text.as_str()).eq(expected.iter().map(String::as_str)),
            "seed {seed}: in its order"
        );
    }
}
