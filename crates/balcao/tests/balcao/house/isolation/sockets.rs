//! Every event of a socket with another organization's ids: answered as for an id that nobody has. Every kind of room
//! with theirs: not joined, and nothing of theirs is heard.

use super::super::socket::Socket;
use super::{Ids, NOBODYS, Two, covered, picture, text, told};
use serde_json::{Value, json};

/// A client event and its body with these ids.
pub type Event = (&'static str, fn(&Ids) -> Value);

/// Client events that name things, the hub's own among them, and their body with such ids.
pub const EVENTS: &[Event] = &[
    ("message_send", |ids| {
        json!({
            "conversation_id": ids["conversation_id"], "client_id": "0199f0a0-0000-7000-8000-00000000000a",
            "segments": [{"type": "text", "text": "Olá"}],
        })
    }),
    ("seen", |ids| json!({"conversation_id": ids["conversation_id"], "up_to_seq": 1})),
    ("claim", |ids| json!({"conversation_id": ids["conversation_id"]})),
    ("typing", |ids| json!({"conversation_id": ids["conversation_id"], "is_typing": true})),
    ("viewing", |ids| json!({"conversation_id": ids["conversation_id"], "active": true})),
];

/// The events above that belong to the hub and to no domain.
const OF_THE_HUB: &[&str] = &["typing", "viewing"];

/// Kinds of rooms, and whose id each takes; one without takes none.
const ROOMS: &[(&str, Option<&str>)] =
    &[("inbox", None), ("conversation", Some("conversation_id")), ("unit", Some("unit_id"))];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_19_no_socket_event_reaches_another_organization() {
    let mut two = Two::new().await;
    covered(
        &two.registered("socket_commands").await,
        EVENTS.iter().map(|(name, _)| *name).filter(|name| !OF_THE_HUB.contains(name)),
    );
    covered(&two.registered("rooms").await, ROOMS.iter().map(|(kind, _)| *kind));
    let mut sql = two.server.sql().await;
    let before = picture(&mut sql, "casa-b").await;
    let mut us = Socket::connect(&two.server.url(), two.us.token()).await;

    rooms(&mut us, &two).await;
    // What the hub checks is whether the room may be joined: it must be asked for ours first.
    let ours = json!({"rooms": [format!("conversation:{}", two.our_ids["conversation_id"])]});
    assert_eq!(us.call("subscribe", &ours).await["rooms"][0]["ok"], true);
    events(&mut us, &two).await;
    assert_eq!(picture(&mut sql, "casa-b").await, before, "not one row of theirs changed");

    nothing_is_heard(&mut us, &two).await;
    two.server.stop().await;
}

/// Theirs and nobody's are refused alike; ours is done, so the bodies are right.
async fn events(us: &mut Socket, two: &Two) {
    let nobodys: Ids = two.their_ids.keys().map(|kind| (*kind, NOBODYS)).collect();
    for (name, body) in EVENTS {
        let theirs = told(us.call(name, &body(&two.their_ids)).await);
        let unknown = told(us.call(name, &body(&nobodys)).await);
        assert_eq!((&theirs["ok"], &theirs["error"]["code"]), (&json!(false), &json!("NOT_FOUND")), "{name}: {theirs}");
        assert_eq!(theirs, unknown, "{name}");
        let ours = us.call(name, &body(&two.our_ids)).await;
        assert_eq!(ours["ok"], true, "{name} with ours: {ours}");
    }
    // Ours to write in, theirs to answer.
    let mut body = EVENTS[0].1(&two.our_ids);
    body["reply_to"] = json!(two.their_ids["message_id"]);
    body["client_id"] = json!("0199f0a0-0000-7000-8000-00000000000b");
    let answer = us.call(EVENTS[0].0, &body).await;
    assert_eq!(answer["ok"], false, "a reply to a message of theirs: {answer}");
}

pub async fn rooms(us: &mut Socket, two: &Two) {
    let mut wishes = vec![format!("user:{}", two.their_ids["user_id"]), format!("user:{NOBODYS}")];
    for (kind, id) in ROOMS {
        let theirs = id.map_or_else(|| two.their_ids["user_id"], |id| two.their_ids[id]);
        wishes.extend([format!("{kind}:{theirs}"), format!("{kind}:{NOBODYS}")]);
    }
    let answer = us.call("subscribe", &json!({ "rooms": wishes })).await;
    let answers = answer["rooms"].as_array().expect("an answer for each");
    assert_eq!(answers.len(), wishes.len());
    for (wish, answer) in wishes.iter().zip(answers) {
        assert_eq!(*answer, json!({"room": wish, "ok": false, "code": "NOT_FOUND"}));
    }
}

/// They are written to, then we are: by the time we hear of ours, theirs would have come. What was missed is asked
/// for too, with their rooms.
async fn nothing_is_heard(us: &mut Socket, two: &Two) {
    let mut wishes = vec!["inbox".to_owned()];
    wishes.extend(ROOMS.iter().filter_map(|(kind, id)| Some(format!("{kind}:{}", two.their_ids[(*id)?]))));
    us.call("subscribe", &json!({ "rooms": wishes })).await;
    for organization in [&two.theirs, &two.ours] {
        text(&two.server, organization, 3, "Ainda uma coisa").await;
    }
    let ours = two.our_ids["conversation_id"].to_string();
    us.until("our patient's next message", |event| {
        let event = event.to_string();
        event.contains("Ainda uma coisa") && event.contains(&ours)
    })
    .await;

    let mut cursor = us.hello()["cursor"].clone();
    let mut pages = Vec::new();
    loop {
        let page = us.call("sync", &json!({"cursor": cursor, "rooms": wishes})).await;
        assert_eq!(page["ok"], true, "{page}");
        cursor = page["next_cursor"].clone();
        pages.push(page);
        if pages.last().is_none_or(|page| page["has_more"] != true) {
            break;
        }
    }
    let told = json!([us.heard, pages]).to_string();
    assert!(told.matches(&ours).count() > 1, "ours is heard");
    for (kind, id) in &two.their_ids {
        assert!(!told.contains(&id.to_string()), "their {kind} was told to us");
    }
}
