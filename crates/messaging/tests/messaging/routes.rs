//! The routes over the assembled router: extraction, status codes, headers, sockets' commands.

use crate::harness::World;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use http::StatusCode;
use http_body_util::BodyExt as _;
use http_kit::{Assembly, Authentication, EdgeSettings, assemble};
use kernel::Ctx;
use serde_json::{Value, json};
use tower::ServiceExt as _;

const ANA: &str = "5511990000017";

struct House {
    router: Router,
}

struct Answer {
    status: StatusCode,
    headers: http::HeaderMap,
    body: Value,
}

impl House {
    fn new(world: &World, caller: &Ctx) -> Self {
        let subject = caller.subject.clone();
        let (router, _) = assemble(Assembly {
            routes: vec![messaging::module(&world.messaging).routes],
            outside: http_kit::health::routes(Vec::new()),
            hidden: Router::new(),
            wrap: Box::new(move |api| {
                api.layer(from_fn(move |mut request: Request, next: Next| {
                    request.extensions_mut().insert(Authentication::Known(subject.clone()));
                    next.run(request)
                }))
            }),
            docs: false,
            version: "0".to_owned(),
            edge: EdgeSettings::default(),
            clock: world.clock.clone(),
            ids: world.ids.clone(),
        });
        Self { router }
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("/api{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        Answer { status: parts.status, headers: parts.headers, body }
    }
}

#[tokio::test]
async fn a_working_day_over_http() {
    let world = World::new().await;
    let (agent, manager) = (world.agent("Bia").await, world.manager("Gil").await);
    let house = House::new(&world, &agent);
    let (id, _) = world.hears(ANA, "oi").await;
    let list = house.ask("GET", "/conversations?status=open&limit=5&sort=last_activity_at", &[], None).await;
    assert_eq!((list.status, list.body["data"][0]["id"].as_str()), (StatusCode::OK, Some(id.to_string().as_str())));
    assert_eq!(list.body["next_cursor"], Value::Null);
    let unknown = house.ask("GET", "/conversations?colour=red", &[], None).await;
    assert_eq!((unknown.status, unknown.body["code"].as_str()), (StatusCode::BAD_REQUEST, Some("UNKNOWN_PARAMETER")));
    let one = house.ask("GET", &format!("/conversations/{id}"), &[], None).await;
    let tag = one.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!((one.status, one.body["contact"]["name"].as_str()), (StatusCode::OK, Some("Ana Souza")));
    let same = house.ask("GET", &format!("/conversations/{id}"), &[("if-none-match", &tag)], None).await;
    assert_eq!(same.status, StatusCode::NOT_MODIFIED);
    let patched = house
        .ask("PATCH", &format!("/conversations/{id}"), &[("if-match", &tag)], Some(json!({"priority": "high"})))
        .await;
    assert_eq!((patched.status, patched.body["priority"].as_str()), (StatusCode::OK, Some("high")));
    let stale = house
        .ask("PATCH", &format!("/conversations/{id}"), &[("if-match", &tag)], Some(json!({"priority": "low"})))
        .await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    let bare = house.ask("PATCH", &format!("/conversations/{id}"), &[], Some(json!({"priority": "low"}))).await;
    assert_eq!(bare.status, StatusCode::PRECONDITION_REQUIRED);

    let messages = format!("/conversations/{id}/messages");
    let body = json!({"client_id": "k1", "segments": [{"type": "text", "text": "Olá"}], "expected_last_seq": 1});
    let sent = house.ask("POST", &messages, &[], Some(body.clone())).await;
    assert_eq!((sent.status, sent.body["seq"].as_i64()), (StatusCode::CREATED, Some(2)));
    assert_eq!(sent.headers["location"], format!("/api/messages/{}", sent.body["id"].as_str().unwrap()));
    let again = house.ask("POST", &messages, &[], Some(body)).await;
    assert_eq!((again.status, again.headers["idempotency-replayed"].to_str().unwrap()), (StatusCode::OK, "true"));
    let keyed = json!({"segments": [{"type": "text", "text": "Com chave"}]});
    let first = house.ask("POST", &messages, &[("idempotency-key", "\"abc\"")], Some(keyed.clone())).await;
    let second = house.ask("POST", &messages, &[("idempotency-key", "\"abc\"")], Some(keyed)).await;
    assert_eq!(
        (first.status, second.status, &first.body["id"]),
        (StatusCode::CREATED, StatusCode::CREATED, &second.body["id"])
    );
    let wrong = house
        .ask("POST", &messages, &[], Some(json!({"segments": [{"type": "text", "text": "x", "bold": true}]})))
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = house.ask("GET", &format!("{messages}?limit=2"), &[], None).await;
    assert_eq!((page.body["data"][0]["seq"].as_i64(), page.body["data"][1]["seq"].as_i64()), (Some(2), Some(3)));
    let cursor = page.body["next_cursor"].as_str().unwrap();
    let older = house.ask("GET", &format!("{messages}?limit=2&cursor={cursor}"), &[], None).await;
    assert_eq!((older.body["data"][0]["seq"].as_i64(), &older.body["next_cursor"]), (Some(1), &Value::Null));

    let note = house.ask("POST", &format!("/conversations/{id}/notes"), &[], Some(json!({"text": "ligar"}))).await;
    assert_eq!((note.status, note.body["direction"].as_str()), (StatusCode::CREATED, Some("internal")));
    let found = house.ask("GET", &format!("/messages/{}", note.body["id"].as_str().unwrap()), &[], None).await;
    assert_eq!((found.status, found.body["kind"].as_str()), (StatusCode::OK, Some("note")));
    for (path, wanted) in [("attempts", 200), ("versions", 200)] {
        let found =
            house.ask("GET", &format!("/messages/{}/{path}", sent.body["id"].as_str().unwrap()), &[], None).await;
        assert_eq!((found.status.as_u16(), found.body["data"].as_array().map(Vec::len)), (wanted, Some(0)));
    }
    let retry = house.ask("POST", &format!("/messages/{}/retry", sent.body["id"].as_str().unwrap()), &[], None).await;
    assert_eq!((retry.status, retry.body["code"].as_str()), (StatusCode::CONFLICT, Some("NOT_RETRYABLE")));

    let work = |verb: &str| format!("/conversations/{id}/{verb}");
    assert_eq!(house.ask("POST", &work("claim"), &[], None).await.status, StatusCode::OK);
    assert_eq!(house.ask("POST", &work("seen"), &[], Some(json!({"up_to_seq": 2}))).await.body["last_seen_seq"], 2);
    assert_eq!(house.ask("POST", &work("status"), &[], Some(json!({"status": "open"}))).await.status, StatusCode::OK);
    let refused = house.ask("POST", &work("status"), &[], Some(json!({"status": "snoozed"}))).await;
    assert_eq!((refused.status, &refused.body["allowed"]), (StatusCode::CONFLICT, &json!(["waiting", "closed"])));
    assert_eq!(house.ask("POST", &work("close"), &[], None).await.body["status_reason"], "resolved");
    assert_eq!(house.ask("POST", &work("reopen"), &[], None).await.body["status"], "open");
    assert_eq!(
        house.ask("POST", &work("close"), &[], Some(json!({"reason": "spam"}))).await.body["status_reason"],
        "spam"
    );
    assert_eq!(house.ask("POST", &work("release"), &[], None).await.body["owner_id"], Value::Null);
    let chief = House::new(&world, &manager);
    assert_eq!(chief.ask("POST", &work("archive"), &[], None).await.status, StatusCode::OK);
    assert_eq!(chief.ask("POST", &work("unarchive"), &[], None).await.status, StatusCode::OK);
    let to = json!({"user_id": agent.subject.user_id()});
    assert_eq!(
        chief.ask("POST", &work("assign"), &[], Some(to)).await.body["owner_id"],
        json!(agent.subject.user_id())
    );
    let nothing = house.ask("GET", "/conversations/not-a-uuid", &[], None).await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn sockets_run_the_same_commands_and_rooms_tell_nothing_of_others() {
    let (world, elsewhere) = (World::new().await, World::new().await);
    let agent = world.agent("Bia").await;
    let (id, _) = world.hears(ANA, "oi").await;
    let (foreign, _) = elsewhere.hears(ANA, "oi").await;
    let module = messaging::module(&world.messaging);
    let run = |name: &str, payload: Value| {
        let command = module.socket_commands.iter().find(|command| command.name == name).unwrap();
        (command.run)(agent.clone(), payload)
    };
    let text = json!([{"type": "text", "text": "Olá"}]);
    let sent = run("message_send", json!({"conversation_id": id, "client_id": "s1", "segments": text})).await.unwrap();
    assert_eq!((sent["message"]["seq"].as_i64(), sent["replayed"].as_bool()), (Some(2), Some(false)));
    let again = run("message_send", json!({"conversation_id": id, "client_id": "s1", "segments": text})).await.unwrap();
    assert_eq!((&again["message"]["id"], again["replayed"].as_bool()), (&sent["message"]["id"], Some(true)));
    assert_eq!(run("seen", json!({"conversation_id": id, "up_to_seq": 2})).await.unwrap()["last_seen_seq"], 2);
    assert_eq!(
        run("claim", json!({"conversation_id": id})).await.unwrap()["conversation"]["owner_id"],
        json!(agent.subject.user_id())
    );
    for (name, payload, wanted) in [
        ("claim", json!({"conversation_id": foreign}), "NOT_FOUND"),
        ("claim", json!({"conversation_id": id, "force": true}), "VALIDATION_FAILED"),
        ("seen", json!({"up_to_seq": 2}), "VALIDATION_FAILED"),
        ("message_send", json!("oi"), "VALIDATION_FAILED"),
    ] {
        assert_eq!(run(name, payload).await.unwrap_err().code(), wanted);
    }
    let may = |kind: &str, room: Option<uuid::Uuid>| {
        let room_kind = module.rooms.iter().find(|room| room.kind == kind).unwrap();
        (room_kind.resolve)(agent.clone(), room)
    };
    assert!(may("inbox", None).await.unwrap() && !may("inbox", Some(id.0)).await.unwrap());
    assert!(may("conversation", Some(id.0)).await.unwrap() && !may("conversation", Some(foreign.0)).await.unwrap());
    assert!(may("unit", Some(world.unit.0)).await.unwrap() && !may("unit", Some(elsewhere.unit.0)).await.unwrap());
}
