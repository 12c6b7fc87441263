//! `sync` over the socket and as a call, which `GET /api/sync` makes.

use crate::client::Client;
use crate::world::{World, message};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use http_kit::{Assembly, Authentication, EdgeSettings, assemble};
use kernel::Ctx;
use kernel::access::Scope;
use kernel::ids::UnitId;
use realtime::{SyncPage, SyncRequest};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tower::ServiceExt;
use utoipa_axum::router::OpenApiRouter;

fn texts(page: &Value) -> Vec<&str> {
    page["events"].as_array().unwrap().iter().map(|event| event["data"]["message"]["text"].as_str().unwrap()).collect()
}

fn json_of(page: &SyncPage) -> Value {
    serde_json::to_value(page).unwrap()
}

#[tokio::test]
async fn pages_follow_one_another_and_hide_what_may_not_be_seen() {
    let world = World::new().await;
    let organization_id = world.organization();
    let (here, there): (UnitId, UnitId) = (world.ids.random(), world.ids.random());
    let agent = world.agent_in(organization_id, Scope::Units(vec![here]));
    let mut client = Client::connect(world.address, agent.auth()).await;
    let start = client.hello["cursor"].clone();
    let conversation = world.ids.random();
    for i in 0..10 {
        world.say(organization_id, conversation, here, &format!("seen {i}")).await;
        world.say(organization_id, conversation, there, "hidden").await;
    }
    let mut last = client.event("event").await;
    while last["data"]["message"]["text"] != "seen 9" {
        last = client.event("event").await;
    }
    let first = client.call("sync", json!({ "cursor": start, "rooms": ["inbox"], "limit": 4 })).await;
    assert_eq!((&first["ok"], &first["has_more"]), (&json!(true), &json!(true)));
    assert_eq!(texts(&first), ["seen 0", "seen 1", "seen 2", "seen 3"]);
    assert!(first["events"][0].get("n").is_none());
    assert_eq!(first["events"][0]["type"], "message.created");
    let rest = client.call("sync", json!({ "cursor": first["next_cursor"], "limit": 500 })).await;
    assert_eq!(texts(&rest), ["seen 4", "seen 5", "seen 6", "seen 7", "seen 8", "seen 9"]);
    assert_eq!(rest["has_more"], false);
    let end = client.call("sync", json!({ "cursor": last["cursor"] })).await;
    assert!(texts(&end).is_empty(), "the cursor of a live event goes on after it");
    let none = client.call("sync", json!({ "cursor": start, "rooms": [] })).await;
    assert!(texts(&none).is_empty(), "only rooms that are asked for");
    let reset = client.call("sync", json!({ "cursor": "c_x" })).await;
    assert_eq!((&reset["ok"], &reset["reset"], &reset["reason"]), (&json!(true), &json!(true), &json!("unknown")));
    assert!(reset["cursor"].as_str().unwrap().starts_with("c_"));
}

#[tokio::test]
async fn a_waiting_request_is_answered_when_something_happens() {
    let world = World::new().await;
    let organization_id = world.organization();
    let agent = world.agent(organization_id);
    let ctx = Ctx::new(agent.subject.clone(), world.clock.clone(), world.ids.clone(), "test".into());
    let fresh = json_of(&world.hub.sync(&ctx, SyncRequest::default()).await.unwrap());
    assert_eq!((&fresh["reset"], &fresh["reason"]), (&json!(true), &json!("no_cursor")));
    let request = |wait| SyncRequest {
        cursor: fresh["cursor"].as_str().map(str::to_owned),
        rooms: vec!["inbox".to_owned()],
        limit: None,
        wait,
    };
    let asked = Instant::now();
    let nothing = json_of(&world.hub.sync(&ctx, request(Duration::from_millis(700))).await.unwrap());
    assert!(texts(&nothing).is_empty());
    assert!(asked.elapsed() >= Duration::from_millis(690), "{:?}", asked.elapsed());

    let (conversation, unit): (_, UnitId) = (world.ids.random(), world.ids.random());
    let (page, ()) = tokio::join!(world.hub.sync(&ctx, request(Duration::from_secs(20))), async {
        world.append(organization_id, message(conversation, unit, "news")).await;
    });
    assert_eq!(texts(&json_of(&page.unwrap())), ["news"]);
    assert!(asked.elapsed() < Duration::from_secs(15));
}

#[tokio::test]
async fn another_organizations_cursor_opens_nothing() {
    let world = World::new().await;
    let (ours, theirs) = (world.organization(), world.organization());
    let (agent, stranger) = (world.agent(ours), world.agent(theirs));
    let cursor = Client::connect(world.address, agent.auth()).await.hello["cursor"].clone();
    world.say(ours, world.ids.random(), world.ids.random(), "secret").await;
    let mut client = Client::connect(world.address, stranger.auth()).await;
    let page = client.call("sync", json!({ "cursor": cursor, "rooms": ["inbox"] })).await;
    assert_eq!(page["reason"], "unknown");
}

/// The route as the binary mounts it, for one signed-in caller.
fn house(world: &World, subject: &std::sync::Arc<kernel::Subject>) -> (Router, utoipa::openapi::OpenApi) {
    let known = Authentication::Known(subject.clone());
    assemble(Assembly {
        routes: vec![world.hub.routes()],
        outside: OpenApiRouter::new(),
        hidden: Router::new(),
        wrap: Box::new(move |api| {
            api.layer(from_fn(move |mut request: Request, next: Next| {
                if request.headers().contains_key("authorization") {
                    request.extensions_mut().insert(known.clone());
                }
                next.run(request)
            }))
        }),
        docs: false,
        version: "0.1.0".into(),
        edge: EdgeSettings::default(),
        clock: world.clock.clone(),
        ids: world.ids.clone(),
    })
}

async fn get(router: &Router, path: &str, signed_in: bool) -> (u16, Value) {
    let request = Request::get(path);
    let request = if signed_in { request.header("authorization", "Bearer x") } else { request };
    let answer = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let status = answer.status().as_u16();
    let body = axum::body::to_bytes(answer.into_body(), 1_000_000).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn the_route_tells_the_same_as_the_socket() {
    let world = World::new().await;
    let organization_id = world.organization();
    let agent = world.agent(organization_id);
    let (router, document) = house(&world, &agent.subject);
    let router = world.hub.attach(router);
    assert_eq!(get(&router, "/api/nothing", true).await.0, 404);
    assert!(document.paths.paths.contains_key("/api/sync"));
    let mut client = Client::connect(world.address, agent.auth()).await;
    let start = client.hello["cursor"].as_str().unwrap().to_owned();
    for i in 0..3 {
        world.say(organization_id, world.ids.random(), world.ids.random(), &i.to_string()).await;
        client.event("event").await;
    }
    let (status, page) = get(&router, &format!("/api/sync?cursor={start}&rooms=inbox&limit=2"), true).await;
    assert_eq!((status, texts(&page)), (200, vec!["0", "1"]));
    assert_eq!(page, client.call("sync", json!({ "cursor": start, "rooms": ["inbox"], "limit": 2 })).await);
    let (_, reset) = get(&router, "/api/sync", true).await;
    assert_eq!(reset["reason"], "no_cursor");

    assert_eq!(get(&router, "/api/sync", false).await.0, 401);
    for (query, code) in [
        ("limit=0", "INVALID_PARAMETER"),
        ("limit=501", "INVALID_PARAMETER"),
        ("limit=x", "INVALID_PARAMETER"),
        ("wait=26", "INVALID_PARAMETER"),
        ("more=1", "UNKNOWN_PARAMETER"),
    ] {
        let (status, problem) = get(&router, &format!("/api/sync?{query}"), true).await;
        assert_eq!((status, &problem["code"]), (400, &json!(code)), "{query}");
    }
}
