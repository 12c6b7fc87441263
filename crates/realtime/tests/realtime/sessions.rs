//! How sessions end, and how tokens are renewed.

use crate::client::{Client, Connected};
use crate::world::{Agent, People, World, message};
use chrono::Duration;
use kernel::access::OrganizationStanding;
use kernel::{Audience, Clock, NewEvent, StreamRef, Subject};
use realtime::Settings;
use serde_json::json;
use std::time::Instant;

fn session_revoked(agent: &Agent) -> NewEvent {
    NewEvent {
        kind: "auth.session_revoked",
        stream: StreamRef { kind: "session".into(), id: agent.session().0, seq: None },
        audience: Audience { only_user: Some(agent.user()), ..Audience::default() },
        data: json!({ "session_id": agent.session() }),
        ..message(agent.session().0, agent.session().0.into(), "")
    }
}

#[tokio::test]
async fn logout_closes_the_sockets_of_the_session_and_no_others() {
    let world = World::new().await;
    let organization_id = world.organization();
    let agent = world.agent(organization_id);
    let same_user =
        world.people.sign_in(Subject { session_id: Some(world.ids.random()), ..(*agent.subject).clone() }, &world.ids);
    let mut first = Client::connect(world.address, agent.auth()).await;
    let mut second = Client::connect(world.address, agent.auth()).await;
    let mut bystander = Client::connect(world.address, same_user.auth()).await;
    let started = Instant::now();
    world.append(organization_id, session_revoked(&agent)).await;
    for client in [&mut first, &mut second] {
        let seen = client.until_closed().await;
        assert_eq!(seen.last().unwrap().0, "session_revoked");
        assert_eq!(seen.last().unwrap().1["session_id"], json!(agent.session()));
        assert!(client.dismissed, "it does not come back by itself");
    }
    assert!(started.elapsed() < std::time::Duration::from_secs(2));
    assert_eq!(bystander.call("echo", json!({})).await["ok"], true);
}

#[tokio::test]
async fn an_end_on_another_node_is_noticed_without_an_event() {
    let world = World::new().await;
    let agent = world.agent(world.organization());
    let suspended = world.agent(world.organization());
    let mut client = Client::connect(world.address, agent.auth()).await;
    let mut other = Client::connect(world.address, suspended.auth()).await;
    let started = Instant::now();
    world.people.revoke(&agent);
    world.people.change(&suspended, |subject| subject.organization = OrganizationStanding::Blocked);
    for client in [&mut client, &mut other] {
        assert_eq!(client.until_closed().await.last().unwrap().0, "session_revoked");
    }
    assert!(started.elapsed() < std::time::Duration::from_millis(2_500), "{:?}", started.elapsed());
}

#[tokio::test]
async fn nothing_is_delivered_after_the_end() {
    let world = World::new().await;
    let organization_id = world.organization();
    let agent = world.agent(organization_id);
    let mut client = Client::connect(world.address, agent.auth()).await;
    world.append(organization_id, session_revoked(&agent)).await;
    world.say(organization_id, world.ids.random(), world.ids.random(), "afterwards").await;
    let seen = client.until_closed().await;
    assert!(seen.iter().all(|(name, body)| name != "event" || body["type"] != "message.created"), "{seen:?}");
}

#[tokio::test]
async fn a_token_near_its_end_is_announced_renewed_or_cut() {
    let clock = Clock::manual(Clock::system().now());
    let world = World::beside(People::default(), Settings::default(), clock.clone()).await;
    let organization_id = world.organization();
    let agent = world.agent(organization_id);
    let until =
        |minutes| Subject { expires_at: Some(clock.now() + Duration::minutes(minutes)), ..(*agent.subject).clone() };
    let first = world.people.sign_in(until(15), &world.ids);
    let mut client = Client::connect(world.address, first.auth()).await;
    clock.advance(Duration::minutes(14));
    let warning = client.event("auth_expiring").await;
    assert_eq!(
        warning["expires_at"],
        json!(first.subject.expires_at.unwrap().to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
    );

    let stranger = world.agent(organization_id);
    let refused = client.call("auth_refresh", json!({ "token": stranger.token })).await;
    assert_eq!((&refused["ok"], &refused["error"]["code"]), (&json!(false), &json!("ORGANIZATION_ACCESS_DENIED")));
    assert_eq!(client.call("auth_refresh", json!({ "token": "x" })).await["error"]["code"], "AUTH_TOKEN_INVALID");
    assert_eq!(client.call("auth_refresh", json!({})).await["error"]["code"], "VALIDATION_FAILED");
    let second = world.people.sign_in(until(2), &world.ids);
    assert_eq!(client.call("auth_refresh", json!({ "token": second.token })).await["ok"], true);
    clock.advance(Duration::seconds(65));
    client.event("auth_expiring").await;
    assert_eq!(client.call("echo", json!({})).await["ok"], true, "the renewed token counts");

    clock.advance(Duration::minutes(1));
    let seen = client.until_closed().await;
    let (name, body) = seen.last().unwrap();
    assert_eq!((name.as_str(), &body["error"]["code"]), ("error", &json!("AUTH_TOKEN_EXPIRED")));
    assert!(client.dismissed);
}

#[tokio::test]
async fn a_stopping_node_sends_its_clients_away() {
    let world = World::new().await;
    let agent = world.agent(world.organization());
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(Client::connect(world.address, agent.auth()).await);
    }
    world.hub.drain().await;
    for client in &mut clients {
        let seen = client.until_closed().await;
        let (name, body) = seen.last().unwrap();
        assert_eq!(name, "server_draining");
        assert!(body["reconnect_in_ms"].as_u64().unwrap() <= 10_000);
        assert!(!client.dismissed, "it comes back by itself");
    }
    assert_eq!(world.hub.sockets(), 0);
    let (head, _) = crate::transports::whole(world.address, "GET", "", "https://desk.example", "").await;
    assert!(head.starts_with("http/1.1 503"), "nobody is let in: {head}");
}

#[tokio::test]
async fn when_it_cannot_be_decided_the_client_may_try_again() {
    let world = World::new().await;
    let down = kernel::Error::new(kernel::ErrorKind::Unavailable, "DATABASE_UNAVAILABLE", "Not ready.");
    world.people.bad_token("later", down);
    assert!(matches!(Client::try_connect(world.address, json!({ "token": "later" }), None).await, Connected::Closed));
}
