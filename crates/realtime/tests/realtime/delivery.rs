//! What is heard live, by whom, in which order.

use crate::client::Client;
use crate::world::{World, grant, message};
use kernel::access::Scope;
use kernel::ids::UnitId;
use kernel::{Actor, Audience, NewEvent, StreamRef};
use serde_json::{Value, json};

fn text(event: &Value) -> &str {
    event["data"]["message"]["text"].as_str().unwrap()
}

#[tokio::test]
async fn events_come_in_order_numbered_and_whole() {
    let world = World::new().await;
    let organization_id = world.organization();
    let agent = world.agent(organization_id);
    let (conversation, unit): (_, UnitId) = (world.ids.random(), world.ids.random());
    let mut client = Client::connect(world.address, agent.auth()).await;
    for i in 0..30 {
        world.say(organization_id, conversation, unit, &format!("{i} 'ç\u{1e}'")).await;
    }
    for i in 0..30 {
        let event = client.event("event").await;
        assert_eq!(text(&event), format!("{i} 'ç\u{1e}'"));
        assert_eq!(event["n"], i + 1);
        assert_eq!((&event["type"], &event["version"]), (&json!("message.created"), &json!(1)));
        assert_eq!(event["organization_id"], json!(organization_id));
        assert_eq!(event["stream"], json!({ "kind": "conversation", "id": conversation, "seq": 1 }));
        assert_eq!(event["actor"], json!({ "kind": "system", "id": null }));
        assert!(event["cursor"].as_str().unwrap().starts_with("c_"));
        let at = event["occurred_at"].as_str().unwrap();
        assert_eq!(at.len(), "2026-11-20T12:00:00.120Z".len(), "{at}");
    }
}

#[tokio::test]
async fn one_event_comes_once_however_many_rooms_it_is_in() {
    let world = World::new().await;
    let organization_id = world.organization();
    let agent = world.agent(organization_id);
    let unit: UnitId = world.ids.random();
    let conversation = world.conversation(organization_id, unit);
    let mut client = Client::connect(world.address, agent.auth()).await;
    let room = format!("conversation:{conversation}");
    let joined = client.call("subscribe", json!({ "rooms": [room, "inbox"] })).await;
    assert_eq!(joined["rooms"], json!([{ "room": room, "ok": true }, { "room": "inbox", "ok": true }]));
    world.say(organization_id, conversation, unit, "once").await;
    world.say(organization_id, conversation, unit, "then").await;
    assert_eq!(text(&client.event("event").await), "once");
    assert_eq!(text(&client.event("event").await), "then");

    let left =
        client.call("unsubscribe", json!({ "rooms": ["inbox", "inbox", format!("user:{}", agent.user())] })).await;
    let oks: Vec<&Value> = left["rooms"].as_array().unwrap().iter().map(|room| &room["ok"]).collect();
    assert_eq!(oks, [&json!(true), &json!(false), &json!(false)], "the own room stays");
    let other = world.conversation(organization_id, unit);
    world.say(organization_id, other, unit, "not wished for").await;
    world.say(organization_id, conversation, unit, "wished for").await;
    assert_eq!(text(&client.event("event").await), "wished for");
}

#[tokio::test]
async fn nobody_hears_another_organization() {
    let world = World::new().await;
    let (ours, theirs) = (world.organization(), world.organization());
    let stranger = world.agent(theirs);
    let unit: UnitId = world.ids.random();
    let conversation = world.conversation(ours, unit);
    let mut client = Client::connect(world.address, stranger.auth()).await;
    let unknown: uuid::Uuid = world.ids.random();
    let rooms = [conversation, unknown].map(|id| format!("conversation:{id}"));
    let answer = client.call("subscribe", json!({ "rooms": rooms })).await;
    for room in answer["rooms"].as_array().unwrap() {
        assert_eq!((&room["ok"], &room["code"]), (&json!(false), &json!("NOT_FOUND")));
    }
    for i in 0..5 {
        world.say(ours, conversation, unit, &format!("secret {i}")).await;
    }
    world.say(theirs, world.ids.random(), unit, "their own").await;
    assert_eq!(text(&client.event("event").await), "their own");
}

#[tokio::test]
async fn what_is_for_one_user_reaches_only_that_user() {
    let world = World::new().await;
    let organization_id = world.organization();
    let (one, other) = (world.agent(organization_id), world.agent(organization_id));
    let (mut at_one, mut at_other) =
        (Client::connect(world.address, one.auth()).await, Client::connect(world.address, other.auth()).await);
    let personal = NewEvent {
        audience: Audience { only_user: Some(one.user()), ..Audience::default() },
        ..message(world.ids.random(), world.ids.random(), "for one")
    };
    world.append(organization_id, personal).await;
    world.say(organization_id, world.ids.random(), world.ids.random(), "for all").await;
    assert_eq!(text(&at_one.event("event").await), "for one");
    assert_eq!(text(&at_one.event("event").await), "for all");
    assert_eq!(text(&at_other.event("event").await), "for all");
}

#[tokio::test]
async fn an_event_without_a_permission_reaches_nobody() {
    let world = World::new().await;
    let organization_id = world.organization();
    let agent = world.agent(organization_id);
    let mut client = Client::connect(world.address, agent.auth()).await;
    let silent =
        NewEvent { audience: Audience::default(), ..message(world.ids.random(), world.ids.random(), "silent") };
    let unknown = NewEvent {
        audience: Audience { permission: Some("no.such".to_owned()), ..Audience::default() },
        ..message(world.ids.random(), world.ids.random(), "unknown")
    };
    world.append(organization_id, silent).await;
    world.append(organization_id, unknown).await;
    world.say(organization_id, world.ids.random(), world.ids.random(), "heard").await;
    assert_eq!(text(&client.event("event").await), "heard");
}

#[tokio::test]
async fn losing_and_gaining_sight_is_told_and_then_silence() {
    let world = World::new().await;
    let organization_id = world.organization();
    let (here, there): (UnitId, UnitId) = (world.ids.random(), world.ids.random());
    let agent = world.agent_in(organization_id, Scope::Units(vec![here]));
    let (conversation, never_seen): (uuid::Uuid, uuid::Uuid) = (world.ids.random(), world.ids.random());
    let mut client = Client::connect(world.address, agent.auth()).await;
    world.say(organization_id, conversation, here, "visible").await;
    world.say(organization_id, never_seen, there, "hidden from the start").await;
    world.say(organization_id, conversation, there, "moved away").await;
    world.say(organization_id, conversation, there, "still away").await;
    world.say(organization_id, conversation, here, "back").await;
    let thing = json!({ "kind": "conversation", "id": conversation });
    let (name, event) = client.next().await.unwrap();
    assert_eq!((name.as_str(), text(&event)), ("event", "visible"));
    assert_eq!(client.next().await.unwrap(), ("access.revoked".to_owned(), thing.clone()));
    assert_eq!(client.next().await.unwrap(), ("access.granted".to_owned(), thing));
    let (name, event) = client.next().await.unwrap();
    assert_eq!((name.as_str(), text(&event), &event["n"]), ("event", "back", &json!(2)));
}

#[tokio::test]
async fn a_changed_role_is_felt_within_two_seconds() {
    let world = World::new().await;
    let organization_id = world.organization();
    let (here, there): (UnitId, UnitId) = (world.ids.random(), world.ids.random());
    let agent = world.agent_in(organization_id, Scope::Units(vec![here]));
    let heard: uuid::Uuid = world.ids.random();
    let joined = world.conversation(organization_id, here);
    let mut client = Client::connect(world.address, agent.auth()).await;
    client.call("subscribe", json!({ "rooms": [format!("conversation:{joined}")] })).await;
    world.say(organization_id, heard, here, "visible").await;
    client.event("event").await;

    let changed = std::time::Instant::now();
    world.people.change(&agent, |subject| subject.grants = vec![grant(Scope::Units(vec![there]))]);
    let mut lost = [client.next().await.unwrap(), client.next().await.unwrap()];
    assert!(changed.elapsed() < std::time::Duration::from_millis(2_500), "{:?}", changed.elapsed());
    lost.sort_by_key(|(_, thing)| thing["id"] == json!(joined));
    for ((name, thing), id) in lost.iter().zip([heard, joined]) {
        assert_eq!((name.as_str(), &thing["id"]), ("access.revoked", &json!(id)));
    }
    world.say(organization_id, heard, here, "not visible").await;
    world.say(organization_id, world.ids.random(), there, "new ground").await;
    assert_eq!(text(&client.event("event").await), "new ground");

    world.people.change(&agent, |subject| subject.grants = vec![grant(Scope::Organization)]);
    let (name, _) = client.next().await.unwrap();
    assert_eq!(name, "access.granted");
}

#[tokio::test]
async fn a_transaction_that_commits_late_is_not_passed_over() {
    let world = World::new().await;
    let organization_id = world.organization();
    let agent = world.agent(organization_id);
    let mut client = Client::connect(world.address, agent.auth()).await;
    let (conversation, unit): (_, UnitId) = (world.ids.random(), world.ids.random());
    let mut early = world.db.tenant(organization_id).await.unwrap();
    // Begins to write now, and takes its time to commit: what others write meanwhile is held until it ended.
    sqlx::query("select pg_current_xact_id()").execute(early.conn()).await.unwrap();
    for i in 0..3 {
        world.say(organization_id, conversation, unit, &format!("late {i}")).await;
    }
    // An answer comes back over the same line while the later ones are held.
    assert_eq!(client.call("echo", json!({})).await["ok"], true);
    early.append(&world.system(organization_id), message(conversation, unit, "early"));
    early.commit().await.unwrap();
    for expected in ["late 0", "late 1", "late 2", "early"] {
        assert_eq!(text(&client.event("event").await), expected);
    }
}

#[tokio::test]
async fn another_stream_is_heard_in_its_own_room_only() {
    let world = World::new().await;
    let organization_id = world.organization();
    let agent = world.agent(organization_id);
    let mut client = Client::connect(world.address, agent.auth()).await;
    let other = NewEvent {
        kind: "unit.updated",
        version: 1,
        stream: StreamRef { kind: "unit".into(), id: world.ids.random(), seq: None },
        actor: Actor::SYSTEM,
        audience: Audience { permission: Some("messaging.view".to_owned()), ..Audience::default() },
        data: json!({}),
    };
    world.append(organization_id, other).await;
    world.say(organization_id, world.ids.random(), world.ids.random(), "in the inbox").await;
    assert_eq!(text(&client.event("event").await), "in the inbox");
}
