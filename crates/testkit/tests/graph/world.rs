//! A fake Graph server, a caller that sends and reads as the product does, and a receiver of webhooks.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use channels::connector::{
    ConnectorKind, ErrorClass, InboundKind, OutboundContent, OutboundIntent, Recipient, SendOutcome,
};
use channels::whatsapp::graph::{messages_path, read_send_answer, send_body};
use kernel::Clock;
use serde_json::Value;
use testkit::graph::{FakeGraph, GraphConfig, Number};
use tokio::task::JoinSet;

pub const TOKEN: &str = "token-de-exemplo";
pub const SECRET: &str = "segredo-de-exemplo";
pub const ANA: &str = "5511990000017";
pub const SOON: Duration = Duration::from_secs(10);

pub struct World {
    pub graph: FakeGraph,
    pub number: Number,
    pub client: reqwest::Client,
    pub clock: Clock,
}

pub async fn world() -> World {
    let clock = Clock::manual(chrono::DateTime::from_timestamp(1_767_355_200, 0).unwrap());
    let number = Number::of_fixtures(TOKEN);
    let config = GraphConfig { numbers: vec![number.clone()], clock: clock.clone(), ..GraphConfig::default() };
    #[expect(clippy::disallowed_methods, reason = "the fake is tested without the product's own client")]
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    World { graph: FakeGraph::start(config).await.unwrap(), number, client, clock }
}

pub fn text(to: &str, tag: &str) -> Value {
    let intent = OutboundIntent {
        to: Recipient::Phone(to.to_owned()),
        content: OutboundContent::Text { text: "Olá 👋".to_owned(), preview_url: false },
        reply_to_external_id: None,
        tag: tag.to_owned(),
    };
    send_body(&intent).unwrap()
}

impl World {
    /// Sends a body as the product would, and reads the answer as the product does.
    pub async fn send(&self, body: &Value) -> reqwest::Result<SendOutcome> {
        let url = format!("{}{}", self.graph.url(), messages_path("v25.0", &self.number.phone_number_id));
        let answer = self.client.post(url).bearer_auth(TOKEN).json(body).send().await?;
        let status = answer.status().as_u16();
        Ok(read_send_answer(status, &answer.bytes().await?, None))
    }

    pub async fn get(&self, url: &str) -> (u16, Bytes) {
        let url = if url.starts_with("http") { url.to_owned() } else { format!("{}{url}", self.graph.url()) };
        let answer = self.client.get(url).bearer_auth(TOKEN).send().await.unwrap();
        (answer.status().as_u16(), answer.bytes().await.unwrap())
    }
}

pub fn class_and_code(outcome: &SendOutcome) -> (ErrorClass, Option<i64>) {
    match outcome {
        SendOutcome::Rejected { class, code, .. } => (*class, *code),
        other => panic!("{other:?}"),
    }
}

/// A server that takes webhooks, checks them with the product's code, and refuses the first `refuse` of them.
pub struct Receiver {
    pub url: String,
    pub bodies: Arc<Mutex<Vec<Bytes>>>,
    _tasks: JoinSet<()>,
}

pub async fn receiver(refuse: usize) -> Receiver {
    type Shared = (Arc<Mutex<Vec<Bytes>>>, Arc<Mutex<usize>>);
    async fn take(State((bodies, refuse)): State<Shared>, headers: HeaderMap, body: Bytes) -> StatusCode {
        let signature = headers.get("x-hub-signature-256").map(|value| value.as_bytes());
        if ConnectorKind::Whatsapp.verify(signature, &body, &[SECRET.as_bytes()]).is_err() {
            return StatusCode::UNAUTHORIZED;
        }
        let mut left = refuse.lock().unwrap();
        if *left > 0 {
            *left -= 1;
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        bodies.lock().unwrap().push(body);
        StatusCode::OK
    }
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let app = axum::Router::new().route("/hook", post(take)).with_state((bodies.clone(), Arc::new(Mutex::new(refuse))));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { axum::serve(listener, app).await.unwrap() });
    Receiver { url, bodies, _tasks: tasks }
}

impl Receiver {
    pub fn events(&self) -> Vec<InboundKind> {
        let bodies = self.bodies.lock().unwrap();
        bodies.iter().flat_map(|body| ConnectorKind::Whatsapp.normalize(body)).map(|event| event.kind).collect()
    }

    /// The statuses received, in order.
    pub fn statuses(&self) -> Vec<String> {
        let word = |kind: InboundKind| match kind {
            InboundKind::Status(status) => status.status.as_str().to_owned(),
            other => panic!("{other:?}"),
        };
        self.events().into_iter().map(word).collect()
    }
}
