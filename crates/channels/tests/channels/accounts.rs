//! Channel accounts over the API: secrets, activation, states, other organizations.

use crate::world::{TOKEN, Who, World, number, other_number};
use axum::http::Method;
use kernel::Permission;
use serde_json::{Value, json};
use testkit::graph::{Behaviour, Call};

const PATH: &str = "/api/channel-accounts";

fn codes(problem: &Value) -> Vec<&str> {
    let mut codes: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|error| error["code"].as_str().unwrap()).collect();
    codes.sort_unstable();
    codes
}

fn body() -> Value {
    json!({"kind": "whatsapp", "name": "Recepção", "external_id": number().phone_number_id, "secrets": {"access_token": TOKEN}})
}

#[tokio::test]
async fn from_a_draft_to_an_active_account() {
    let world = World::new().await;
    let organization = world.organization().await;
    let manager = Who::manager(organization);
    let created = world.request(Method::POST, PATH, &manager, &[], Some(body())).await;
    assert_eq!(created.status, 201, "{}", created.json);
    assert_eq!(created.json["status"], "draft");
    assert_eq!(created.json["secrets"][0]["last_four"], "0001");
    assert!(!String::from_utf8_lossy(&created.bytes).contains(TOKEN), "secrets are write-only");
    let path = format!("{PATH}/{}", created.json["id"].as_str().unwrap());
    assert_eq!(created.headers["location"].to_str().unwrap(), path);

    let activate = format!("{path}/activate");
    let refused = world.request(Method::POST, &activate, &manager, &[], None).await;
    assert_eq!((refused.status.as_u16(), refused.json["code"].as_str()), (422, Some("ACTIVATION_REQUIREMENTS")));
    assert_eq!(codes(&refused.json), ["UNIT_MISSING"]);

    let unit = world.texts("select id::text from units where is_fallback").await.remove(0);
    let change = json!({"unit_id": unit, "name": "Central"});
    let unconditional = world.request(Method::PATCH, &path, &manager, &[], Some(change.clone())).await;
    assert_eq!(unconditional.status, 428);
    let changed = world.request(Method::PATCH, &path, &manager, &[("if-match", "\"v1\"")], Some(change.clone())).await;
    assert_eq!((changed.status.as_u16(), changed.json["name"].as_str()), (200, Some("Central")), "{}", changed.json);
    assert_eq!(changed.headers["etag"], "\"v2\"");
    let stale = world.request(Method::PATCH, &path, &manager, &[("if-match", "\"v1\"")], Some(change)).await;
    assert_eq!(stale.status, 412);

    let active = world.request(Method::POST, &activate, &manager, &[], None).await;
    assert_eq!((active.status.as_u16(), active.json["status"].as_str()), (200, Some("active")), "{}", active.json);
    let again = world.request(Method::POST, &activate, &manager, &[], None).await;
    assert_eq!(again.json["version"], active.json["version"], "activating twice changes nothing");
    let paused = world.request(Method::POST, &format!("{path}/pause"), &manager, &[], None).await;
    assert_eq!(paused.json["status"], "paused");
    let archived = world.request(Method::POST, &format!("{path}/archive"), &manager, &[], None).await;
    assert_eq!(archived.json["status"], "archived");
    let late = world.request(Method::POST, &activate, &manager, &[], None).await;
    assert_eq!((late.status.as_u16(), late.json["code"].as_str()), (409, Some("ACCOUNT_ARCHIVED")));

    let kinds = world.texts("select kind from events where kind like 'channel.%' order by txid, id").await;
    let expected = [
        "channel.account_created",
        "channel.account_updated",
        "channel.status_changed",
        "channel.account_activated",
        "channel.status_changed",
        "channel.status_changed",
    ];
    assert_eq!(kinds, expected);
    assert_eq!(
        world.count("select count(*) from events where data::text like '%EAAG%'").await,
        0,
        "no secret in events"
    );
    assert_eq!(
        world.count("select count(*) from channel_secrets where position('EAAG'::bytea in sealed) > 0").await,
        0
    );
}

#[tokio::test]
async fn each_missing_requirement_is_told() {
    let world = World::new().await;
    let organization = world.organization().await;
    let manager = Who::manager(organization);
    let nothing =
        world.request(Method::POST, PATH, &manager, &[], Some(json!({"kind": "whatsapp", "name": "Vazia"}))).await;
    let activate = format!("{PATH}/{}/activate", nothing.json["id"].as_str().unwrap());
    let refused = world.request(Method::POST, &activate, &manager, &[], None).await;
    assert_eq!(codes(&refused.json), ["CREDENTIALS_MISSING", "EXTERNAL_ID_MISSING", "UNIT_MISSING"]);

    let mut wrong = number();
    wrong.access_token = "EAAG-a-token-meta-does-not-know".to_owned();
    let draft = world.draft(organization, &wrong, false).await;
    let activate = format!("{PATH}/{}/activate", draft.id);
    assert_eq!(
        codes(&world.request(Method::POST, &activate, &manager, &[], None).await.json),
        ["CREDENTIALS_REJECTED"]
    );
    world.graph.next(Call::Other, Behaviour::DropBeforeReading);
    world.graph.next(Call::Other, Behaviour::DropBeforeReading);
    let draft = world.draft(organization, &number(), false).await;
    let activate = format!("{PATH}/{}/activate", draft.id);
    assert_eq!(
        codes(&world.request(Method::POST, &activate, &manager, &[], None).await.json),
        ["CREDENTIALS_UNVERIFIED"]
    );
}

#[tokio::test]
async fn a_number_has_one_owner_in_the_installation() {
    let world = World::new().await;
    let (one, two) = (world.organization().await, world.organization().await);
    let first = world.account(one).await;
    let second = world.draft(two, &number(), false).await;
    let path = format!("{PATH}/{}/activate", second.id);
    let refused = world.request(Method::POST, &path, &Who::manager(two), &[], None).await;
    assert_eq!(codes(&refused.json), ["EXTERNAL_ID_TAKEN"]);
    let archive = format!("{PATH}/{}/archive", first.id);
    assert_eq!(world.request(Method::POST, &archive, &Who::manager(one), &[], None).await.status, 200);
    assert_eq!(
        world.request(Method::POST, &path, &Who::manager(two), &[], None).await.status,
        200,
        "the number is free"
    );
}

#[tokio::test]
async fn simulation_asks_nobody() {
    let world = World::new().await;
    let organization = world.organization().await;
    let account = world.account_of(organization, &other_number(), true).await;
    assert_eq!(account.status.as_str(), "active");
    assert!(world.graph.calls().is_empty(), "nothing leaves");
}

#[tokio::test]
async fn others_see_and_do_nothing() {
    let world = World::new().await;
    let (ours, theirs) = (world.organization().await, world.organization().await);
    let account = world.account(ours).await;
    let stranger = Who::manager(theirs);
    let one = format!("{PATH}/{}", account.id);
    for (method, path, body) in [
        (Method::GET, one.clone(), None),
        (Method::PATCH, one.clone(), Some(json!({"name": "Nossa"}))),
        (Method::POST, format!("{one}/activate"), None),
        (Method::POST, format!("{one}/pause"), None),
        (Method::POST, format!("{one}/archive"), None),
        (Method::GET, format!("{one}/inbound"), None),
        (Method::POST, format!("{one}/inbound/{}/replay", account.id), None),
    ] {
        assert_eq!(world.request(method.clone(), &path, &stranger, &[], body).await.status, 404, "{method} {path}");
    }
    let list = world.request(Method::GET, PATH, &stranger, &[], None).await;
    assert_eq!(list.json["data"], json!([]));

    let viewer = Who::with(ours, &[Permission::CHANNELS_VIEW]);
    assert_eq!(world.request(Method::GET, &one, &viewer, &[], None).await.status, 200);
    assert_eq!(world.request(Method::POST, &format!("{one}/pause"), &viewer, &[], None).await.status, 403);
    assert_eq!(world.request(Method::POST, PATH, &viewer, &[], Some(body())).await.status, 403);
    let blind = Who::with(ours, &[Permission::MESSAGING_VIEW]);
    assert_eq!(world.request(Method::GET, &one, &blind, &[], None).await.status, 404);
    assert_eq!(world.request(Method::GET, PATH, &blind, &[], None).await.status, 403);
    assert_eq!(
        world.request(Method::GET, "/api/connectors", &viewer, &[], None).await.json["data"][0]["kind"],
        "whatsapp"
    );
}

#[tokio::test]
async fn wrong_fields_are_told_by_name() {
    let world = World::new().await;
    let organization = world.organization().await;
    let manager = Who::manager(organization);
    let wrong =
        json!({"kind": "whatsapp", "name": " ", "external_id": "+55 11", "settings": {"display_number": "onze"}});
    let refused = world.request(Method::POST, PATH, &manager, &[], Some(wrong)).await;
    assert_eq!(refused.status, 422);
    let fields: Vec<&str> =
        refused.json["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["name", "external_id", "settings.display_number"]);
    let unknown = world
        .request(Method::POST, PATH, &manager, &[], Some(json!({"kind": "whatsapp", "name": "A", "status": "active"})))
        .await;
    assert_eq!(unknown.status, 422, "an account is not born active");
    let unit = json!({"kind": "whatsapp", "name": "A", "unit_id": "01990c5e-8f6a-7000-8000-000000000001"});
    let refused = world.request(Method::POST, PATH, &manager, &[], Some(unit)).await;
    assert_eq!((refused.status.as_u16(), refused.json["errors"][0]["field"].as_str()), (422, Some("unit_id")));
}

#[tokio::test]
async fn the_list_comes_in_pages() {
    let world = World::new().await;
    let organization = world.organization().await;
    let manager = Who::manager(organization);
    for n in 0..5 {
        world.clock.advance(chrono::Duration::seconds(1));
        let created = world
            .request(Method::POST, PATH, &manager, &[], Some(json!({"kind": "whatsapp", "name": format!("n{n}")})))
            .await;
        assert_eq!(created.status, 201);
    }
    let mut names = Vec::new();
    let mut path = format!("{PATH}?limit=2");
    loop {
        let page = world.request(Method::GET, &path, &manager, &[], None).await.json;
        names.extend(
            page["data"].as_array().unwrap().iter().map(|account| account["name"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("{PATH}?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(names, ["n0", "n1", "n2", "n3", "n4"]);
    assert_eq!(world.request(Method::GET, &format!("{PATH}?cursor=abc"), &manager, &[], None).await.status, 400);
    assert_eq!(world.request(Method::GET, &format!("{PATH}?colour=red"), &manager, &[], None).await.status, 400);
    let active = world.request(Method::GET, &format!("{PATH}?status=active"), &manager, &[], None).await;
    assert_eq!(active.json["data"], json!([]));
}
