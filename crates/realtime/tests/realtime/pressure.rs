//! Readers that are too slow.

use crate::client::{Client, Connected, open};
use crate::world::World;
use kernel::Clock;
use kernel::ids::UnitId;
use realtime::Settings;
use serde_json::{Value, json};

/// Larger than the kernel's buffers and the transport's, together.
const MANY: usize = 150;

async fn slow(world: &World, auth: &Value) -> Client {
    let ws = open(world.address, "", None, Some(4_096)).await;
    match Client::shake_hands(ws, auth.clone()).await {
        Connected::In(client) => *client,
        _ => panic!("not let in"),
    }
}

async fn flood(world: &World, organization_id: kernel::ids::OrganizationId, from: usize) {
    let (conversation, unit): (_, UnitId) = (world.ids.random(), world.ids.random());
    for chunk in (from..from + MANY).collect::<Vec<_>>().chunks(5) {
        let mut tx = world.db.tenant(organization_id).await.unwrap();
        for i in chunk {
            let text = format!("{i} {}", "x".repeat(60_000));
            tx.append(&world.system(organization_id), crate::world::message(conversation, unit, &text));
        }
        tx.commit().await.unwrap();
    }
}

/// Few frames, however large.
fn queue(frames: usize) -> Settings {
    Settings { queue_frames: frames, queue_bytes: 1_000_000_000, ..Settings::default() }
}

fn number(event: &Value) -> usize {
    event["data"]["message"]["text"].as_str().unwrap().split(' ').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_is_told_where_to_go_on_and_misses_nothing() {
    let world = World::with(queue(40), Clock::system()).await;
    let organization_id = world.organization();
    let agent = world.agent(organization_id);
    let mut client = slow(&world, &agent.auth()).await;
    let mut quick = Client::connect(world.address, world.agent(organization_id).auth()).await;
    let reading = async {
        for expected in 0..MANY {
            assert_eq!(number(&quick.event("event").await), expected, "others are not held up");
        }
    };
    tokio::join!(flood(&world, organization_id, 0), reading);
    let mut seen = Vec::new();
    let reset = loop {
        let (name, body) = client.next().await.unwrap();
        match name.as_str() {
            "event" => seen.push(number(&body)),
            "reset" => break body,
            other => panic!("{other}"),
        }
    };
    assert_eq!(reset["reason"], "overflow");
    assert!(seen.len() < MANY, "the queue was emptied");
    assert_eq!(seen, (0..seen.len()).collect::<Vec<_>>());
    let mut cursor = reset["cursor"].as_str().unwrap().to_owned();
    while seen.len() < MANY {
        let page = client.call("sync", json!({ "cursor": cursor, "limit": 500 })).await;
        assert_eq!(page["ok"], true, "{page}");
        seen.extend(page["events"].as_array().unwrap().iter().map(number));
        cursor = page["next_cursor"].as_str().unwrap().to_owned();
    }
    assert_eq!(seen, (0..MANY).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_overflow_in_a_minute_disconnects() {
    let world = World::with(queue(10), Clock::system()).await;
    let organization_id = world.organization();
    let agent = world.agent(organization_id);
    let mut client = slow(&world, &agent.auth()).await;
    flood(&world, organization_id, 0).await;
    flood(&world, organization_id, MANY).await;
    crate::world::until("it is let go", || world.hub.sockets() == 0).await;
    let mut cursor = None;
    while let Some((name, body)) = client.next().await {
        if name == "event" {
            cursor = body["cursor"].as_str().map(str::to_owned);
        }
    }
    assert!(!client.dismissed, "it comes back by itself");
    let mut again = Client::connect(world.address, agent.auth_from(&cursor.unwrap())).await;
    assert_eq!(again.hello["resumed"], true);
    let first = number(&again.event("event").await);
    assert!(first > 0);
    for expected in first + 1..MANY * 2 {
        assert_eq!(number(&again.event("event").await), expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_be_lost_is_lost_first() {
    let world = World::with(queue(120), Clock::system()).await;
    let organization_id = world.organization();
    let agent = world.agent(organization_id);
    let unit: UnitId = world.ids.random();
    let mut client = slow(&world, &agent.auth()).await;
    let mut typist = Client::connect(world.address, world.agent(organization_id).auth()).await;
    let rooms: Vec<uuid::Uuid> = (0..40).map(|_| world.conversation(organization_id, unit)).collect();
    for chunk in rooms.chunks(20) {
        let names: Vec<String> = chunk.iter().map(|id| format!("conversation:{id}")).collect();
        client.call("subscribe", json!({ "rooms": names })).await;
    }
    // Fills the transport, then 40 frames that may be lost wait behind about 100 events.
    flood(&world, organization_id, 0).await;
    let mut quick = Client::connect(world.address, world.agent(organization_id).auth()).await;
    for room in &rooms {
        assert_eq!(typist.call("typing", json!({ "conversation_id": room, "is_typing": true })).await["ok"], true);
    }
    for i in 0..10 {
        world.say(organization_id, rooms[0], unit, &format!("{} end", MANY + i)).await;
    }
    for _ in 0..10 {
        quick.event("event").await;
    }
    let mut expected = 0;
    while expected < MANY + 10 {
        let (name, body) = client.next().await.unwrap();
        match name.as_str() {
            "event" => {
                assert_eq!(number(&body), expected);
                expected += 1;
            }
            "typing" => {}
            other => panic!("no event may be dropped while others can be: {other}"),
        }
    }
}
