//! The least Socket.IO client: one websocket, packets read by hand.

use super::seconds;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// A connection that was let in. Events that came while something else was waited for are in `heard`.
pub struct Socket {
    ws: WebSocketStream<MaybeTlsStream<TcpStream>>,
    calls: u64,
    pub heard: Vec<Value>,
}

impl Socket {
    /// Connects to the server at `url` (`http://..`) and is greeted.
    pub async fn connect(url: &str, token: &str) -> Self {
        let mut socket = Self::knock(url, token).await;
        socket.until("hello", |event| event[0] == "hello").await;
        socket
    }

    /// Connects and is not let in: the code of the refusal.
    pub async fn refused(url: &str, token: &str) -> String {
        let mut socket = Self::knock(url, token).await;
        let text = socket.text().await;
        let told: Value = serde_json::from_str(text.strip_prefix("44").unwrap_or_else(|| panic!("{text}"))).unwrap();
        told["data"]["code"].as_str().expect("a code").to_owned()
    }

    async fn knock(url: &str, token: &str) -> Self {
        let url = format!("{}/socket.io/?EIO=4&transport=websocket", url.replacen("http", "ws", 1));
        let (ws, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let mut socket = Self { ws, calls: 0, heard: Vec::new() };
        assert!(socket.text().await.starts_with("0{"), "Engine.IO greets");
        socket.say(format!("40{}", json!({ "token": token }))).await;
        socket
    }

    /// Waits until the server cuts it.
    pub async fn cut(&mut self) {
        loop {
            match tokio::time::timeout(seconds(20), self.ws.next()).await.expect("cut within the deadline") {
                None | Some(Err(_) | Ok(Message::Close(_))) => return,
                Some(Ok(Message::Text(text))) if text == "2" => {
                    // It may be gone by now.
                    let _ = self.ws.send(Message::text("3")).await;
                }
                Some(Ok(Message::Text(text))) => self.keep(&text),
                Some(Ok(_)) => {}
            }
        }
    }

    /// What the server greeted with.
    pub fn hello(&self) -> &Value {
        let hello = self.heard.iter().find(|event| event[0] == "hello");
        &hello.expect("greeted")[1]
    }

    /// Sends an event and waits for its acknowledgement.
    pub async fn call(&mut self, name: &str, body: &Value) -> Value {
        self.calls += 1;
        self.say(format!("42{}{}", self.calls, json!([name, body]))).await;
        let acknowledged = format!("43{}[", self.calls);
        loop {
            let text = self.text().await;
            if let Some(answer) = text.strip_prefix(&acknowledged) {
                return serde_json::from_str(answer.trim_end_matches(']')).unwrap();
            }
            self.keep(&text);
        }
    }

    /// Waits for an event of this sort; it is kept too.
    pub async fn until(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) {
        while !self.heard.iter().any(&wanted) {
            let text = self.text().await;
            assert!(!text.starts_with("44") && text != "1", "closed while waiting for {what}: {text}");
            self.keep(&text);
        }
    }

    fn keep(&mut self, text: &str) {
        if let Some(event) = text.strip_prefix("42") {
            self.heard.push(serde_json::from_str(event).unwrap());
        }
    }

    async fn say(&mut self, text: String) {
        self.ws.send(Message::text(text)).await.unwrap();
    }

    /// The next packet that is no heartbeat.
    async fn text(&mut self) -> String {
        loop {
            let frame = tokio::time::timeout(seconds(30), self.ws.next()).await.expect("something within the deadline");
            match frame.expect("an open connection").unwrap() {
                Message::Text(text) if text == "2" => self.say("3".to_owned()).await,
                Message::Text(text) => return text.to_string(),
                Message::Close(reason) => panic!("closed: {reason:?}"),
                _ => {}
            }
        }
    }
}
