//! Polling, and the upgrade from it to a websocket.

use crate::client::{Client, DEADLINE, next_text, open};
use crate::world::World;
use futures_util::SinkExt;
use kernel::Clock;
use realtime::Settings;
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

/// One request on a connection of its own: status and body.
async fn http(address: SocketAddr, method: &str, query: &str, body: &str) -> (u16, String) {
    let (head, body) = whole(address, method, query, "https://desk.example", body).await;
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body)
}

/// The same with its head, in lower case.
pub async fn whole(address: SocketAddr, method: &str, query: &str, origin: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!(
        "{method} /socket.io/?EIO=4&transport=polling{query} HTTP/1.1\r\nhost: {address}\r\norigin: {origin}\r\nconnection: close\r\n\
         content-type: text/plain;charset=UTF-8\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(DEADLINE, stream.read_to_end(&mut answer)).await.expect("answered").unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_ascii_lowercase(), body.to_owned())
}

/// A server for pages of one origin.
async fn world() -> World {
    World::with(Settings { origins: vec!["https://desk.example".to_owned()], ..Settings::default() }, Clock::system())
        .await
}

struct Polling {
    address: SocketAddr,
    query: String,
}

impl Polling {
    async fn open(address: SocketAddr) -> Self {
        let (status, body) = http(address, "GET", "", "").await;
        assert_eq!(status, 200);
        let open: Value = serde_json::from_str(body.strip_prefix('0').unwrap()).unwrap();
        assert_eq!(open["upgrades"], json!(["websocket"]));
        assert_eq!((&open["pingInterval"], &open["pingTimeout"]), (&json!(25_000), &json!(20_000)));
        assert_eq!(open["maxPayload"], 1_000_000);
        Self { address, query: format!("&sid={}", open["sid"].as_str().unwrap()) }
    }

    async fn post(&self, packet: &str) -> u16 {
        http(self.address, "POST", &self.query, packet).await.0
    }

    /// The next packet that starts with `prefix`.
    async fn one(&self, prefix: &str) -> String {
        self.until(prefix).await.into_iter().find(|packet| packet.starts_with(prefix)).unwrap()
    }

    /// Packets up to and with the first that starts with `prefix`.
    async fn until(&self, prefix: &str) -> Vec<String> {
        let mut packets: Vec<String> = Vec::new();
        while !packets.iter().any(|packet| packet.starts_with(prefix)) {
            let (status, body) = http(self.address, "GET", &self.query, "").await;
            assert_eq!(status, 200, "after {packets:?}");
            packets.extend(body.split('\u{1e}').map(str::to_owned));
            if packets.iter().any(|packet| packet == "2") {
                self.post("3").await;
            }
        }
        packets
    }
}

#[tokio::test]
async fn polling_carries_everything() {
    let world = world().await;
    let organization_id = world.organization();
    let agent = world.agent(organization_id);
    let polling = Polling::open(world.address).await;
    assert_eq!(polling.post("40{}").await, 200);
    let refused = polling.one("44").await;
    assert!(refused.contains("AUTH_TOKEN_MISSING"), "{refused}");
    assert_eq!(polling.post(&format!("40{}", agent.auth())).await, 200, "it may try again");
    polling.until("42[\"hello\"").await;
    world.say(organization_id, world.ids.random(), world.ids.random(), "over polling").await;
    let event = polling.one("42[\"event\"").await;
    assert!(event.contains("over polling"));
    assert_eq!(polling.post(r#"427["echo",{"x":1}]"#).await, 200);
    assert!(polling.one("437[").await.contains(r#""ok":true"#));

    world.people.revoke(&agent);
    let last = polling.until("41").await;
    let said: Vec<&String> = last.iter().filter(|packet| *packet != "2").collect();
    assert!(said[0].starts_with("42[\"session_revoked\"") && said[1] == "41", "{said:?}");
    crate::world::until("it is gone", || world.hub.sockets() == 0).await;
}

#[tokio::test]
async fn the_upgrade_loses_nothing() {
    let world = world().await;
    let organization_id = world.organization();
    let agent = world.agent(organization_id);
    let polling = Polling::open(world.address).await;
    polling.post(&format!("40{}", agent.auth())).await;
    polling.until("42[\"hello\"").await;
    world.say(organization_id, world.ids.random(), world.ids.random(), "while polling").await;
    let mut ws = open(world.address, &polling.query, None, None).await;
    ws.send(Message::text("2probe")).await.unwrap();
    // A waiting poll is let go with a noop or what there is.
    let mut polled = http(polling.address, "GET", &polling.query, "").await.1;
    assert_eq!(next_text(&mut ws).await.unwrap(), "3probe");
    ws.send(Message::text("5")).await.unwrap();
    world.say(organization_id, world.ids.random(), world.ids.random(), "over the websocket").await;
    let mut client = Client::over(ws);
    while !polled.contains("over the websocket") {
        let event = client.event("event").await;
        polled.push_str(&event.to_string());
    }
    assert!(polled.contains("while polling"), "{polled}");
    assert_eq!(client.call("echo", json!({})).await["ok"], true);
    assert_eq!(http(polling.address, "GET", &polling.query, "").await.0, 400, "polling is over");
}

#[tokio::test]
async fn requests_against_the_protocol_are_refused() {
    let world = world().await;
    assert_eq!(http(world.address, "GET", "&sid=AAAAAAAAAAAAAAAA", "").await.0, 400);
    assert_eq!(http(world.address, "POST", "", "40").await.0, 400);
    let polling = Polling::open(world.address).await;
    assert_eq!(polling.post(&format!("4{}", "x".repeat(1_000_100))).await, 413);
}

#[tokio::test]
async fn only_listed_pages_may_read_the_answers() {
    let world = world().await;
    let (head, _) = whole(world.address, "GET", "", "https://desk.example", "").await;
    assert!(head.contains("access-control-allow-origin: https://desk.example\r\n"), "{head}");
    assert!(
        head.contains("access-control-allow-credentials: true") && head.contains("x-content-type-options: nosniff")
    );
    let (head, _) = whole(world.address, "GET", "", "https://evil.example", "").await;
    assert!(!head.contains("access-control-allow-origin"), "{head}");
}
