//! Two units of one organization beside each other: an agent of one sees nothing of the other's conversations, by any
//! operation that looks, by the socket and in what was missed.

use super::super::client::{Answer, Person};
use super::super::ledger::drained;
use super::super::seconds;
use super::super::server::Server;
use super::super::socket::Socket;
use super::super::world::{Organization, meta, now};
use super::operations::{Operation, operations};
use super::sockets::EVENTS;
use super::{Ids, NOBODYS, Two, told};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::graph::webhook;
use uuid::Uuid;

/// What is written in the other unit's thread.
const TEXT: &str = "Segredo da outra unidade";

/// Kinds of things that lie in a conversation.
const IN_IT: [&str; 3] = ["conversation_id", "message_id", "attachment_id"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_20_an_agent_of_one_unit_sees_nothing_of_anothers_conversations() {
    let mut two = Two::new().await;
    let agent = two.ours.person(&two.server, "caio", "agent").await;
    let hidden = thread_elsewhere(&two).await;
    let operations = operations(&two.us.get("/api/openapi.json").await);
    let mut attacked = 0;
    for operation in operations.iter().filter(|operation| names_only(operation)) {
        by_path(&agent, operation, &hidden).await;
        attacked += 1;
    }
    assert!(attacked >= 15, "{attacked} operations name a conversation or what lies in it");
    for operation in operations.iter().filter(|operation| operation.looks() && operation.parameters.is_empty()) {
        by_list(&agent, operation, &hidden).await;
    }
    by_history(&agent, &two.us, &hidden).await;
    by_socket(&two, &agent, &hidden).await;
    // Who sees the whole house sees it all.
    let path = format!("/api/conversations/{}/messages", hidden["conversation_id"]);
    assert!(two.us.get(&path).await.to_string().contains(TEXT));
    assert!(shows(&two.us.get("/api/conversations").await, &hidden).is_some());
    two.server.stop().await;
}

/// A second patient writes and sends a picture; the thread is given to the other unit.
async fn thread_elsewhere(two: &Two) -> Ids {
    writes(&two.server, &two.ours, 1, TEXT).await;
    let image = json!({"id": "1000000000000011", "mime_type": "image/jpeg", "sha256": ""});
    let body = webhook::media(&two.ours.number, &otto(), "wamid.otto.2", now(), "image", image);
    assert_eq!(meta(&two.server).post(&webhook::meta_bytes(&body)).await.unwrap(), 200);
    drained(&two.server, seconds(60)).await;
    let mut sql = two.server.sql().await;
    let mut one = async |query: &'static str| -> Uuid { sqlx::query_scalar(query).fetch_one(&mut sql).await.unwrap() };
    let ids: Ids = [
        ("conversation_id", one("select c.id from conversations c join contacts k on k.id = c.contact_id where k.profile_name = 'Otto Exemplo'").await),
        ("message_id", one("select m.id from messages m join contacts k on k.id = m.sender_id where k.profile_name = 'Otto Exemplo' order by m.seq limit 1").await),
        ("attachment_id", one("select a.id from message_attachments a join messages m on m.id = a.message_id join contacts k on k.id = m.sender_id where k.profile_name = 'Otto Exemplo'").await),
        ("unit_id", one("select u.id from units u join organizations o on o.id = u.organization_id where o.slug = 'casa-a' and not u.is_fallback limit 1").await),
    ]
    .into();
    let path = format!("/api/conversations/{}/assign", ids["conversation_id"]);
    two.us.made(Method::POST, &path, &json!({ "unit_id": ids["unit_id"] })).await;
    ids
}

async fn writes(server: &Server, organization: &Organization, number: u8, text: &str) {
    let body = webhook::text(&organization.number, &otto(), &format!("wamid.otto.{number}"), now(), text);
    assert_eq!(meta(server).post(&webhook::meta_bytes(&body)).await.unwrap(), 200);
}

fn otto() -> webhook::Person {
    webhook::Person::with_phone("5511990000025", "Otto Exemplo")
}

/// Whether all that the path names lies in a conversation.
fn names_only(operation: &Operation) -> bool {
    let kinds: Vec<&str> = operation.kinds().collect();
    !kinds.is_empty() && kinds.iter().all(|kind| IN_IT.contains(kind))
}

/// As for nothing, to look and to write.
async fn by_path(agent: &Person, operation: &Operation, hidden: &Ids) {
    let nobodys: Ids = hidden.keys().map(|kind| (*kind, NOBODYS)).collect();
    let (there, nothing) = (operation.ask(agent, hidden).await, operation.ask(agent, &nobodys).await);
    assert!([403, 404].contains(&there.status), "{}: {there:?}", operation.name());
    assert_eq!((there.status, told(there.body)), (nothing.status, told(nothing.body)), "{}", operation.name());
}

/// Lists, counts and filters hold none of it.
async fn by_list(agent: &Person, operation: &Operation, hidden: &Ids) {
    let filtered = hidden.iter().map(|(name, id)| format!("{}?{name}={id}", operation.path));
    for path in std::iter::once(operation.path.clone()).chain(filtered) {
        let answer = agent.ask(Method::GET, &path, None).await.unwrap();
        assert!(answer.status < 500, "{path}: {answer:?}");
        assert_eq!(shows(&told(answer.body), hidden), None, "{path}");
    }
}

async fn by_history(agent: &Person, boss: &Person, hidden: &Ids) {
    let ask = async |who: &Person, id: Uuid| -> Answer {
        let path = format!("/api/history?resource_type=conversation&resource_id={id}");
        who.ask(Method::GET, &path, None).await.unwrap()
    };
    let (there, nothing) = (ask(agent, hidden["conversation_id"]).await, ask(agent, NOBODYS).await);
    assert_eq!((there.status, told(there.body)), (404, told(nothing.body)));
    assert_eq!(ask(boss, hidden["conversation_id"]).await.status, 200);
}

/// No room, no command, no event of it; neither later, when what was missed is asked for.
async fn by_socket(two: &Two, agent: &Person, hidden: &Ids) {
    let mut socket = Socket::connect(&two.server.url(), agent.token()).await;
    let wishes =
        json!([format!("conversation:{}", hidden["conversation_id"]), format!("unit:{}", hidden["unit_id"]), "inbox",]);
    let joined = socket.call("subscribe", &json!({ "rooms": wishes })).await;
    let oks: Vec<&Value> = joined["rooms"].as_array().expect("rooms").iter().map(|room| &room["ok"]).collect();
    assert_eq!(oks, [false, false, true], "{joined}");
    let nobodys: Ids = hidden.keys().map(|kind| (*kind, NOBODYS)).collect();
    for (name, body) in EVENTS {
        let there = told(socket.call(name, &body(hidden)).await);
        assert_eq!(there["ok"], false, "{name}: {there}");
        assert_eq!(there, told(socket.call(name, &body(&nobodys)).await), "{name}");
    }
    // What is written elsewhere comes before what is written here, so it would have come.
    writes(&two.server, &two.ours, 3, TEXT).await;
    drained(&two.server, seconds(60)).await;
    super::text(&two.server, &two.ours, 4, "Daqui").await;
    socket.until("our own patient's message", |event| event.to_string().contains("Daqui")).await;
    let cursor = socket.hello()["cursor"].clone();
    let page = socket.call("sync", &json!({ "cursor": cursor, "rooms": ["inbox"] })).await;
    assert!(page["events"].to_string().contains("Daqui") && page["has_more"] == false, "{page}");
    let heard: Vec<&Value> = socket.heard.iter().filter(|event| event[0] == "event").collect();
    assert_eq!(shows(&json!([heard, page]), hidden), None);
}

/// What of the other unit's thread stands in an answer. A unit itself everybody sees.
fn shows(answer: &Value, hidden: &Ids) -> Option<String> {
    let answer = answer.to_string();
    let ids = IN_IT.iter().map(|kind| hidden[kind].to_string());
    ids.chain([TEXT.to_owned(), "Otto Exemplo".to_owned()]).find(|part| answer.contains(part))
}
