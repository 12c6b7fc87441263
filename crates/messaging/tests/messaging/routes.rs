//! The routes over the assembled router: extraction, status codes, headers, sockets' commands.

use crate::harness::World;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use http::StatusCode;
use http_body_util::BodyExt as _;
use http_kit::{Assembly, Authentication, EdgeSettings, assemble};
use kernel::{Ctx, Permission, Scope};
use messaging::find_conversation;
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
        Self::of(world, &world.messaging, caller)
    }

    fn of(world: &World, messaging: &messaging::Messaging, caller: &Ctx) -> Self {
        let subject = caller.subject.clone();
        let (router, _) = assemble(Assembly {
            routes: vec![messaging::module(messaging).routes],
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

/// An audit that notes who reads.
fn audit(world: &World, folder: &tempfile::TempDir) -> audit::Audit {
    audit::Audit::new(audit::AuditParts {
        db: world.db.clone(),
        clock: world.clock.clone(),
        ids: world.ids.clone(),
        sealer: store::Sealer::new(vec![secrecy::SecretSlice::from(vec![7; 32])]),
        files: files::Files::local(folder.path()).unwrap(),
        heads_out: audit::HeadsOut::default(),
    })
}

#[tokio::test]
async fn whoever_opens_a_conversation_without_taking_part_in_it_is_noted_whichever_way() {
    let world = World::alone().await;
    let folder = tempfile::tempdir().unwrap();
    let settings = messaging::Settings { outbound_per_minute: 0, outbound_per_ten_seconds: 0 };
    let key = kernel::cursor::CursorKey::new(b"key");
    let watched =
        || messaging::Messaging::new(world.db.clone(), key.clone(), settings).watched_by(audit(&world, &folder));
    let (id, message) = world.hears(ANA, "oi").await;
    let noted = "select count(*) from events where kind = 'privacy.data_read'";
    for (n, path) in [
        format!("/conversations/{id}/messages"),
        format!("/messages/{message}"),
        format!("/messages/{message}/versions"),
    ]
    .iter()
    .enumerate()
    {
        // Each by somebody else and on a node of its own: one entry a person and conversation in ten minutes.
        let reader = world.manager(&format!("Gil {n}")).await;
        let house = House::of(&world, &watched(), &reader);
        for _ in 0..2 {
            assert_eq!(house.ask("GET", path, &[], None).await.status, StatusCode::OK, "{path}");
        }
        let (wanted, deadline) =
            (i64::try_from(n).unwrap() + 1, std::time::Instant::now() + std::time::Duration::from_secs(20));
        while world.count(noted).await < wanted {
            assert!(std::time::Instant::now() < deadline, "{path} is not noted");
            tokio::task::yield_now().await;
        }
        assert_eq!(world.count(noted).await, wanted, "{path}");
    }
    // Lists, a conversation's head and tries show no content; somebody who takes part reads the own work.
    let reader = world.manager("Gil").await;
    let path = format!("/conversations/{id}");
    assert_eq!(House::of(&world, &watched(), &reader).ask("GET", &path, &[], None).await.status, StatusCode::OK);
    let agent = world.agent("Bia").await;
    let house = House::of(&world, &watched(), &agent);
    world.says(&agent, id, "olá").await;
    for path in ["/conversations".to_owned(), format!("/messages/{message}/attempts"), path] {
        assert_eq!(house.ask("GET", &path, &[], None).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(world.count(noted).await, 3);
}

impl House {
    /// The body of a good answer, byte for byte.
    async fn text(&self, path: &str) -> String {
        let request = Request::builder().uri(format!("/api{path}")).body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }
}

/// Pages and single conversations are written straight from the rows: nobody can tell.
#[tokio::test]
async fn a_page_shows_each_conversation_as_its_own_address_does() {
    let world = World::new().await;
    for n in 0..4 {
        world.hears(&format!("551199000010{n}"), "oi").await;
    }
    // Each field with a value of its own, and texts that JSON must escape.
    let full = r#"update conversations set status = 'closed', status_reason = E'acabou "de vez"\n\\', snoozed_until = '2026-01-02 03:04:05.678901Z',
        archived_at = null, merged_into_id = gen_random_uuid(), priority = 'high', subject = E'Ação \u0001 \t ção', summary = '',
        language = 'pt-BR', tags = '{vip,"a \"b\"",ç}', origin = 'x', handled_by = 'mixed', last_seq = 17, version = 23,
        first_response_at = '2026-01-01 00:00:00Z', waiting_since = '2026-01-01 00:00:00.001Z', last_inbound_at = '1999-12-31 23:59:59.999999Z',
        last_outbound_at = '2026-02-28 12:00:00.5Z', closed_at = '2026-03-01 01:01:01.000001Z', reopened_count = 5,
        previous_conversation_id = gen_random_uuid(), thread_control = 'external', floor_holder = 'person', floor_holder_id = gen_random_uuid(),
        floor_token = 31, floor_since = '2026-04-01 00:00:00.25Z', window_opens_at = '2026-05-01 00:00:00Z',
        window_closes_at = '2026-05-02 00:00:00Z', window_evidence_id = gen_random_uuid(), contact_name = 'Ana "Ção"'
        where organization_id = $1 and number = 1"#;
    let bare = "update conversations set window_opens_at = null, window_evidence_id = null, contact_name = null, contact_address = null,
        unit_id = null, waiting_since = null, last_inbound_at = null, floor_since = null where organization_id = $1 and number = 2";
    let nameless = "update conversations set contact_name = null where organization_id = $1 and number = 3";
    for statement in [full, bare, nameless] {
        assert_eq!(world.sql(statement).await.unwrap(), 1);
    }
    let view = [Permission::MESSAGING_VIEW];
    let own_unit = Scope::Units(vec![world.unit]);
    for caller in [
        world.manager("Gil").await,
        world.person("Bia", &view, Scope::Organization).await,
        world.person("Cai", &[Permission::MESSAGING_VIEW, Permission::CONTACTS_VIEW_PII], own_unit).await,
    ] {
        let house = House::new(&world, &caller);
        let page = house.text("/conversations?limit=3").await;
        let parsed: Value = serde_json::from_str(&page).unwrap();
        let mut own = Vec::new();
        for entry in parsed["data"].as_array().unwrap() {
            let id = entry["id"].as_str().unwrap();
            own.push(house.text(&format!("/conversations/{id}")).await);
            let mut reads = world.db.read(world.organization);
            let plain = find_conversation(&caller, &mut reads, id.parse().unwrap()).await.unwrap();
            assert_eq!(own.last(), Some(&serde_json::to_string(&plain).unwrap()));
        }
        assert_eq!(own.len(), 3);
        assert_eq!(page, format!(r#"{{"data":[{}],"next_cursor":{}}}"#, own.join(","), parsed["next_cursor"]));
        let rest =
            house.text(&format!("/conversations?limit=3&cursor={}", parsed["next_cursor"].as_str().unwrap())).await;
        let last: Value = serde_json::from_str(&rest).unwrap();
        let own = house.text(&format!("/conversations/{}", last["data"][0]["id"].as_str().unwrap())).await;
        assert_eq!(rest, format!(r#"{{"data":[{own}],"next_cursor":null}}"#));
        assert_eq!(house.text("/conversations?number=77").await, r#"{"data":[],"next_cursor":null}"#);
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
