//! Who is let in, and what the others are told.

use crate::client::{Client, Connected, DEADLINE, next_text, open};
use crate::world::World;
use kernel::ids::OrganizationId;
use kernel::{Clock, Error, ErrorKind, Subject};
use realtime::Settings;
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test]
async fn each_refusal_has_its_code() {
    let world = World::new().await;
    let agent = world.agent(world.organization());
    let elsewhere = world.organization();
    for (token, code) in [
        ("expired", "AUTH_TOKEN_EXPIRED"),
        ("ended", "AUTH_SESSION_REVOKED"),
        ("homeless", "ORGANIZATION_REQUIRED"),
        ("stranger", "ORGANIZATION_ACCESS_DENIED"),
    ] {
        let code: &'static str = code;
        world.people.bad_token(token, Error::new(ErrorKind::Unauthenticated, code, "No."));
    }
    world.people.bad_token("forbidden", Error::new(ErrorKind::Forbidden, "MEMBERSHIP_INACTIVE", "No."));
    for (auth, code) in [
        (json!({}), "AUTH_TOKEN_MISSING"),
        (json!({ "token": "" }), "AUTH_TOKEN_MISSING"),
        (json!({ "token": null }), "AUTH_TOKEN_MISSING"),
        (json!([]), "AUTH_TOKEN_MISSING"),
        (json!({ "token": 42 }), "AUTH_TOKEN_INVALID"),
        (json!({ "token": "nonsense" }), "AUTH_TOKEN_INVALID"),
        (json!({ "token": "x".repeat(9_000) }), "AUTH_TOKEN_INVALID"),
        (json!({ "token": "expired" }), "AUTH_TOKEN_EXPIRED"),
        (json!({ "token": "ended" }), "AUTH_SESSION_REVOKED"),
        (json!({ "token": "homeless" }), "ORGANIZATION_REQUIRED"),
        (json!({ "token": "stranger" }), "ORGANIZATION_ACCESS_DENIED"),
        (json!({ "token": "forbidden" }), "ORGANIZATION_ACCESS_DENIED"),
        (json!({ "token": agent.token, "organization_id": elsewhere }), "ORGANIZATION_ACCESS_DENIED"),
        (json!({ "token": agent.token, "organization_id": "x" }), "ORGANIZATION_ACCESS_DENIED"),
    ] {
        let data = Client::refused(world.address, auth.clone(), None).await;
        assert_eq!(data, json!({ "code": code, "retry_after_ms": null }), "{auth}");
    }
    assert_eq!(world.hub.sockets(), 0);
}

#[tokio::test]
async fn only_listed_origins_and_clients_without_one_come_in() {
    let settings = Settings { origins: vec!["https://desk.example".to_owned()], ..Settings::default() };
    let world = World::with(settings, Clock::system()).await;
    let agent = world.agent(world.organization());
    for origin in ["https://evil.example", "null", "https://desk.example.evil.example", "http://desk.example"] {
        let data = Client::refused(world.address, agent.auth(), Some(origin)).await;
        assert_eq!(data["code"], "ORIGIN_NOT_ALLOWED", "{origin}");
    }
    let listed = Client::try_connect(world.address, agent.auth(), Some("https://desk.example")).await;
    assert!(matches!(listed, Connected::In(_)));
    Client::connect(world.address, agent.auth()).await.cut();
}

#[tokio::test]
async fn hello_says_who_and_from_where() {
    let world = World::new().await;
    let organization_id = world.organization();
    let agent = world.agent(organization_id);
    let client = Client::connect(
        world.address,
        json!({ "token": agent.token, "organization_id": organization_id, "device_id": "d-1" }),
    )
    .await;
    let hello = &client.hello;
    assert_eq!(hello["session_id"], json!(agent.session()));
    assert_eq!(hello["user_id"], json!(agent.user()));
    assert_eq!(hello["organization_id"], json!(organization_id));
    assert!(hello["cursor"].as_str().unwrap().starts_with("c_"));
    assert!(hello["server_time"].as_str().unwrap().ends_with('Z'));
    assert_eq!((&hello["resumed"], &hello["reset"]), (&json!(false), &json!(null)));
    assert_eq!(hello.as_object().unwrap().len(), 7);
}

#[tokio::test]
async fn a_user_has_ten_sockets_and_an_organization_its_own_limit() {
    let world = World::with(Settings { sockets_per_organization: 12, ..Settings::default() }, Clock::system()).await;
    let organization_id = world.organization();
    let (agent, other, third) =
        (world.agent(organization_id), world.agent(organization_id), world.agent(world.organization()));
    let mut clients = Vec::new();
    for _ in 0..10 {
        clients.push(Client::connect(world.address, agent.auth()).await);
    }
    let data = Client::refused(world.address, agent.auth(), None).await;
    assert_eq!(data, json!({ "code": "TOO_MANY_CONNECTIONS", "retry_after_ms": 5_000 }));
    clients.push(Client::connect(world.address, other.auth()).await);
    clients.push(Client::connect(world.address, other.auth()).await);
    assert_eq!(Client::refused(world.address, other.auth(), None).await["code"], "TOO_MANY_CONNECTIONS");
    clients.push(Client::connect(world.address, third.auth()).await);

    clients.remove(0).cut();
    crate::world::until("the place is free again", || world.hub.sockets() == 12).await;
    Client::connect(world.address, agent.auth()).await.cut();
}

#[tokio::test]
async fn a_plans_sockets_are_counted_over_all_nodes_and_free_again_after_a_disconnect() {
    let one = World::new().await;
    let two = World::beside(one.people.clone(), Settings::default(), Clock::system()).await;
    let organization_id = one.organization();
    let person = || {
        let agent = one.agent(organization_id);
        one.people.sign_in(Subject { max_sockets: Some(3), ..(*agent.subject).clone() }, &one.ids)
    };
    let (ana, bia) = (person(), person());
    let first = Client::connect(one.address, ana.auth()).await;
    let second = Client::connect(one.address, bia.auth()).await;
    noted(&one, organization_id, 2).await;
    let third = Client::connect(two.address, ana.auth()).await;
    let data = Client::refused(two.address, bia.auth(), None).await;
    assert_eq!(data, json!({ "code": "TOO_MANY_CONNECTIONS", "retry_after_ms": 5_000 }));
    // Whoever has no such plan is not held up by it.
    Client::connect(two.address, one.agent(organization_id).auth()).await.cut();
    noted(&one, organization_id, 3).await;
    first.cut();
    noted(&one, organization_id, 2).await;
    let fourth = Client::connect(two.address, bia.auth()).await;
    for client in [second, third, fourth] {
        client.cut();
    }
    noted(&one, organization_id, 0).await;
}

/// Waits until the nodes have noted so many sockets together.
async fn noted(world: &World, organization: OrganizationId, wanted: i64) {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let mut tx = world.db.tenant(organization).await.unwrap();
        let sockets = store::sockets_elsewhere(&mut tx, None, world.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        if sockets == wanted {
            return;
        }
        assert!(Instant::now() < deadline, "{sockets} sockets are noted, not {wanted}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn nobody_stays_without_a_token() {
    let world =
        World::with(Settings { connect_timeout: Duration::from_millis(300), ..Settings::default() }, Clock::system())
            .await;
    let mut ws = open(world.address, "", None, None).await;
    assert!(next_text(&mut ws).await.unwrap().starts_with("0{"));
    // A ping, the last word of Engine.IO, then the end.
    assert_eq!(next_text(&mut ws).await.as_deref(), Some("2"));
    assert_eq!(next_text(&mut ws).await.as_deref(), Some("1"));
    assert_eq!(next_text(&mut ws).await, None);
}

#[tokio::test]
async fn what_breaks_the_protocol_closes_only_its_own_connection() {
    let world = World::new().await;
    let agent = world.agent(world.organization());
    let mut bystander = Client::connect(world.address, agent.auth()).await;
    for text in ["4abc", "42[\"echo\",{}]", "47", "4", "42{}", "452-[\"f\"]"] {
        let mut ws = open(world.address, "", None, None).await;
        next_text(&mut ws).await.unwrap();
        let mut client = Client::over(ws);
        client.send(text).await;
        assert!(client.until_closed().await.is_empty(), "{text}");
    }
    for text in ["4abc", "42{}", "42abc[\"x\"]", "42[1]", "42[\"connect\"]", "42[]", "44{\"message\":\"x\"}"] {
        let mut client = Client::connect(world.address, agent.auth()).await;
        client.send(text).await;
        assert!(client.until_closed().await.is_empty(), "{text}");
    }
    assert_eq!(bystander.call("echo", json!({})).await["ok"], true);
}

#[tokio::test]
async fn other_namespaces_are_invalid_and_change_nothing() {
    let world = World::new().await;
    let agent = world.agent(world.organization());
    let mut ws = open(world.address, "", None, None).await;
    next_text(&mut ws).await.unwrap();
    let mut client = Client::over(ws);
    client.send("40/random,{}").await;
    client.send(&format!("40{}", agent.auth())).await;
    let mut ws = client.into_inner();
    let mut packets = Vec::new();
    while packets.len() < 2 {
        packets.extend(next_text(&mut ws).await.filter(|text| text != "2"));
    }
    assert_eq!(packets[0], r#"44/random,{"message":"Invalid namespace"}"#);
    assert!(packets[1].starts_with("40{\"sid\":"));
}
