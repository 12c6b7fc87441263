//! What must act at once, on the real server: signing out, a role that is taken away, the end of a support session; and
//! what the audit tells within seconds.

use super::client::{Person, plain};
use super::isolation::cast::{staff, support};
use super::isolation::operations::operations;
use super::ledger::drained;
use super::server::{ALL_ROLES, Server};
use super::socket::Socket;
use super::world::{Organization, graph, meta, now, number};
use super::{seconds, until};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use testkit::graph::webhook;

/// Open sockets follow within this, with a little for the machine that both run on.
const SOON: Duration = Duration::from_millis(2_500);

/// A server with an organization, its administrator and a patient's thread.
struct Desk {
    server: Server,
    house: Organization,
    boss: Person,
    thread: String,
}

impl Desk {
    async fn open() -> Self {
        let graph = graph(&[number()]).await;
        let limits =
            ["BALCAO_LIMITS_ANONYMOUS", "BALCAO_LIMITS_AUTH", "BALCAO_LIMITS_SESSION", "BALCAO_LIMITS_WRITING"];
        let mut server = limits.iter().fold(Server::new(&graph.url()), |server, name| server.with(name, "off"));
        server.serve(ALL_ROLES);
        server.ready().await;
        let house = Organization::create(&server, "casa-a", &number()).await;
        let boss = house.person(&server, "ana", "admin").await;
        let mut desk = Self { server, house, boss, thread: String::new() };
        desk.patient_writes(1, "Bom dia").await;
        drained(&desk.server, seconds(60)).await;
        let listed = desk.boss.get("/api/conversations").await;
        desk.thread = listed["data"][0]["id"].as_str().expect("a thread").to_owned();
        desk
    }

    async fn patient_writes(&self, number: u8, text: &str) {
        let patient = webhook::Person::with_phone("5511990000017", "Marina Exemplo");
        let body = webhook::text(&self.house.number, &patient, &format!("wamid.marina.{number}"), now(), text);
        assert_eq!(meta(&self.server).post(&webhook::meta_bytes(&body)).await.unwrap(), 200);
    }

    async fn socket(&self, person: &Person) -> Socket {
        Socket::connect(&self.server.url(), person.token()).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_02_after_signing_out_every_route_refuses_the_token_and_its_socket_closes() {
    let mut desk = Desk::open().await;
    let operations = operations(&desk.boss.get("/api/openapi.json").await);
    let caio = desk.house.person(&desk.server, "caio", "admin").await;
    let mut socket = desk.socket(&caio).await;
    let signed_out = Instant::now();
    assert_eq!(caio.ask(Method::POST, "/api/auth/logout", Some(&json!({}))).await.unwrap().status, 204);
    socket.cut().await;
    assert!(signed_out.elapsed() < SOON, "{:?}", signed_out.elapsed());
    let mut asked = 0;
    for operation in operations.iter().filter(|operation| !operation.is_public()) {
        let answer = operation.ask(&caio, &BTreeMap::new()).await;
        let told = (answer.status, answer.body["code"].as_str().unwrap_or_default());
        assert_eq!(told, (401, "AUTH_SESSION_REVOKED"), "{}", operation.name());
        asked += 1;
    }
    assert!(asked > 100, "{asked} operations");
    assert_eq!(Socket::refused(&desk.server.url(), caio.token()).await, "AUTH_SESSION_REVOKED");
    // Again is fine, with a token that is over and with none.
    for who in [caio.clone(), Person::bearing(&desk.server.url(), "")] {
        assert_eq!(who.ask(Method::POST, "/api/auth/logout", Some(&json!({}))).await.unwrap().status, 204);
    }
    desk.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_04_a_role_taken_away_counts_with_the_next_request_and_event_of_an_open_socket() {
    let mut desk = Desk::open().await;
    let caio = desk.house.person(&desk.server, "caio", "agent").await;
    let id = caio.get("/api/me").await["id"].as_str().expect("an id").to_owned();
    let thread = desk.thread.clone();
    let mut socket = desk.socket(&caio).await;
    let mut other = desk.socket(&caio).await;
    let rooms = json!({ "rooms": ["inbox", format!("conversation:{thread}")] });
    assert_eq!(oks(&socket.call("subscribe", &rooms).await), [true, true]);
    other.call("subscribe", &json!({ "rooms": [format!("conversation:{thread}")] })).await;
    let seen = json!({ "conversation_id": thread, "up_to_seq": 1 });
    assert_eq!(socket.call("seen", &seen).await["ok"], true);
    desk.patient_writes(2, "Ainda o vejo").await;
    for socket in [&mut socket, &mut other] {
        socket.until("the patient's message", |event| event.to_string().contains("Ainda o vejo")).await;
    }

    let held = desk.boss.get(&format!("/api/role-assignments?user_id={id}")).await;
    let path = format!("/api/role-assignments/{}", held["data"][0]["id"].as_str().expect("an assignment"));
    let taken = Instant::now();
    assert_eq!(desk.boss.ask(Method::DELETE, &path, None).await.unwrap().status, 204);
    // The next event of the client is refused, as the next request is.
    for (event, body) in [
        ("seen", seen.clone()),
        ("claim", json!({ "conversation_id": thread })),
        (
            "message_send",
            json!({
                "conversation_id": thread, "client_id": "0199f0a0-0000-7000-8000-00000000000d",
                "segments": [{ "type": "text", "text": "Olá" }],
            }),
        ),
    ] {
        let answer = socket.call(event, &body).await;
        assert_eq!(
            (&answer["ok"], &answer["error"]["code"]),
            (&json!(false), &json!("NOT_FOUND")),
            "{event}: {answer}"
        );
    }
    assert_eq!(caio.ask(Method::GET, &format!("/api/conversations/{thread}"), None).await.unwrap().status, 404);
    assert_eq!(oks(&socket.call("subscribe", &rooms).await), [false, false], "rooms are asked for anew");
    // The other one does nothing: it is told that it lost sight, and hears no more.
    other.until("that sight is lost", |event| event[0] == "access.revoked" && event[1]["id"] == thread.as_str()).await;
    assert!(taken.elapsed() < SOON, "{:?}", taken.elapsed());
    let mut boss = desk.socket(&desk.boss).await;
    boss.call("subscribe", &json!({ "rooms": ["inbox"] })).await;
    desk.patient_writes(3, "Nunca o vejo").await;
    boss.until("who may sees it", |event| event.to_string().contains("Nunca o vejo")).await;
    let cursor = other.hello()["cursor"].clone();
    for socket in [&mut socket, &mut other] {
        let missed = socket.call("sync", &json!({ "cursor": cursor, "rooms": ["inbox"] })).await;
        assert!(!json!([socket.heard, missed]).to_string().contains("Nunca o vejo"), "{missed}");
    }

    // Given back, the socket that stayed hears again.
    let agent = role_of(&desk.boss, "agent").await;
    let principal = json!({ "principal": { "type": "user", "id": id }, "scope_type": "organization" });
    desk.boss.made(Method::POST, &format!("/api/roles/{agent}/assign"), &principal).await;
    other.until("that sight is back", |event| event[0] == "access.granted").await;
    desk.patient_writes(4, "De novo aqui").await;
    other.until("the patient's message", |event| event.to_string().contains("De novo aqui")).await;
    desk.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_26_a_failed_login_a_denied_export_and_an_opened_card_are_in_the_audit_within_five_seconds() {
    let mut desk = Desk::open().await;
    let caio = desk.house.person(&desk.server, "caio", "supervisor").await;
    let by = caio.get("/api/me").await["id"].clone();
    let wrong = json!({ "email": "caio@casa-a.example", "password": "errada-mesmo" });
    let login = plain().post(format!("{}/api/auth/login", desk.server.url())).json(&wrong).send().await.unwrap();
    assert_eq!(login.status(), 401);
    listed(&desk.boss, "action=auth.login_failed", |entry| entry["result"] == "failed").await;

    let export = json!({ "format": "csv" });
    assert_eq!(caio.ask(Method::POST, "/api/audit/exports", Some(&export)).await.unwrap().status, 403);
    let denied = listed(&desk.boss, "action=access.denied", |entry| entry["actor"]["id"] == by).await;
    assert_eq!(denied["result"], "denied", "{denied}");

    let card = json!({ "phone": "+55 11 99000-0017" });
    for _ in 0..20 {
        caio.made(Method::POST, "/api/contacts/lookup", &card).await;
    }
    let read = listed(&desk.boss, "action=privacy.data_read", |entry| entry["actor"]["id"] == by).await;
    assert_eq!((&read["resource_type"], &read["category"]), (&json!("contact"), &json!("pii_access")), "{read}");
    let all = desk.boss.get("/api/audit/logs?action=privacy.data_read").await;
    assert_eq!(all["data"].as_array().expect("entries").len(), 1, "{all}");
    desk.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_23_support_writes_to_no_customer_is_named_in_the_audit_and_is_ended_at_once() {
    let mut desk = Desk::open().await;
    let mut sql = desk.server.sql().await;
    let staff = staff(&desk.server, &mut sql).await;
    let (by, boss) = (staff.get("/api/me").await["id"].clone(), desk.boss.get("/api/me").await["id"].clone());
    let acting = support(&desk.server, &staff, &desk.boss, "casa-a").await;
    let mut socket = desk.socket(&acting).await;
    let path = format!("/api/conversations/{}", desk.thread);
    acting.get(&path).await;
    let mut reply = json!({
        "client_id": "0199f0a0-0000-7000-8000-00000000000e", "segments": [{ "type": "text", "text": "Olá" }],
    });
    let refused = acting.ask(Method::POST, &format!("{path}/messages"), Some(&reply)).await.unwrap();
    assert_eq!((refused.status, &refused.body["code"]), (403, &json!("IMPERSONATION_FORBIDDEN")));
    reply["conversation_id"] = json!(desk.thread);
    let refused = socket.call("message_send", &reply).await;
    assert_eq!(refused["error"]["code"], "IMPERSONATION_FORBIDDEN", "{refused}");

    let named = |entry: &Value| entry["impersonator_id"] == by && entry["actor"]["id"] == boss;
    listed(&desk.boss, "action=access.denied", named).await;
    let started = listed(&desk.boss, "action=impersonation.started", |_| true).await;
    assert_eq!((&started["details"]["by"], &started["details"]["user_id"]), (&by, &boss), "{started}");

    let sessions = desk.boss.get("/api/support-sessions").await;
    let session = format!("/api/support-sessions/{}", sessions["data"][0]["id"].as_str().expect("an id"));
    let ended = Instant::now();
    assert_eq!(desk.boss.ask(Method::DELETE, &session, None).await.unwrap().status, 204);
    let over = acting.ask(Method::GET, &path, None).await.unwrap();
    assert_eq!((over.status, &over.body["code"]), (401, &json!("AUTH_SESSION_REVOKED")));
    socket.cut().await;
    assert!(ended.elapsed() < SOON, "{:?}", ended.elapsed());
    desk.server.stop().await;
}

/// Waits for an entry, for five seconds.
async fn listed(boss: &Person, filter: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    until(filter, seconds(5), async || {
        let page = boss.get(&format!("/api/audit/logs?{filter}")).await;
        page["data"].as_array().expect("entries").iter().find(|entry| wanted(entry)).cloned()
    })
    .await
}

async fn role_of(boss: &Person, name: &str) -> String {
    let roles = boss.get("/api/roles").await;
    let role = roles["data"].as_array().expect("roles").iter().find(|role| role["name"] == name).expect("the role");
    role["id"].as_str().expect("an id").to_owned()
}

fn oks(answer: &Value) -> Vec<bool> {
    answer["rooms"].as_array().expect("rooms").iter().map(|room| room["ok"] == true).collect()
}
