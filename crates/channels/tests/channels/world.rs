//! A database, a fake Graph server, the routes of channels on a port, and short ways to use them.

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use channels::accounts::{self, ChannelAccount, NewWhatsappAccount};
use channels::{Channels, ChannelsParts, IntakeLimits, SendLimits, Settings};
use chrono::{DateTime, Utc};
use http_body_util::BodyExt;
use http_kit::{Assembly, Authentication, EdgeSettings, assemble};
use kernel::access::OrganizationStanding;
use kernel::ids::{ChannelAccountId, MembershipId, OrganizationId, SessionId, UnitId, UserId};
use kernel::{Clock, Ctx, Grant, Ids, Permission, PermissionSet, Principal, Scope, Subject};
use outbound::{Outbound, OutboundSettings};
use secrecy::{SecretSlice, SecretString};
use serde_json::Value;
use sqlx::{ConnectOptions, PgConnection, Row};
use std::net::SocketAddr;
use std::sync::Arc;
use store::jobs::{JobKind, WorkerLimits, Workers};
use store::testing::TestDatabase;
use store::{Database, Sealer};
use testkit::graph::{FakeGraph, GraphConfig, Number, webhook};
use tokio::task::JoinSet;
use tower::ServiceExt;
use uuid::Uuid;

pub const APP_SECRET: &str = "an app secret of tests";
pub const VERIFY_TOKEN: &str = "a verify token of tests";
pub const TOKEN: &str = "EAAG-a-token-of-tests-0001";

pub struct World {
    pub database: TestDatabase,
    pub db: Database,
    pub clock: Clock,
    pub ids: Ids,
    pub graph: FakeGraph,
    pub channels: Channels,
    pub router: Router,
    pub address: SocketAddr,
    kinds: Vec<JobKind>,
    _folder: tempfile::TempDir,
    _server: JoinSet<()>,
}

/// What a test may set otherwise.
#[derive(Clone, Copy, Default)]
pub struct Options {
    pub intake: IntakeLimits,
    pub sends: SendLimits,
}

impl World {
    pub async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Self {
        let database = TestDatabase::alone().await;
        let db = database.open();
        // Statuses and windows are compared with the fixtures' and the fake's times.
        let clock = Clock::manual(start());
        let ids = Ids::system();
        let config = GraphConfig { numbers: vec![number()], clock: clock.clone(), ..GraphConfig::default() };
        let graph = FakeGraph::start(config).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            graph_url: graph.url().parse().unwrap(),
            app_secrets: vec![SecretString::from(APP_SECRET)],
            verify_tokens: vec![SecretString::from(VERIFY_TOKEN)],
            intake: options.intake,
            sends: options.sends,
            ..Settings::default()
        };
        let trusted = vec![graph.url().parse().unwrap()];
        let timeouts = std::time::Duration::from_secs(2);
        let outbound = Outbound::new(OutboundSettings {
            trusted_origins: trusted,
            call_timeout: timeouts,
            ..OutboundSettings::default()
        });
        let channels = Channels::new(ChannelsParts {
            db: db.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            sealer: Sealer::new(vec![SecretSlice::from(vec![7; 32])]),
            outbound: outbound.unwrap(),
            files: files::Files::local(folder.path()).unwrap(),
            settings,
        });
        let module = channels::module(channels.clone());
        let kinds = module.job_kinds;
        let (router, _) = assemble(Assembly {
            routes: vec![module.routes],
            outside: utoipa_axum::router::OpenApiRouter::new(),
            hidden: Router::new(),
            wrap: Box::new(|router| router.layer(axum::middleware::from_fn(authenticate))),
            docs: false,
            version: "0".to_owned(),
            edge: EdgeSettings::default(),
            clock: clock.clone(),
            ids: ids.clone(),
        });
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut server = JoinSet::new();
        let service = router.clone().into_make_service_with_connect_info::<SocketAddr>();
        server.spawn(async move { axum::serve(listener, service).await.unwrap() });
        graph.call_back(&format!("http://{address}/api/channels/webhooks/whatsapp"), APP_SECRET);
        Self { database, db, clock, ids, graph, channels, router, address, kinds, _folder: folder, _server: server }
    }

    /// An organization with its units.
    pub async fn organization(&self) -> OrganizationId {
        let id: OrganizationId = self.ids.sortable(self.clock.now());
        sqlx::query("insert into organizations (id, slug, name, kind, status, created_at, updated_at) values ($1, $2, 'Clínica', 'clinic', 'active', now(), now())")
            .bind(id.0)
            .bind(format!("o-{}", id.0.simple()))
            .execute(&mut self.superuser().await)
            .await
            .unwrap();
        let mut tx = self.db.tenant(id).await.unwrap();
        service_levels::provision_units(&self.ctx(id), &mut tx).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// An active account on the fake's number.
    pub async fn account(&self, organization: OrganizationId) -> ChannelAccount {
        self.account_of(organization, &number(), false).await
    }

    pub async fn account_of(&self, organization: OrganizationId, number: &Number, simulation: bool) -> ChannelAccount {
        let draft = self.draft(organization, number, simulation).await;
        self.activate(organization, draft.id).await
    }

    pub async fn draft(&self, organization: OrganizationId, number: &Number, simulation: bool) -> ChannelAccount {
        let ctx = self.ctx(organization);
        let new = NewWhatsappAccount {
            name: "Recepção".to_owned(),
            phone_number_id: number.phone_number_id.clone(),
            display_number: number.display_phone_number.clone(),
            waba_id: number.waba_id.clone(),
            access_token: Some(SecretString::from(number.access_token.clone())),
            simulation,
        };
        let mut tx = self.db.tenant(organization).await.unwrap();
        let account = accounts::create_whatsapp(&self.channels, &ctx, &mut tx, new).await.unwrap();
        tx.commit().await.unwrap();
        account
    }

    pub async fn activate(&self, organization: OrganizationId, id: ChannelAccountId) -> ChannelAccount {
        let ctx = self.ctx(organization);
        let checked = self.channels.check_credentials(&ctx, id).await.unwrap();
        let mut tx = self.db.tenant(organization).await.unwrap();
        let account = accounts::activate(&self.channels, &ctx, &mut tx, id, checked).await.unwrap();
        tx.commit().await.unwrap();
        account
    }

    pub fn ctx(&self, organization: OrganizationId) -> Ctx {
        Ctx::system(organization, self.clock.clone(), self.ids.clone(), "test".into())
    }

    pub fn workers(&self) -> Workers {
        Workers::new(self.db.clone(), self.clock.clone(), self.ids.clone(), self.kinds.clone(), WorkerLimits::default())
    }

    /// Takes stored bodies apart and goes no further.
    pub async fn split(&self) {
        let kinds = self.kinds.iter().filter(|kind| kind.name == "channels.split_inbound").cloned().collect();
        let workers =
            Workers::new(self.db.clone(), self.clock.clone(), self.ids.clone(), kinds, WorkerLimits::default());
        workers.drain().await.unwrap();
        // Kinds that these workers do not know were put off.
        sqlx::query("update jobs set run_at = $1")
            .bind(self.clock.now())
            .execute(&mut self.superuser().await)
            .await
            .unwrap();
    }

    /// Runs everything that is due.
    pub async fn drain(&self) -> store::jobs::Drained {
        self.workers().drain().await.unwrap()
    }

    /// Runs everything while so much time passes; jobs run at their times.
    pub async fn drain_for(&self, time: chrono::Duration) {
        let end = self.clock.now() + time;
        loop {
            self.drain().await;
            let next: Option<DateTime<Utc>> = sqlx::query_scalar(
                "select min(run_at) from jobs where order_key is null or not exists (
                   select from jobs first where first.order_key = jobs.order_key and first.id < jobs.id)",
            )
            .fetch_one(&mut self.superuser().await)
            .await
            .unwrap();
            match next {
                Some(next) if next <= end => self.clock.set(next.max(self.clock.now())),
                _ => return self.clock.set(end),
            }
        }
    }

    /// Posts a signed body over the wire; the status.
    pub async fn post(&self, body: &Value) -> u16 {
        self.post_bytes(&webhook::meta_bytes(body)).await
    }

    pub async fn post_bytes(&self, bytes: &[u8]) -> u16 {
        self.callback().post(bytes).await.unwrap()
    }

    pub fn callback(&self) -> webhook::Callback {
        webhook::Callback::new(&format!("http://{}/api/channels/webhooks/whatsapp", self.address), APP_SECRET)
    }

    /// A request to the router, as the subject that `who` names.
    pub async fn request(
        &self,
        method: Method,
        path: &str,
        who: &Who,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut request =
            Request::builder().method(method).uri(path).extension(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 9))));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let bytes = body.map(|body| serde_json::to_vec(&body).unwrap());
        if bytes.is_some() {
            request = request.header("content-type", "application/json");
        }
        let mut request = request.body(Body::from(bytes.unwrap_or_default())).unwrap();
        request.extensions_mut().insert(who.clone());
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, bytes: bytes.to_vec(), json }
    }

    pub async fn superuser(&self) -> PgConnection {
        self.database.admin.clone().connect().await.unwrap()
    }

    /// One number, asked as the superuser.
    pub async fn count(&self, query: &'static str) -> i64 {
        sqlx::query(query).fetch_one(&mut self.superuser().await).await.unwrap().get(0)
    }

    pub async fn texts(&self, query: &'static str) -> Vec<String> {
        let rows = sqlx::query(query).fetch_all(&mut self.superuser().await).await.unwrap();
        rows.into_iter().map(|row| row.get::<Option<String>, _>(0).unwrap_or_default()).collect()
    }

    pub async fn run(&self, statement: &'static str) {
        sqlx::query(statement).execute(&mut self.superuser().await).await.unwrap();
    }
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
    pub json: Value,
}

/// Who a test's request comes from.
#[derive(Clone)]
pub struct Who(pub Arc<Subject>);

impl Who {
    /// Somebody of the organization with these permissions everywhere in it.
    pub fn with(organization_id: OrganizationId, permissions: &[Permission]) -> Self {
        let grant = Grant {
            role: "tests".into(),
            permissions: PermissionSet::granting(permissions.iter().copied()),
            scope: Scope::Organization,
            effective_from: None,
            effective_to: None,
        };
        Self(Arc::new(subject(organization_id, vec![grant])))
    }

    pub fn manager(organization_id: OrganizationId) -> Self {
        Self::with(organization_id, &[Permission::CHANNELS_MANAGE, Permission::MESSAGING_MANAGE])
    }
}

async fn authenticate(mut request: Request, next: Next) -> axum::response::Response {
    let known =
        request.extensions().get::<Who>().map_or(Authentication::Anonymous, |who| Authentication::Known(who.0.clone()));
    request.extensions_mut().insert(known);
    next.run(request).await
}

fn subject(organization_id: OrganizationId, grants: Vec<Grant>) -> Subject {
    let (user, membership, session) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
    Subject {
        principal: Principal::User { user_id: UserId(user), membership_id: MembershipId(membership) },
        session_id: Some(SessionId(session)),
        grants,
        fallback_unit: None::<UnitId>,
        organization: OrganizationStanding::Active,
        ..Subject::system(organization_id)
    }
}

/// A little after what the fixtures tell.
pub fn start() -> DateTime<Utc> {
    "2026-01-02T15:00:00Z".parse().unwrap()
}

pub fn number() -> Number {
    Number::of_fixtures(TOKEN)
}

/// Another number of another business.
pub fn other_number() -> Number {
    Number {
        phone_number_id: "330022558899667".to_owned(),
        display_phone_number: "551130005678".to_owned(),
        waba_id: "887766554433221".to_owned(),
        access_token: "EAAG-another-token-0002".to_owned(),
    }
}
