//! Client events: answers, refusals, limits.

use crate::client::Client;
use crate::world::World;
use kernel::ids::UnitId;
use serde_json::{Value, json};

#[tokio::test]
async fn commands_answer_like_rest() {
    let world = World::new().await;
    let organization_id = world.organization();
    let agent = world.agent(organization_id);
    let mut client = Client::connect(world.address, agent.auth()).await;
    let answer = client.call("echo", json!({ "x": [1, "é"] })).await;
    assert_eq!(
        answer,
        json!({ "ok": true, "user_id": agent.user(), "organization_id": organization_id, "body": { "x": [1, "é"] } })
    );
    let refused = client.call("stale", json!({})).await;
    let error = json!({ "code": "STALE_REPLY", "status": 409, "title": "Conflict", "detail": "Somebody was faster.", "errors": [] });
    assert_eq!(refused, json!({ "ok": false, "error": error }));
}

#[tokio::test]
async fn what_is_unknown_or_wrong_is_validation_failed() {
    let world = World::new().await;
    let agent = world.agent(world.organization());
    let mut client = Client::connect(world.address, agent.auth()).await;
    for (name, body) in [
        ("no_such_event", json!({})),
        ("subscribe", json!({ "rooms": ["inbox"], "more": 1 })),
        ("subscribe", json!({ "rooms": "inbox" })),
        ("subscribe", json!({})),
        ("subscribe", json!("inbox")),
        ("subscribe", json!({ "rooms": vec!["inbox"; 201] })),
        ("typing", json!({ "conversation_id": "x", "is_typing": true })),
        ("typing", json!({ "conversation_id": agent.user(), "is_typing": true, "kind": "other" })),
        ("sync", json!({ "limit": 501 })),
        ("echo", json!([1])),
    ] {
        let answer = client.call(name, body.clone()).await;
        assert_eq!(
            (&answer["ok"], &answer["error"]["code"]),
            (&json!(false), &json!("VALIDATION_FAILED")),
            "{name} {body}"
        );
        assert_eq!(answer["error"]["status"], 422);
        assert_eq!(answer["error"]["errors"].as_array().unwrap().len(), 1);
    }
    let field = client.call("subscribe", json!({ "rooms": [], "more": 1 })).await;
    assert_eq!(
        (&field["error"]["errors"][0]["field"], &field["error"]["errors"][0]["code"]),
        (&json!("more"), &json!("UNKNOWN_FIELD"))
    );

    client.send(r#"42["echo",{},{}]"#).await;
    let error = client.event("error").await;
    assert_eq!((&error["event"], &error["error"]["code"]), (&json!("echo"), &json!("VALIDATION_FAILED")));
    client.emit("no_such_event", json!({})).await;
    assert_eq!(client.event("error").await["event"], "no_such_event");
    // A binary event is refused, its attachment skipped.
    client.send(r#"451-["echo",{"_placeholder":true,"num":0}]"#).await;
    client.send_binary(vec![1, 2, 3]).await;
    assert_eq!(client.event("error").await["error"]["code"], "VALIDATION_FAILED");
    client.send(r#"42["echo"]"#).await;
    assert_eq!(client.call("echo", json!(null)).await["ok"], true, "the connection stays");
}

#[tokio::test]
async fn events_of_one_socket_are_answered_in_their_order() {
    let world = World::new().await;
    let agent = world.agent(world.organization());
    let mut client = Client::connect(world.address, agent.auth()).await;
    for i in 100..120 {
        client.send(&format!("42{i}{}", json!(["echo", { "i": i }]))).await;
    }
    let mut ws = client.into_inner();
    for i in 100..120 {
        let text = crate::client::next_text(&mut ws).await.unwrap();
        assert!(text.starts_with(&format!("43{i}[")), "{text}");
    }
}

#[tokio::test]
async fn rooms_are_limited() {
    let world =
        World::with(realtime::Settings { rooms_per_socket: 3, ..Default::default() }, kernel::Clock::system()).await;
    let organization_id = world.organization();
    let agent = world.agent(organization_id);
    let unit: UnitId = world.ids.random();
    let mut client = Client::connect(world.address, agent.auth()).await;
    let rooms: Vec<String> =
        (0..3).map(|_| format!("conversation:{}", world.conversation(organization_id, unit))).collect();
    let answer = client.call("subscribe", json!({ "rooms": rooms })).await;
    let codes: Vec<&Value> = answer["rooms"].as_array().unwrap().iter().map(|room| &room["code"]).collect();
    // Beside the user's own room and the inbox.
    assert_eq!(codes, [&json!(null), &json!("TOO_MANY_ROOMS"), &json!("TOO_MANY_ROOMS")]);
}

#[tokio::test]
async fn too_many_events_are_refused_and_then_cut() {
    let world = World::new().await;
    let agent = world.agent(world.organization());
    let mut client = Client::connect(world.address, agent.auth()).await;
    let mut bystander = Client::connect(world.address, world.agent(world.organization()).auth()).await;
    for _ in 0..200 {
        client.emit("echo", json!({})).await;
    }
    let seen = client.until_closed().await;
    let limited: Vec<&Value> =
        seen.iter().filter(|(name, _)| name == "error").map(|(_, body)| &body["error"]).collect();
    assert!(limited.iter().all(|error| error["code"] == "RATE_LIMITED" && error["status"] == 429), "{limited:?}");
    assert!(limited.first().unwrap()["retry_after_ms"].as_u64().unwrap() >= 1);
    assert!(limited.len() >= 10);
    assert!(client.dismissed);
    assert_eq!(bystander.call("echo", json!({})).await["ok"], true);
}

#[tokio::test]
async fn subscribing_too_often_says_when_to_come_again() {
    let world = World::new().await;
    let agent = world.agent(world.organization());
    let mut client = Client::connect(world.address, agent.auth()).await;
    for _ in 0..20 {
        assert_eq!(client.call("subscribe", json!({ "rooms": ["inbox"] })).await["ok"], true);
    }
    let refused = client.call("subscribe", json!({ "rooms": ["inbox"] })).await;
    assert_eq!(refused["error"]["code"], "RATE_LIMITED");
    assert!((1..=500).contains(&refused["error"]["retry_after_ms"].as_u64().unwrap()));
}

#[tokio::test]
async fn typing_and_viewing_reach_the_others_who_may_see() {
    let world = World::new().await;
    let organization_id = world.organization();
    let (here, there): (UnitId, UnitId) = (world.ids.random(), world.ids.random());
    let conversation = world.conversation(organization_id, here);
    let room = json!({ "rooms": [format!("conversation:{conversation}")] });
    let (one, other) = (world.agent(organization_id), world.agent(organization_id));
    let outsider = world.agent_in(organization_id, kernel::access::Scope::Units(vec![there]));
    let mut typist = Client::connect(world.address, one.auth()).await;
    let mut same_user = Client::connect(world.address, one.auth()).await;
    let mut listener = Client::connect(world.address, other.auth()).await;
    let mut blind = Client::connect(world.address, outsider.auth()).await;
    for client in [&mut typist, &mut same_user, &mut listener, &mut blind] {
        client.call("subscribe", room.clone()).await;
    }
    let typing = json!({ "conversation_id": conversation, "is_typing": true, "kind": "note" });
    assert_eq!(typist.call("typing", typing.clone()).await, json!({ "ok": true }));
    assert_eq!(typist.call("typing", typing.clone()).await, json!({ "ok": true }), "ignored, not refused");
    assert_eq!(typist.call("viewing", json!({ "conversation_id": conversation, "active": true })).await["ok"], true);
    let heard = listener.next().await.unwrap();
    let told = json!({ "conversation_id": conversation, "user_id": one.user(), "is_typing": true, "kind": "note" });
    assert_eq!(heard, ("typing".to_owned(), told));
    let heard = listener.next().await.unwrap();
    assert_eq!((heard.0.as_str(), &heard.1["active"]), ("viewing", &json!(true)), "the second typing was ignored");
    assert_eq!(blind.call("typing", typing).await["error"]["code"], "NOT_FOUND");

    world.say(organization_id, conversation, here, "mark").await;
    assert_eq!(same_user.next().await.unwrap().0, "event", "never echoed to the same user");
    assert_eq!(blind.call("echo", json!({})).await["ok"], true);
}
