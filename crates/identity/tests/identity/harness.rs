//! A house small enough for this domain: its routes behind the real edge and middleware, a real database, a clock that
//! the test moves.

use axum::Router;
use axum::body::Body;
use chrono::{DateTime, Duration, TimeZone as _, Utc};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use http_kit::{Assembly, Class, EdgeSettings, Limits, assemble};
use identity::{CreatedUser, Identity, NewOrganization, NewUser, Organization, PasswordHash, Settings};
use kernel::ids::OrganizationId;
use kernel::{Clock, Ctx, Ids};
use secrecy::SecretSlice;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, PgConnection};
use store::testing::TestDatabase;
use store::{Database, INSTALLATION, Place, Sealer};
use tower::ServiceExt as _;

/// The password of everybody here, and its hash (cost 12), so that tests need not wait for one.
pub const PASSWORD: &str = "tres-tigres-tristes";
const HASH: &str = "$2b$12$KbQiHKTa1WIs0lE1Kd2eyek0XFBVK.7YXl90XQJT6ixb9dWdEFig6";

pub struct House {
    pub database: TestDatabase,
    pub db: Database,
    pub identity: Identity,
    pub clock: Clock,
    pub app: Router,
    pub organization: Organization,
    settings: Settings,
    limits: Limits,
}

/// An answer, taken apart.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub fn text(&self, member: &str) -> String {
        self.body[member].as_str().unwrap_or_else(|| panic!("no {member} in {}", self.body)).to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    #[track_caller]
    pub fn is(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status.as_u16(), self.code()), (status, code), "{}", self.body);
        self
    }

    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        self
    }
}

pub fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 20, 12, 0, 0).unwrap()
}

/// Two threads, so that tests on a busy machine do not wait long.
pub fn quick() -> Settings {
    Settings { hash_threads: 2, ..Settings::default() }
}

pub fn no_limits() -> Limits {
    let mut limits = Limits::default();
    for class in Class::ALL {
        limits.set(class, None, None);
    }
    limits
}

impl House {
    /// In the database that all tests share, with an organization of its own.
    pub async fn new() -> Self {
        Self::in_database(TestDatabase::shared().await, quick(), no_limits()).await
    }

    /// With settings of its own.
    pub async fn with(settings: Settings, limits: Limits) -> Self {
        Self::in_database(TestDatabase::shared().await, settings, limits).await
    }

    /// In a database of its own: for tests of what all organizations share.
    pub async fn alone() -> Self {
        Self::in_database(TestDatabase::alone().await, quick(), no_limits()).await
    }

    async fn in_database(database: TestDatabase, settings: Settings, limits: Limits) -> Self {
        let db = database.open();
        let clock = Clock::manual(start());
        let (identity, app) = node(&db, &clock, &settings, &limits);
        let slug = unique("org");
        let organization = provision(&db, &clock, &slug, "Clínica Bem-Estar").await;
        Self { database, db, identity, clock, app, organization, settings, limits }
    }

    /// The same house as a process sees it that starts now: nothing in its caches. Also: another node.
    pub fn another_node(&self) -> Self {
        let (identity, app) = node(&self.db, &self.clock, &self.settings, &self.limits);
        let database = TestDatabase {
            name: self.database.name.clone(),
            admin: self.database.admin.clone(),
            app: self.database.app.clone(),
            worker: self.database.worker.clone(),
        };
        Self {
            database,
            db: self.db.clone(),
            identity,
            clock: self.clock.clone(),
            app,
            organization: self.organization.clone(),
            settings: self.settings.clone(),
            limits: self.limits.clone(),
        }
    }

    /// The same house under other settings.
    pub fn with_settings(&self, settings: Settings) -> Self {
        let mut house = self.another_node();
        (house.identity, house.app) = node(&self.db, &self.clock, &settings, &self.limits);
        house.settings = settings;
        house
    }

    /// The same house under other limits.
    pub fn with_limits(&self, limits: Limits) -> Self {
        let mut house = self.another_node();
        (house.identity, house.app) = node(&self.db, &self.clock, &self.settings, &limits);
        house.limits = limits;
        house
    }

    /// A request whose body and answer are bytes.
    pub async fn send_bytes(&self, method: Method, path: &str, token: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
        let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"));
        let response = self.app.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        (parts.status.as_u16(), body.collect().await.unwrap().to_bytes().to_vec())
    }

    /// One more organization.
    pub async fn other_organization(&self, name: &str) -> Organization {
        provision(&self.db, &self.clock, &unique("org"), name).await
    }

    pub fn ctx(&self, organization: OrganizationId) -> Ctx {
        Ctx::system(organization, self.clock.clone(), Ids::system(), "test".into())
    }

    /// A member of the first organization with this role, in the fallback unit.
    pub async fn user(&self, role: &str) -> CreatedUser {
        self.member(&self.organization, &format!("{}@clinica.example", unique(role)), role).await
    }

    pub async fn member(&self, organization: &Organization, email: &str, role: &str) -> CreatedUser {
        self.member_hashed(organization, email, role, PasswordHash::of_stored(HASH.to_owned())).await
    }

    pub async fn member_hashed(
        &self,
        organization: &Organization,
        email: &str,
        role: &str,
        hash: PasswordHash,
    ) -> CreatedUser {
        let mut new = NewUser::new(email, format!("Pessoa {role}"));
        new.password = Some(hash);
        new.role = Some(role.to_owned());
        let ctx = self.ctx(organization.id);
        let mut tx = self.db.tenant(organization.id).await.unwrap();
        let created = identity::create_user(&ctx, &mut tx, new).await.unwrap();
        service_levels::join_fallback_unit(&ctx, &mut tx, created.membership_id).await.unwrap();
        tx.commit().await.unwrap();
        created
    }

    /// Signed in with a password; the whole answer.
    pub async fn login(&self, email: &str) -> Answer {
        self.try_login(email, PASSWORD).await.ok()
    }

    pub async fn try_login(&self, email: &str, password: &str) -> Answer {
        self.post("/api/auth/login", &json!({ "email": email, "password": password })).await
    }

    pub async fn access_token(&self, email: &str) -> String {
        self.login(email).await.text("access_token")
    }

    pub async fn refresh(&self, token: &str) -> Answer {
        self.post("/api/auth/refresh", &json!({ "refresh_token": token })).await
    }

    pub async fn validate(&self, token: &str) -> Answer {
        self.get("/api/auth/validate", token).await
    }

    pub async fn get(&self, path: &str, token: &str) -> Answer {
        self.send(Method::GET, path, &[("authorization", &format!("Bearer {token}"))], None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, &[], Some(body)).await
    }

    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let response = self.app.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// The private half of a signing key, opened: to sign what the product would not.
    pub async fn stored_key(&self, kid: &str) -> jsonwebtoken::EncodingKey {
        let sealed: Vec<u8> = sqlx::query_scalar("select private_sealed from signing_keys where kid = $1")
            .bind(kid)
            .fetch_one(&mut self.admin().await)
            .await
            .unwrap();
        let place = Place {
            organization: INSTALLATION.as_bytes(),
            table: "signing_keys",
            column: "private_sealed",
            row: kid.as_bytes(),
        };
        jsonwebtoken::EncodingKey::from_ec_der(&sealer().open(place, &sealed).unwrap())
    }

    /// A statement past all rules: what the test arranges or looks up.
    pub async fn sql(&self, statement: String) {
        self.admin().await.execute(AssertSqlSafe(statement)).await.unwrap();
    }

    pub async fn count(&self, statement: String) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(&mut self.admin().await).await.unwrap()
    }

    /// One text.
    pub async fn text(&self, statement: String) -> String {
        sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(&mut self.admin().await).await.unwrap()
    }

    /// All rows of all tables as text, to look for what must not lie there.
    pub async fn everything_stored(&self) -> String {
        let mut conn = self.admin().await;
        let tables: Vec<String> = sqlx::query_scalar(
            "select c.relname::text from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition",
        )
        .fetch_all(&mut conn)
        .await
        .unwrap();
        let mut all = String::new();
        for table in tables {
            let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!("select t::text from public.{table} t")))
                .fetch_all(&mut conn)
                .await
                .unwrap();
            all.push_str(&rows.join("\n"));
        }
        all
    }

    /// An answer that is no JSON: status, headers, text.
    pub async fn send_text(&self, method: Method, path: &str) -> (u16, HeaderMap, String) {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let (parts, body) = self.app.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        (parts.status.as_u16(), parts.headers, String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Kinds of the events of an organization, in order.
    pub async fn events(&self, organization: OrganizationId) -> Vec<(String, Value, Value)> {
        let statement =
            format!("select kind, data, audience from events where organization_id = '{organization}' order by id");
        sqlx::query_as(AssertSqlSafe(statement)).fetch_all(&mut self.admin().await).await.unwrap()
    }

    async fn admin(&self) -> PgConnection {
        self.database.admin.connect().await.unwrap()
    }

    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }
}

fn node(db: &Database, clock: &Clock, settings: &Settings, limits: &Limits) -> (Identity, Router) {
    let identity =
        Identity::new(db.clone(), clock.clone(), Ids::system(), sealer(), blobs(), settings.clone()).unwrap();
    let for_wrap = identity.clone();
    let modules =
        vec![identity::module(identity.clone()), service_levels::module(db.clone(), identity.cursors().clone())];
    identity.know_house(&modules);
    let (app, _) = assemble(Assembly {
        routes: modules.into_iter().map(|module| module.routes).collect(),
        outside: identity::well_known(identity.clone()),
        hidden: Router::new(),
        wrap: Box::new(move |api| api.layer(axum::middleware::from_fn_with_state(for_wrap, identity::authenticate))),
        docs: false,
        version: "test".to_owned(),
        edge: EdgeSettings { limits: limits.clone(), ..EdgeSettings::default() },
        clock: clock.clone(),
        ids: Ids::system(),
    });
    (identity, app)
}

/// Files in memory, shared by the nodes of a test (each test is a process of its own).
pub fn blobs() -> files::Files {
    static BLOBS: std::sync::OnceLock<std::sync::Arc<object_store::memory::InMemory>> = std::sync::OnceLock::new();
    files::Files::over(BLOBS.get_or_init(|| std::sync::Arc::new(object_store::memory::InMemory::new())).clone())
}

/// One master key for all tests: they share the signing keys.
pub fn sealer() -> Sealer {
    Sealer::new(vec![SecretSlice::from(vec![7u8; 32])])
}

async fn provision(db: &Database, clock: &Clock, slug: &str, name: &str) -> Organization {
    let ids = Ids::system();
    let id: OrganizationId = ids.sortable(clock.now());
    let ctx = Ctx::system(id, clock.clone(), ids, "test".into());
    let mut tx = db.tenant(id).await.unwrap();
    let made =
        identity::provision_organization(&ctx, &mut tx, NewOrganization::new(slug, name, "clinic")).await.unwrap();
    service_levels::provision_units(&ctx, &mut tx).await.unwrap();
    tx.commit().await.unwrap();
    made
}

/// A name that no other test uses.
pub fn unique(prefix: &str) -> String {
    let id: uuid::Uuid = Ids::system().random();
    format!("{prefix}-{}", &id.simple().to_string()[..12])
}
