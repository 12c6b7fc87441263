//! The least Socket.IO client: one websocket, packets read by hand.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// Nothing here takes this long.
pub const DEADLINE: Duration = Duration::from_secs(20);

pub struct Client {
    ws: WebSocketStream<TcpStream>,
    waiting: VecDeque<(String, Value)>,
    acks: VecDeque<(u64, Value)>,
    next_ack: u64,
    pub hello: Value,
    /// The packet `1` was seen.
    pub dismissed: bool,
}

/// How a connection went.
pub enum Connected {
    In(Box<Client>),
    /// `data` of CONNECT_ERROR.
    Refused(Value),
    Closed,
}

impl Client {
    /// Connects with `auth`; panics unless let in.
    pub async fn connect(address: SocketAddr, auth: Value) -> Self {
        match Self::try_connect(address, auth, None).await {
            Connected::In(client) => *client,
            Connected::Refused(data) => panic!("refused: {data}"),
            Connected::Closed => panic!("closed"),
        }
    }

    pub async fn refused(address: SocketAddr, auth: Value, origin: Option<&str>) -> Value {
        match Self::try_connect(address, auth, origin).await {
            Connected::In(_) => panic!("let in"),
            Connected::Refused(data) => data,
            Connected::Closed => panic!("closed"),
        }
    }

    pub async fn try_connect(address: SocketAddr, auth: Value, origin: Option<&str>) -> Connected {
        Self::shake_hands(open(address, "", origin, None).await, auth).await
    }

    pub async fn shake_hands(mut ws: WebSocketStream<TcpStream>, auth: Value) -> Connected {
        assert!(next_text(&mut ws).await.unwrap().starts_with("0{"), "Engine.IO greets");
        ws.send(Message::text(format!("40{auth}"))).await.unwrap();
        let mut client = Self::over(ws);
        loop {
            let Some(text) = next_text(&mut client.ws).await else { return Connected::Closed };
            if let Some(refused) = text.strip_prefix("44") {
                let refused: Value = serde_json::from_str(refused).unwrap();
                assert!(refused["message"].is_string());
                return Connected::Refused(refused["data"].clone());
            }
            if text == "2" {
                client.ws.send(Message::text("3")).await.unwrap();
            } else if text == "1" {
                return Connected::Closed;
            } else {
                assert!(text.starts_with("40{\"sid\":"), "{text}");
                break;
            }
        }
        let (name, hello) = client.next().await.expect("greeted");
        assert_eq!(name, "hello");
        client.hello = hello;
        Connected::In(Box::new(client))
    }

    pub fn over(ws: WebSocketStream<TcpStream>) -> Self {
        Self { ws, waiting: VecDeque::new(), acks: VecDeque::new(), next_ack: 0, hello: Value::Null, dismissed: false }
    }

    /// The next event, or `None` once the connection is closed.
    pub async fn next(&mut self) -> Option<(String, Value)> {
        while self.waiting.is_empty() {
            if !self.read().await {
                return None;
            }
        }
        self.waiting.pop_front()
    }

    /// The next event of this name; those before it are dropped.
    pub async fn event(&mut self, wanted: &str) -> Value {
        loop {
            let (name, body) = self.next().await.unwrap_or_else(|| panic!("closed while waiting for {wanted}"));
            if name == wanted {
                return body;
            }
        }
    }

    /// Reads until the connection is closed; answers what came before.
    pub async fn until_closed(&mut self) -> Vec<(String, Value)> {
        let mut seen = Vec::new();
        while let Some(event) = self.next().await {
            seen.push(event);
        }
        seen
    }

    /// Sends an event and waits for its acknowledgement.
    pub async fn call(&mut self, name: &str, body: Value) -> Value {
        self.next_ack += 1;
        let id = self.next_ack;
        self.send(&format!("42{id}{}", json!([name, body]))).await;
        loop {
            if let Some(at) = self.acks.iter().position(|(ack, _)| *ack == id) {
                return self.acks.remove(at).unwrap().1;
            }
            assert!(self.read().await, "closed while waiting for the acknowledgement of {name}");
        }
    }

    /// Sends an event without asking for an acknowledgement.
    pub async fn emit(&mut self, name: &str, body: Value) {
        self.send(&format!("42{}", json!([name, body]))).await;
    }

    pub async fn send(&mut self, text: &str) {
        let _ = self.ws.send(Message::text(text)).await;
    }

    /// Ends the line without a word.
    pub fn cut(self) {}

    async fn read(&mut self) -> bool {
        let Some(text) = next_text(&mut self.ws).await else { return false };
        if text == "2" {
            self.send("3").await;
        } else if text == "1" {
            return false;
        } else if text == "41" {
            self.dismissed = true;
        } else if let Some(event) = text.strip_prefix("42") {
            let (name, body): (String, Value) = serde_json::from_str(event).unwrap();
            self.waiting.push_back((name, body));
        } else if let Some(ack) = text.strip_prefix("43") {
            let (id, body) = ack.split_at(ack.find('[').unwrap());
            let (body,): (Value,) = serde_json::from_str(body).unwrap();
            self.acks.push_back((id.parse().unwrap(), body));
        } else {
            panic!("unexpected packet {text}");
        }
        true
    }
}

/// Opens a websocket; `buffer` keeps the kernel from taking much for a slow reader.
pub async fn open(
    address: SocketAddr,
    query: &str,
    origin: Option<&str>,
    buffer: Option<u32>,
) -> WebSocketStream<TcpStream> {
    let mut request =
        format!("ws://{address}/socket.io/?EIO=4&transport=websocket{query}").into_client_request().unwrap();
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", origin.parse().unwrap());
    }
    let socket = TcpSocket::new_v4().unwrap();
    if let Some(buffer) = buffer {
        socket.set_recv_buffer_size(buffer).unwrap();
    }
    let stream = socket.connect(address).await.unwrap();
    tokio_tungstenite::client_async(request, stream).await.unwrap().0
}

/// The next text frame, or `None` once closed; fails at the deadline.
pub async fn next_text(ws: &mut WebSocketStream<TcpStream>) -> Option<String> {
    loop {
        match tokio::time::timeout(DEADLINE, ws.next()).await.expect("something within the deadline") {
            Some(Ok(Message::Text(text))) => return Some(text.to_string()),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            Some(Ok(_)) => {}
        }
    }
}

impl Client {
    pub fn into_inner(self) -> WebSocketStream<TcpStream> {
        self.ws
    }
}

impl Client {
    pub async fn send_binary(&mut self, bytes: Vec<u8>) {
        let _ = self.ws.send(Message::binary(bytes)).await;
    }
}
