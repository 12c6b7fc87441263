//! One decision, whatever it comes by: what each role may do with a thread of its own unit and with one of another is the
//! same by token, by a session of the cookie, by API key and by socket, and `explain` says so beforehand.

use super::client::{PASSWORD, Person, plain};
use super::ledger::drained;
use super::seconds;
use super::server::{ALL_ROLES, Server};
use super::socket::Socket;
use super::world::{Organization, graph, meta, now, number};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::graph::webhook;

/// May look, may reply.
type May = (bool, bool);

const BOTH: May = (true, true);
const NEITHER: May = (false, false);

/// A role in its default scope, and what a person who has it (a member of the first unit) and a service account (a member
/// of none) may do in the first and in the other unit.
const TABLE: &[(&str, [May; 2], [May; 2])] = &[
    ("admin", [BOTH, BOTH], [BOTH, BOTH]),
    ("manager", [BOTH, BOTH], [BOTH, BOTH]),
    ("supervisor", [BOTH, NEITHER], [NEITHER, NEITHER]),
    ("agent", [BOTH, NEITHER], [NEITHER, NEITHER]),
    ("finance", [NEITHER, NEITHER], [NEITHER, NEITHER]),
    ("developer", [NEITHER, NEITHER], [NEITHER, NEITHER]),
    ("user", [NEITHER, NEITHER], [NEITHER, NEITHER]),
    // Looking everywhere and writing nowhere.
    ("leitura", [(true, false), (true, false)], [(true, false), (true, false)]),
];

/// Who is asked about, and by what he comes.
struct Asked {
    what: String,
    /// As `explain` names the principal.
    principal: Value,
    bearers: Vec<(&'static str, Person)>,
    may: [May; 2],
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_17_a_role_gets_one_verdict_by_token_cookie_key_and_socket() {
    let graph = graph(&[number()]).await;
    let limits = ["BALCAO_LIMITS_SENDING", "BALCAO_LIMITS_LOGIN", "BALCAO_LIMITS_PEOPLE", "BALCAO_LIMITS_AUTH"];
    let mut server = limits.iter().fold(Server::new(&graph.url()), |server, name| server.with(name, "off"));
    server.serve(ALL_ROLES);
    server.ready().await;
    let house = Organization::create(&server, "casa-a", &number()).await;
    let boss = house.person(&server, "ana", "admin").await;
    let threads = threads(&server, &house).await;
    let read_only = json!({ "name": "leitura", "permissions": ["messaging.view"] });
    boss.made(Method::POST, "/api/roles", &read_only).await;

    for (role, of_person, of_key) in TABLE {
        for asked in [person(&server, &house, &boss, role, *of_person).await, key(&server, &boss, role, *of_key).await]
        {
            for (thread, may) in threads.iter().zip(asked.may) {
                verdict(&server, &boss, &asked, thread, may).await;
            }
        }
    }
    server.stop().await;
}

/// Asks by every way; all of them say what the table says.
async fn verdict(server: &Server, boss: &Person, asked: &Asked, thread: &str, (sees, replies): May) {
    let what = format!("{} and thread {thread}", asked.what);
    for (action, may) in [("messaging.view", sees), ("messaging.reply", replies)] {
        let resource = json!({ "type": "conversation", "id": thread });
        let body = json!({ "principal": asked.principal, "action": action, "resource": resource });
        let told = boss.made(Method::POST, "/api/authorize/explain", &body).await;
        assert_eq!(told["allowed"], may, "{what}: {action}: {told}");
    }
    let refusal = if sees { (403, "PERMISSION_DENIED") } else { (404, "NOT_FOUND") };
    for (way, bearer) in &asked.bearers {
        let looked = bearer.ask(Method::GET, &format!("/api/conversations/{thread}"), None).await.unwrap();
        assert_eq!(looked.status, if sees { 200 } else { 404 }, "{what} by {way}: {looked:?}");
        let listed = bearer.ask(Method::GET, "/api/conversations", None).await.unwrap();
        assert_eq!(listed.body.to_string().contains(thread), sees, "{what} by {way}, listed: {listed:?}");
        let reply = json!({ "client_id": client_id(), "segments": [{ "type": "text", "text": "Bom dia" }] });
        let path = format!("/api/conversations/{thread}/messages");
        let answer = bearer.ask(Method::POST, &path, Some(&reply)).await.unwrap();
        let told = (answer.status, answer.body["code"].as_str().unwrap_or_default());
        assert_eq!(told, if replies { (201, "") } else { refusal }, "{what} by {way}: {answer:?}");

        let mut socket = Socket::connect(&server.url(), bearer.token()).await;
        let room = json!({ "rooms": [format!("conversation:{thread}")] });
        assert_eq!(socket.call("subscribe", &room).await["rooms"][0]["ok"], sees, "{what} by the socket of {way}");
        let mut reply = reply;
        reply["conversation_id"] = json!(thread);
        reply["client_id"] = json!(client_id());
        let answer = socket.call("message_send", &reply).await;
        assert_eq!(answer["ok"], replies, "{what} by the socket of {way}: {answer}");
        if !replies {
            assert_eq!(answer["error"]["code"], refusal.1, "{what} by the socket of {way}");
        }
    }
}

/// A thread of the fallback unit, whose member everybody is, and one that was moved to another unit.
async fn threads(server: &Server, house: &Organization) -> [String; 2] {
    for (phone, name) in [("5511990000017", "Marina Exemplo"), ("5511990000025", "Otto Exemplo")] {
        let patient = webhook::Person::with_phone(phone, name);
        let body = webhook::text(&house.number, &patient, &format!("wamid.{phone}"), now(), "Bom dia");
        assert_eq!(meta(server).post(&webhook::meta_bytes(&body)).await.unwrap(), 200);
    }
    drained(server, seconds(60)).await;
    let mut sql = server.sql().await;
    let ids: Vec<String> =
        sqlx::query_scalar("select id::text from conversations order by number").fetch_all(&mut sql).await.unwrap();
    let [first, second] = <[String; 2]>::try_from(ids).expect("two threads");
    sqlx::query(
        "update conversations set unit_id = (select id from units where not is_fallback limit 1) where id::text = $1",
    )
    .bind(&second)
    .execute(&mut sql)
    .await
    .unwrap();
    [first, second]
}

/// Somebody with this role: by token, and by a session whose refresh token lies in a cookie.
async fn person(server: &Server, house: &Organization, boss: &Person, role: &str, may: [May; 2]) -> Asked {
    // Custom roles are given in the whole organization here, built-in ones where they are by default.
    let custom = role == "leitura";
    let name = format!("com-{role}");
    let by_token = house.person(server, &name, if custom { "user" } else { role }).await;
    let id = by_token.get("/api/me").await["id"].clone();
    let principal = json!({ "type": "user", "id": id });
    if custom {
        give(boss, role, &principal, "organization").await;
    }
    let by_cookie = cookie_session(server, &format!("{name}@{}.example", house.slug)).await;
    let bearers = vec![("token", by_token), ("cookie", by_cookie)];
    Asked { what: format!("a person who is {role}"), principal, bearers, may }
}

/// A service account with this role, and a key with all that it may.
async fn key(server: &Server, boss: &Person, role: &str, may: [May; 2]) -> Asked {
    let account = boss.made(Method::POST, "/api/service-accounts", &json!({ "name": format!("Com {role}") })).await;
    let principal = json!({ "type": "service_account", "id": account["id"] });
    let scope = if ["supervisor", "agent"].contains(&role) { "team" } else { "organization" };
    // No account may be admin; what else holds everything of messaging stands for it.
    give(boss, if role == "admin" { "manager" } else { role }, &principal, scope).await;
    let path = format!("/api/service-accounts/{}/keys", account["id"].as_str().unwrap());
    let scopes = ["messaging.view", "messaging.reply"];
    let held = role_of(boss, if role == "admin" { "manager" } else { role }).await["effective_permissions"].clone();
    let held: Vec<&str> = held.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let scopes: Vec<&str> = scopes.into_iter().filter(|scope| held.contains(scope)).collect();
    let bearers = if scopes.is_empty() {
        Vec::new()
    } else {
        let made = boss.made(Method::POST, &path, &json!({ "scopes": scopes })).await;
        vec![("key", Person::bearing(&server.url(), made["secret"].as_str().expect("a secret")))]
    };
    Asked { what: format!("an account that is {role}"), principal, bearers, may }
}

async fn role_of(boss: &Person, name: &str) -> Value {
    let roles = boss.get("/api/roles").await;
    roles["data"].as_array().expect("roles").iter().find(|role| role["name"] == name).expect("the role").clone()
}

async fn give(boss: &Person, role: &str, principal: &Value, scope: &str) {
    let path = format!("/api/roles/{}/assign", role_of(boss, role).await["id"].as_str().unwrap());
    boss.made(Method::POST, &path, &json!({ "principal": principal, "scope_type": scope })).await;
}

/// The access token that a page gets for its cookie.
async fn cookie_session(server: &Server, email: &str) -> Person {
    let url = server.url();
    let post =
        |path: &str, body: Value| plain().post(format!("{url}/api/auth/{path}")).header("origin", &url).json(&body);
    let body = json!({ "email": email, "password": PASSWORD, "transport": "cookie" });
    let entered = post("login", body).send().await.unwrap();
    let set = entered.headers()["set-cookie"].to_str().unwrap().to_owned();
    let cookie = set.split(';').next().unwrap();
    let refreshed = post("refresh", json!({})).header("cookie", cookie).send().await.unwrap();
    assert_eq!(refreshed.status(), 200);
    let body: Value = serde_json::from_slice(&refreshed.bytes().await.unwrap()).unwrap();
    Person::bearing(&url, body["access_token"].as_str().expect("a token"))
}

fn client_id() -> String {
    kernel::Ids::system().random::<uuid::Uuid>().to_string()
}
