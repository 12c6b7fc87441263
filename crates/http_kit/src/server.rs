//! The accept loop: HTTP/1.1 over plain sockets with a time limit on everything that a client can drag out.
//!
//! axum's own server has no timers: it holds connections that send their head or body a byte at a time for ever. TLS
//! and HTTP/2 are the proxy's work; behind one, HTTP/1.1 with keep-alive is what proxies speak best.

mod body;
mod connection;
mod stream;

pub use body::BodyTooSlow;
pub use connection::Answers;

use connection::{Service, serve_connection};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use stream::Stream;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long what was sent may stay unacknowledged (TCP_USER_TIMEOUT, tcp(7)).
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED_MS: u32 = 60_000;

/// What the operator may set.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    pub listen: SocketAddr,
    /// From the first byte of a head (or from the connection) to its last.
    pub header_timeout: Duration,
    /// How long a connection is kept open between requests.
    pub idle_timeout: Duration,
    /// How long a body may stand still.
    pub body_stall: Duration,
    /// Slowest body, in bytes a second, once `body_stall` has passed.
    pub body_rate: u32,
    /// How long a client may take nothing of its answer.
    pub write_stall: Duration,
    /// Connections at once, upgraded ones (sockets) included; more are answered 503 and closed.
    pub max_connections: usize,
    /// Longest head in bytes. hyper allows 100 header fields.
    pub max_head: usize,
    /// How long running requests may take to end when the server stops.
    pub drain: Duration,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            body_stall: Duration::from_secs(10),
            body_rate: 1_024,
            write_stall: Duration::from_secs(30),
            max_connections: 16_384,
            max_head: 16 * 1_024,
            drain: Duration::from_secs(20),
        }
    }
}

/// A bound listener, about to serve.
pub struct Server {
    listener: TcpListener,
    settings: ServerSettings,
}

impl Server {
    /// Binds the address; from here on clients can connect and wait.
    ///
    /// # Errors
    /// When the address is in use or not ours.
    pub async fn bind(settings: ServerSettings) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(settings.listen).await?, settings })
    }

    /// Where it listens; tells the port where 0 was asked for.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` is cancelled; then takes no new connections, lets running requests end within the drain time
    /// and cuts the rest. Gives the number of connections that had to be cut. Upgraded connections (sockets) belong to
    /// whoever took them over and are not waited for.
    ///
    /// `answers` is a router or whatever stands before one; it must always be ready.
    pub async fn serve<S: Answers>(self, answers: S, stop: CancellationToken) -> usize {
        let Self { listener, settings } = self;
        let drain = settings.drain;
        let house = Arc::new(House {
            places: Arc::new(Semaphore::new(settings.max_connections)),
            settings,
            stop: stop.clone(),
            cut: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((socket, peer)) => house.take_in(socket, peer, &answers),
                    Err(error) => pause(&error).await,
                },
                () = stop.cancelled() => break,
            }
        }
        drop(listener);
        house.tasks.close();
        if tokio::time::timeout(drain, house.tasks.wait()).await.is_ok() {
            return 0;
        }
        let left = house.tasks.len();
        house.cut.cancel();
        house.tasks.wait().await;
        left
    }
}

/// What the connections of one server share.
struct House {
    settings: ServerSettings,
    places: Arc<Semaphore>,
    stop: CancellationToken,
    cut: CancellationToken,
    tasks: TaskTracker,
}

impl House {
    fn take_in<S: Answers>(self: &Arc<Self>, socket: TcpStream, peer: SocketAddr, answers: &S) {
        // Small answers go out at once; without it they wait for the client's acknowledgement.
        if socket.set_nodelay(true).is_err() {
            return;
        }
        // A client that vanished (a phone in a tunnel) is noticed by what it does not acknowledge, not after the
        // kernel's quarter of an hour.
        #[cfg(target_os = "linux")]
        if rustix::net::sockopt::set_tcp_user_timeout(&socket, UNACKNOWLEDGED_MS).is_err() {
            return;
        }
        match self.places.clone().try_acquire_owned() {
            Ok(place) => {
                self.tasks.spawn(self.clone().serve_one(socket, place, peer, answers.clone()));
            }
            Err(_) => {
                metrics::counter!("http_connections_refused_total").increment(1);
                self.tasks.spawn(turn_away(socket));
            }
        }
    }

    async fn serve_one<S: Answers>(
        self: Arc<Self>,
        socket: TcpStream,
        place: OwnedSemaphorePermit,
        peer: SocketAddr,
        answers: S,
    ) {
        let stream = Stream::new(socket, place, &self.settings);
        let service = Service::new(answers, peer, stream.phase(), &self.settings);
        tokio::select! {
            () = serve_connection(stream, service, &self.settings, &self.stop) => {}
            () = self.cut.cancelled() => {}
        }
    }
}

/// The answer beyond the limit of connections; the request is not read.
async fn turn_away(mut socket: TcpStream) {
    const FULL: &[u8] =
        b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    // Fits into the socket's buffer, so this does not wait for the client.
    let _ = socket.write_all(FULL).await;
    let _ = socket.shutdown().await;
}

/// A connection that broke before it was taken is the client's matter; running out of descriptors is ours, and passes.
async fn pause(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        return;
    }
    tracing::warn!(reason = %error, "a connection could not be accepted");
    tokio::time::sleep(Duration::from_millis(50)).await;
}
