//! A tiny server on the loopback address that counts what reaches it.

use outbound::{Lookup, LookupFuture, OutboundSettings, Url};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What the server does with a request once it has read it.
#[derive(Clone)]
pub enum Reply {
    /// Writes these bytes and closes.
    Bytes(Vec<u8>),
    /// Writes these bytes, then keeps the connection open without another word.
    ThenSilence(Vec<u8>),
    /// Closes without an answer.
    Drop,
    /// Writes the head, then body bytes until the client goes away.
    Endless(Vec<u8>),
}

pub struct Canary {
    pub address: SocketAddr,
    requests: Arc<AtomicUsize>,
    last: Arc<Mutex<String>>,
    _tasks: JoinSet<()>,
}

impl Canary {
    pub async fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let last = Arc::new(Mutex::new(String::new()));
        let mut tasks = JoinSet::new();
        let (count, seen) = (requests.clone(), last.clone());
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                connections.spawn(serve(stream, reply.clone(), seen.clone()));
            }
        });
        Self { address, requests, last, _tasks: tasks }
    }

    /// Connections that reached the server.
    pub fn connections(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Head and body of the last request.
    pub fn last_request(&self) -> String {
        self.last.lock().unwrap().clone()
    }

    pub fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    /// Settings of an operator who named this server.
    pub fn trusted(&self) -> OutboundSettings {
        OutboundSettings { trusted_origins: vec![self.url("/")], ..short() }
    }
}

/// Settings with time limits fit for tests.
pub fn short() -> OutboundSettings {
    OutboundSettings {
        connect_timeout: Duration::from_millis(2_000),
        call_timeout: Duration::from_millis(5_000),
        download_timeout: Duration::from_millis(5_000),
        ..OutboundSettings::default()
    }
}

/// An answer with a body.
pub fn answer(status: &str, headers: &str, body: &str) -> Reply {
    let length = body.len();
    Reply::Bytes(format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}").into_bytes())
}

/// Knows one answer for every name.
pub struct Fixed(pub Vec<&'static str>);

impl Lookup for Fixed {
    fn lookup(&self, _: &str) -> LookupFuture {
        let found = self.0.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect();
        Box::pin(async move { Ok(found) })
    }
}

async fn serve(mut stream: TcpStream, reply: Reply, seen: Arc<Mutex<String>>) {
    let request = read_request(&mut stream).await;
    *seen.lock().unwrap() = request;
    match reply {
        Reply::Bytes(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Reply::ThenSilence(bytes) => {
            let _ = stream.write_all(&bytes).await;
            // Ends when the client hangs up.
            let _ = stream.read(&mut [0; 1]).await;
        }
        Reply::Drop => {}
        Reply::Endless(head) => {
            let _ = stream.write_all(&head).await;
            while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        request.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            if read == 0 {
                return text;
            }
            continue;
        };
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if read == 0 || body.len() >= length.unwrap_or(0) {
            return text;
        }
    }
}
