//! A house of identity and audit: routes behind the real edge, a real database, readers and jobs that the test steps.

use audit::{Audit, AuditParts, HeadsOut, Sight};
use axum::Router;
use axum::body::Body;
use chrono::{DateTime, Duration, TimeZone as _, Utc};
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use http_kit::{Assembly, Class, EdgeSettings, Limits, assemble};
use identity::{CreatedUser, Identity, NewOrganization, NewUser, Organization, PasswordHash, Settings};
use kernel::ids::OrganizationId;
use kernel::{Audience, Clock, Ctx, Ids, NewEvent, StreamRef};
use secrecy::SecretSlice;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _};
use std::sync::Arc;
use store::jobs::{WorkerLimits, Workers};
use store::log::Readers;
use store::testing::TestDatabase;
use store::{Database, Sealer};
use tower::ServiceExt as _;

pub const PASSWORD: &str = "tres-tigres-tristes";
const HASH: &str = "$2b$12$KbQiHKTa1WIs0lE1Kd2eyek0XFBVK.7YXl90XQJT6ixb9dWdEFig6";

pub struct House {
    pub database: TestDatabase,
    pub db: Database,
    pub identity: Identity,
    pub audit: Audit,
    pub clock: Clock,
    pub organization: Organization,
    pub admin: CreatedUser,
    app: Router,
    readers: Readers,
    pub workers: Workers,
    _files: tempfile::TempDir,
}

impl House {
    pub async fn new() -> Self {
        Self::sending(HeadsOut::default(), mail::Way::Folder("/dev/null".into())).await
    }

    /// One whose checkpoints go somewhere.
    pub async fn sending(heads_out: HeadsOut, way: mail::Way) -> Self {
        let database = TestDatabase::alone().await;
        let (db, clock, ids) = (database.open(), Clock::manual(start()), Ids::system());
        let sealer = Sealer::new(vec![SecretSlice::from(vec![7u8; 32])]);
        let settings = Settings { hash_threads: 2, ..Settings::default() };
        let folder = tempfile::tempdir().unwrap();
        let files = files::Files::local(folder.path()).unwrap();
        let identity =
            Identity::new(db.clone(), clock.clone(), ids.clone(), sealer.clone(), files.clone(), settings).unwrap();
        let audit = Audit::new(AuditParts {
            db: db.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            sealer: sealer.clone(),
            files,
            heads_out,
        });
        audit.know_sights(vec![Sight {
            kind: "user",
            may_view: Arc::new(|_, id| Box::pin(async move { Ok(!id.is_nil()) })),
        }]);
        let mut modules =
            vec![identity::module(identity.clone()), service_levels::module(db.clone(), identity.cursors().clone())];
        modules.push(audit::module(audit.clone(), &modules));
        let from = "Balcao <no-reply@desk.example>".parse().unwrap();
        let mailer = mail::Mailer::new(&mail::Settings { way, from, timeout: std::time::Duration::from_secs(20) });
        let post = mail::job_kind(mailer.unwrap(), sealer);
        modules.push(module::Module { name: "mail", job_kinds: vec![post], ..module::Module::default() });
        let readers = modules.iter().flat_map(|module| module.readers.clone()).collect();
        let kinds = modules.iter().flat_map(|module| module.job_kinds.clone()).collect();
        let readers = Readers::new(db.clone(), clock.clone(), ids.clone(), readers);
        let workers = Workers::new(db.clone(), clock.clone(), ids, kinds, WorkerLimits::default());
        let app = app(&identity, &clock, modules);
        let organization = provision(&db, &clock, "clinica").await;
        let admin = member(&db, &clock, &organization, "ana@clinica.example", "admin").await;
        Self { database, db, identity, audit, clock, organization, admin, app, readers, workers, _files: folder }
    }

    pub async fn another_organization(&self) -> Organization {
        provision(&self.db, &self.clock, "outra").await
    }

    pub async fn member(&self, organization: &Organization, email: &str, role: &str) -> CreatedUser {
        member(&self.db, &self.clock, organization, email, role).await
    }

    pub fn ctx(&self) -> Ctx {
        Ctx::system(self.organization.id, self.clock.clone(), Ids::system(), "test".into())
    }

    /// Appends a fact of daily administration.
    pub async fn happen(&self, kind: &'static str, data: Value) {
        let ctx = self.ctx();
        let mut tx = self.db.tenant(self.organization.id).await.unwrap();
        tx.append(&ctx, fact(kind, *self.admin.user_id, data));
        tx.commit().await.unwrap();
        // No two facts of a test share an instant, so that their order is certain.
        self.clock.advance(Duration::milliseconds(1));
    }

    /// Lets the readers hear everything that has happened. Other databases of the server hold the log's horizon back
    /// while a transaction of theirs runs, so nothing heard is asked again until it is.
    pub async fn listen(&self) {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        // Facts about a sign-in are told by a job.
        self.workers.drain().await.unwrap();
        loop {
            while self.readers.step().await.unwrap() > 0 {}
            let behind = self
                .count(
                    "select count(*) from events e join reader_cursors c on c.reader = 'audit.entries'
                     where (e.txid, e.id) > (c.txid, c.event)",
                )
                .await;
            if behind == 0 {
                return;
            }
            assert!(std::time::Instant::now() < deadline, "{behind} events are not heard");
            tokio::task::yield_now().await;
        }
    }

    pub async fn token(&self, email: &str) -> String {
        let body = json!({ "email": email, "password": PASSWORD });
        let (status, body) = self.send(Method::POST, "/api/auth/login", None, Some(&body)).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body["access_token"].as_str().unwrap().to_owned()
    }

    pub async fn get(&self, path: &str, token: &str) -> (StatusCode, Value) {
        self.send(Method::GET, path, Some(token), None).await
    }

    pub async fn post(&self, path: &str, token: &str, body: &Value) -> (StatusCode, Value) {
        self.send(Method::POST, path, Some(token), Some(body)).await
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> (StatusCode, Value) {
        let (status, bytes) = self.send_raw(method, path, token, body).await;
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    pub async fn send_raw(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> (StatusCode, Vec<u8>) {
        let mut request = Request::builder().method(method).uri(path).header(header::USER_AGENT, "teste/1.0");
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let response = self.app.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status();
        (status, response.into_body().collect().await.unwrap().to_bytes().to_vec())
    }

    /// A statement past all rules.
    pub async fn sql(&self, statement: &str) {
        self.database.admin.connect().await.unwrap().execute(AssertSqlSafe(statement.to_owned())).await.unwrap();
    }

    pub async fn count(&self, statement: &str) -> i64 {
        let mut admin = self.database.admin.connect().await.unwrap();
        sqlx::query_scalar(AssertSqlSafe(statement.to_owned())).fetch_one(&mut admin).await.unwrap()
    }
}

pub fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 20, 12, 0, 0).unwrap()
}

fn fact(kind: &'static str, about: uuid::Uuid, data: Value) -> NewEvent {
    NewEvent {
        kind,
        version: 1,
        stream: StreamRef { kind: "user".into(), id: about, seq: None },
        actor: kernel::Actor { kind: kernel::ActorKind::User, id: Some(about) },
        audience: Audience::default(),
        data,
    }
}

fn app(identity: &Identity, clock: &Clock, modules: Vec<module::Module>) -> Router {
    let mut limits = Limits::default();
    for class in Class::ALL {
        limits.set(class, None, None);
    }
    let for_wrap = identity.clone();
    let (app, _) = assemble(Assembly {
        routes: modules.into_iter().map(|module| module.routes).collect(),
        outside: identity::well_known(identity.clone()),
        hidden: Router::new(),
        wrap: Box::new(move |api| api.layer(axum::middleware::from_fn_with_state(for_wrap, identity::authenticate))),
        docs: false,
        version: "test".to_owned(),
        edge: EdgeSettings { limits, ..EdgeSettings::default() },
        clock: clock.clone(),
        ids: Ids::system(),
    });
    app
}

async fn provision(db: &Database, clock: &Clock, slug: &str) -> Organization {
    let ids = Ids::system();
    let id: OrganizationId = ids.sortable(clock.now());
    let ctx = Ctx::system(id, clock.clone(), ids, "test".into());
    let mut tx = db.tenant(id).await.unwrap();
    let new = NewOrganization::new(slug, "Clínica Bem-Estar", "clinic");
    let made = identity::provision_organization(&ctx, &mut tx, new).await.unwrap();
    service_levels::provision_units(&ctx, &mut tx).await.unwrap();
    tx.commit().await.unwrap();
    made
}

async fn member(db: &Database, clock: &Clock, organization: &Organization, email: &str, role: &str) -> CreatedUser {
    let mut new = NewUser::new(email, format!("Pessoa {role}"));
    new.password = Some(PasswordHash::of_stored(HASH.to_owned()));
    new.role = Some(role.to_owned());
    let ctx = Ctx::system(organization.id, clock.clone(), Ids::system(), "test".into());
    let mut tx = db.tenant(organization.id).await.unwrap();
    let created = identity::create_user(&ctx, &mut tx, new).await.unwrap();
    service_levels::join_fallback_unit(&ctx, &mut tx, created.membership_id).await.unwrap();
    tx.commit().await.unwrap();
    created
}

pub fn minutes(n: i64) -> Duration {
    Duration::minutes(n)
}
