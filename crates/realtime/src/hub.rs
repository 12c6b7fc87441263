//! The hub: what the binary makes, mounts, runs and drains.

use crate::connection::Cut;
use crate::cursor::Cursors;
use crate::gate::{EngineSocket, Gate};
use crate::limits::Limits;
use crate::registration::{RoomKind, SocketCommand};
use crate::registry::Registry;
use crate::settings::Settings;
use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use engineioxide::DisconnectReason;
use engineioxide::config::EngineIoConfig;
use engineioxide::service::EngineIoService;
use futures_util::future::BoxFuture;
use kernel::cursor::CursorKey;
use kernel::{Clock, Ctx, Error, Ids, Subject};
use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use store::log::Position;
use store::{Database, PlatformReason};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// Who a token or API key that comes from this address stands for. Errors carry the codes of the handshake
/// (`AUTH_TOKEN_EXPIRED`, ...).
pub type Authenticate =
    Arc<dyn Fn(String, Option<IpAddr>) -> BoxFuture<'static, Result<Arc<Subject>, Error>> + Send + Sync>;
/// The same subject as it stands now; an error of kind `Unauthenticated` or `Forbidden` ends its sockets.
pub type Refreshed = Arc<dyn Fn(Arc<Subject>) -> BoxFuture<'static, Result<Arc<Subject>, Error>> + Send + Sync>;

/// Frames that a transport holds by itself. Few, since they are bounded by number alone; the rest waits in our queue,
/// which is bounded in bytes too.
const TRANSPORT_FRAMES: usize = 32;

/// What a hub is made of.
pub struct HubParts {
    pub db: Database,
    pub clock: Clock,
    pub ids: Ids,
    pub cursor_key: CursorKey,
    pub authenticate: Authenticate,
    pub refreshed: Refreshed,
    pub commands: Vec<SocketCommand>,
    pub rooms: Vec<RoomKind>,
    pub settings: Settings,
}

/// Socket.IO for the house. Cheap to clone.
#[derive(Clone)]
pub struct Hub {
    pub(crate) inner: Arc<Inner>,
    engine: EngineIoService<Gate>,
}

pub(crate) struct Inner {
    pub(crate) db: Database,
    /// This node, among those that note their sockets.
    pub(crate) node: Uuid,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    key: CursorKey,
    pub(crate) authenticate: Authenticate,
    pub(crate) refreshed: Refreshed,
    pub(crate) commands: HashMap<&'static str, SocketCommand>,
    pub(crate) rooms: HashMap<&'static str, RoomKind>,
    pub(crate) settings: Settings,
    pub(crate) registry: Registry,
    pub(crate) limits: Limits,
    pub(crate) tasks: TaskTracker,
    pub(crate) stopping: CancellationToken,
    /// The tail knows its place; before that nobody is let in.
    pub(crate) started: CancellationToken,
    /// Transports that have not shown a token yet, oldest first.
    pub(crate) newcomers: Mutex<VecDeque<(Instant, Weak<EngineSocket>)>>,
    pub(crate) last_number: AtomicU64,
    cursors: tokio::sync::OnceCell<Cursors>,
    /// The tail has taken up everything up to here. Set before the receivers of an event are looked up.
    tail: Mutex<Position>,
}

impl Hub {
    pub fn new(parts: HubParts) -> Self {
        let HubParts { db, clock, ids, cursor_key, authenticate, refreshed, commands, rooms, settings } = parts;
        let config = EngineIoConfig::builder()
            .req_path("/socket.io")
            .ping_interval(settings.ping_interval)
            .ping_timeout(settings.ping_timeout)
            .max_payload(settings.max_frame_bytes as u64)
            .ws_max_message_size(settings.max_frame_bytes)
            .ws_max_frame_size(settings.max_frame_bytes)
            .max_buffer_size(TRANSPORT_FRAMES)
            .build();
        let inner = Arc::new(Inner {
            db,
            node: ids.random(),
            clock,
            ids,
            key: cursor_key,
            authenticate,
            refreshed,
            commands: commands.into_iter().map(|command| (command.name, command)).collect(),
            rooms: rooms.into_iter().map(|room| (room.kind, room)).collect(),
            settings,
            registry: Registry::default(),
            limits: Limits::default(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            started: CancellationToken::new(),
            newcomers: Mutex::default(),
            last_number: AtomicU64::new(0),
            cursors: tokio::sync::OnceCell::new(),
            tail: Mutex::default(),
        });
        let engine = EngineIoService::with_config(Arc::new(Gate::new(Arc::clone(&inner))), config);
        Self { inner, engine }
    }

    /// Mounts `/socket.io/` (websocket and polling) beside `router`. Polling requests wait up to the ping interval: put
    /// nothing around them that times out earlier, compresses, or counts them against a request limit.
    pub fn attach(&self, router: Router) -> Router {
        let guard = from_fn_with_state(Arc::clone(&self.inner), guard);
        let sockets = Router::new()
            .route_service("/socket.io/", self.engine.clone())
            .route_service("/socket.io", self.engine.clone())
            .layer(guard);
        router.merge(sockets)
    }

    /// Follows the log and keeps watch over sessions until `stop` says so.
    pub async fn run(&self, stop: tokio::sync::watch::Receiver<bool>) {
        tokio::join!(crate::tail::run(&self.inner, stop.clone()), crate::sweep::run(&self.inner, stop));
    }

    /// Sends every client away, spread over [`Settings::drain_spread`], and waits for what is under way. No new ones are
    /// let in from here on.
    pub async fn drain(&self) {
        let hub = &self.inner;
        hub.stopping.cancel();
        let spread = hub.settings.drain_spread.as_secs_f64() * 1_000.0;
        for connection in hub.registry.all() {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a fraction of a few seconds")]
            let wait = (hub.ids.fraction() * spread) as u64;
            connection.cut(hub, Cut::Draining(wait));
        }
        for (_, newcomer) in hub.newcomers().drain(..) {
            if let Some(socket) = newcomer.upgrade() {
                socket.close(DisconnectReason::ClosingServer);
            }
        }
        hub.tasks.close();
        if tokio::time::timeout(Duration::from_secs(5), hub.tasks.wait()).await.is_err() {
            tracing::warn!("realtime: tasks were still at work when the hub was drained");
        }
    }

    /// Sockets that have shown a token, on this node.
    pub fn sockets(&self) -> usize {
        self.inner.registry.all().len()
    }
}

/// Answers of the transport are nobody's page and nobody's cache's; pages of listed origins may read them (polling
/// sends what browsers call simple requests, so nothing is asked beforehand).
async fn guard(State(hub): State<Arc<Inner>>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).filter(|origin| hub.allows_origin(origin)).cloned();
    let known = request.uri().query().is_some_and(|query| query.contains("sid="));
    // A stopping node still hands out its last words, but opens nothing new.
    let turned_away = hub.stopping.is_cancelled() && !known;
    let mut response =
        if turned_away { StatusCode::SERVICE_UNAVAILABLE.into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    response
}

impl Inner {
    /// Whether pages of this origin may connect. Exact, no patterns.
    pub(crate) fn allows_origin(&self, origin: &HeaderValue) -> bool {
        self.settings.origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
    }

    /// The cursors of the log's epoch, once it is known.
    pub(crate) fn cursors(&self) -> Option<&Cursors> {
        self.cursors.get()
    }

    /// The same, asking the database the first time.
    pub(crate) async fn load_cursors(&self) -> Result<&Cursors, Error> {
        self.cursors
            .get_or_try_init(|| async {
                let mut tx = self.db.platform(PlatformReason::EventLog).await?;
                let epoch = store::log::epoch(&mut tx).await?;
                tx.commit().await?;
                Ok(Cursors::new(self.key.clone(), epoch))
            })
            .await
    }

    /// The circumstances of one client event.
    pub(crate) fn ctx(&self, subject: Arc<Subject>) -> Ctx {
        let request: Uuid = self.ids.random();
        Ctx::new(subject, self.clock.clone(), self.ids.clone(), request.to_string().into())
    }

    /// Where a transport comes from, as far as it can be known.
    pub(crate) fn address_of(&self, socket: &EngineSocket) -> Option<IpAddr> {
        let parts = &socket.req_parts;
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip();
        Some(http_kit::client_address(peer, &parts.headers, &self.settings.trusted_proxies))
    }

    pub(crate) fn newcomers(&self) -> MutexGuard<'_, VecDeque<(Instant, Weak<EngineSocket>)>> {
        self.newcomers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tail(&self) -> MutexGuard<'_, Position> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
