//! A fake of Meta's Graph API for WhatsApp, on a loopback port: strict about requests, free about trouble.
//!
//! It follows the public protocol: token, path, body fields and limits are checked like at Meta or harder (both `to`
//! and `recipient`, which Meta tolerates, are refused), answers have Meta's shapes, accepted sends come back as signed
//! webhooks. On top of it the test decides: any call may be delayed, held, refused with any error, answered with a
//! proxy's HTML page, or cut off before or after it took effect; webhooks may be dropped, doubled, turned around. Every
//! call is recorded, so that "sent exactly once" is a question to [`FakeGraph::sends`].
//!
//! ```ignore
//! let graph = FakeGraph::start(GraphConfig::default()).await?;
//! graph.call_back(&format!("{app}/api/channels/webhooks/whatsapp"), "app secret");
//! graph.set_statuses(StatusPlan::up_to("read"));
//! graph.next(Call::Send, Behaviour::DropAfterAccepting);
//! ```

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::Clock;
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

mod behaviour;
mod check;
mod ids;
mod media;
mod messages;
mod objects;
mod record;
mod server;
mod statuses;
pub mod webhook;

pub use behaviour::{Behaviour, Call, Fault, Rule};
pub use record::{RecordedCall, RecordedSend, SendResult};
pub use statuses::{StatusPlan, StatusStep};
pub use webhook::{Callback, Person};

/// A business number that the fake knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    pub phone_number_id: String,
    /// Digits.
    pub display_phone_number: String,
    pub waba_id: String,
    /// The bearer token that may use it.
    pub access_token: String,
}

impl Number {
    /// The number of the protocol fixtures, with this token.
    pub fn of_fixtures(access_token: &str) -> Self {
        Self {
            phone_number_id: "220011447788556".to_owned(),
            display_phone_number: "551130001234".to_owned(),
            waba_id: "998877665544332".to_owned(),
            access_token: access_token.to_owned(),
        }
    }
}

/// How a fake starts.
#[derive(Clone, Debug)]
pub struct GraphConfig {
    pub numbers: Vec<Number>,
    /// Stamps webhooks and lets media links expire; a manual clock lets a test do both at will.
    pub clock: Clock,
    /// How often a webhook is repeated until it is answered 200 (Meta: up to seven days).
    pub webhook_attempts: u32,
    /// Webhooks under way at the same time.
    pub webhook_parallel: usize,
    /// Loopback port; 0 takes a free one.
    pub port: u16,
}

impl Default for GraphConfig {
    fn default() -> Self {
        Self {
            numbers: vec![Number::of_fixtures("token-de-exemplo")],
            clock: Clock::system(),
            webhook_attempts: 200,
            webhook_parallel: 16,
            port: 0,
        }
    }
}

/// A running fake. Dropping it stops it.
pub struct FakeGraph {
    shared: Arc<Shared>,
    listener: tokio::sync::Mutex<JoinSet<()>>,
    _webhooks: JoinSet<()>,
}

/// What handlers and the test look at together.
pub(crate) struct Shared {
    pub(crate) config: GraphConfig,
    pub(crate) address: SocketAddr,
    pub(crate) state: Mutex<State>,
    pub(crate) serial: AtomicU64,
    /// Told with every recorded call.
    pub(crate) calls: watch::Sender<usize>,
    pub(crate) outbox: mpsc::UnboundedSender<statuses::Mailing>,
    pub(crate) undelivered: watch::Sender<usize>,
    pub(crate) webhooks_posted: AtomicUsize,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) numbers: HashMap<String, Number>,
    pub(crate) rules: behaviour::Rules,
    pub(crate) calls: Vec<RecordedCall>,
    pub(crate) sends: Vec<RecordedSend>,
    pub(crate) media: HashMap<String, media::Stored>,
    /// Form asked for → real `wa_id`.
    pub(crate) resolves: HashMap<String, String>,
    /// Recipient → code of the error that comes as a status after the send was accepted.
    pub(crate) fails_later: HashMap<String, i64>,
    pub(crate) subscribed: HashSet<String>,
    pub(crate) statuses: StatusPlan,
    pub(crate) callback: Option<Callback>,
}

impl Shared {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.config.clock.now()
    }
}

impl FakeGraph {
    /// Starts a fake on a loopback port.
    pub async fn start(config: GraphConfig) -> io::Result<Self> {
        let listener = server::bind(SocketAddr::from(([127, 0, 0, 1], config.port))).await?;
        let (outbox, mailings) = mpsc::unbounded_channel();
        let numbers = config.numbers.iter().map(|number| (number.phone_number_id.clone(), number.clone()));
        let state = State { numbers: numbers.collect(), ..State::default() };
        let shared = Arc::new(Shared {
            address: listener.local_addr()?,
            state: Mutex::new(state),
            serial: AtomicU64::new(1),
            calls: watch::Sender::new(0),
            outbox,
            undelivered: watch::Sender::new(0),
            webhooks_posted: AtomicUsize::new(0),
            config,
        });
        let mut accepting = JoinSet::new();
        accepting.spawn(server::run(listener, shared.clone()));
        let mut webhooks = JoinSet::new();
        webhooks.spawn(statuses::deliver_all(shared.clone(), mailings));
        Ok(Self { shared, listener: tokio::sync::Mutex::new(accepting), _webhooks: webhooks })
    }

    /// `http://127.0.0.1:port`, to be configured as the Graph address.
    pub fn url(&self) -> String {
        format!("http://{}", self.shared.address)
    }

    /// Adds or replaces a number; a new token makes the old one invalid (190).
    pub fn put_number(&self, number: Number) {
        self.shared.state().numbers.insert(number.phone_number_id.clone(), number);
    }

    /// Where webhooks go, and the app secret they are signed with.
    pub fn call_back(&self, url: &str, app_secret: &str) {
        self.shared.state().callback = Some(Callback::new(url, app_secret));
    }

    /// Which statuses follow an accepted send from now on. None by default.
    pub fn set_statuses(&self, plan: StatusPlan) {
        self.shared.state().statuses = plan;
    }

    /// The next call of this kind not yet spoken for behaves so; further ones queue up.
    pub fn next(&self, call: Call, behaviour: Behaviour) {
        self.shared.state().rules.next(call, behaviour);
    }

    /// Calls that match the rule behave so, after those spoken for by [`FakeGraph::next`].
    pub fn when(&self, rule: Rule) {
        self.shared.state().rules.when(rule);
    }

    /// Everything behaves well again.
    pub fn behave(&self) {
        self.shared.state().rules.clear();
    }

    /// A send to `asked` goes to `wa_id` and is answered so (the Brazilian ninth digit).
    pub fn resolve(&self, asked: &str, wa_id: &str) {
        self.shared.state().resolves.insert(asked.to_owned(), wa_id.to_owned());
    }

    /// Sends to this recipient are accepted and then fail with a status: 131026 undeliverable, 131047 window closed.
    pub fn fail_later(&self, recipient: &str, code: i64) {
        self.shared.state().fails_later.insert(recipient.to_owned(), code);
    }

    /// Closes the port: connections are refused, which is the one break that certainly sent nothing.
    pub async fn pause(&self) {
        self.listener.lock().await.shutdown().await;
    }

    /// Opens the same port again after [`FakeGraph::pause`].
    pub async fn resume(&self) -> io::Result<()> {
        let listener = server::bind(self.shared.address).await?;
        self.listener.lock().await.spawn(server::run(listener, self.shared.clone()));
        Ok(())
    }

    /// Waits until `done` holds of what was recorded; false when it did not within `deadline`.
    pub async fn wait_for(&self, deadline: Duration, done: impl Fn(&[RecordedSend]) -> bool) -> bool {
        let mut calls = self.shared.calls.subscribe();
        let reached = async {
            while !done(&self.sends()) {
                if calls.changed().await.is_err() {
                    break;
                }
            }
        };
        tokio::time::timeout(deadline, reached).await.is_ok()
    }

    /// Waits until every webhook due was answered 200 or given up; false when some are left after `deadline`.
    pub async fn wait_until_delivered(&self, deadline: Duration) -> bool {
        let mut left = self.shared.undelivered.subscribe();
        tokio::time::timeout(deadline, left.wait_for(|left| *left == 0)).await.is_ok_and(|seen| seen.is_ok())
    }

    /// Posts one webhook body, signed, and repeats it until it is answered 200. Returns at once.
    pub fn emit(&self, body: Value) {
        self.emit_all(vec![body]);
    }

    /// As [`FakeGraph::emit`], one body after the other.
    pub fn emit_all(&self, bodies: Vec<Value>) {
        statuses::mail(&self.shared, bodies.into_iter().map(|body| (Duration::ZERO, body)).collect());
    }

    /// Posts one webhook body, signed, once, and tells the HTTP status; 0 without a callback address.
    pub async fn post(&self, body: &Value) -> reqwest::Result<u16> {
        let callback = self.shared.state().callback.clone();
        match callback {
            Some(callback) => callback.post(&webhook::meta_bytes(body)).await,
            None => Ok(0),
        }
    }

    /// How many webhook requests were answered 200 so far.
    pub fn webhooks_posted(&self) -> usize {
        self.shared.webhooks_posted.load(Ordering::SeqCst)
    }

    /// A message id no other message of this fake has.
    pub fn new_message_id(&self) -> String {
        ids::message_id(&self.shared)
    }
}
