//! A request that is repeated under its `Idempotency-Key` has its effect once, whatever happens in between.

use crate::support::{Answer, House, ORGANIZATION, authenticate};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use chrono::{Duration, TimeZone as _, Utc};
use http::{HeaderValue, StatusCode, header};
use http_kit::{Assembly, Caller, EdgeSettings, Json, Refusal, assemble};
use kernel::{Actor, Audience, Clock, Error, ErrorKind, Ids, NewEvent, StreamRef};
use serde_json::{Value, json};
use sqlx::ConnectOptions as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::Database;
use store::testing::TestDatabase;
use tokio::sync::Semaphore;
use utoipa_axum::router::OpenApiRouter;

/// One database a test, since all use the same organization.
struct Desk {
    house: House,
    database: TestDatabase,
    works: Works,
}

#[derive(Clone)]
struct Works {
    db: Database,
    /// Handlers that hold their transaction.
    holding: Arc<AtomicUsize>,
    /// Lets one of them go on.
    go: Arc<Semaphore>,
}

async fn desk() -> Desk {
    let database = TestDatabase::alone().await;
    let mut superuser = database.admin.clone().connect().await.unwrap();
    sqlx::query("insert into organizations (id, slug, name, kind, status, created_at, updated_at) values ($1, 'clinica', 'Clínica', 'clinic', 'active', now(), now())")
        .bind(*ORGANIZATION)
        .execute(&mut superuser)
        .await
        .unwrap();
    let works = Works { db: database.open(), holding: Arc::default(), go: Arc::new(Semaphore::new(0)) };
    let clock = Clock::manual(Utc.with_ymd_and_hms(2026, 3, 2, 12, 0, 0).unwrap());
    let routes =
        OpenApiRouter::new().route("/things", post(make)).route("/others", post(make)).with_state(works.clone());
    let (router, document) = assemble(Assembly {
        routes: vec![routes],
        outside: OpenApiRouter::new(),
        hidden: axum::Router::new(),
        wrap: Box::new(|api| api.layer(axum::middleware::from_fn(authenticate))),
        docs: false,
        version: "0".into(),
        edge: EdgeSettings::default(),
        clock: clock.clone(),
        ids: Ids::system(),
    });
    Desk { house: House { router, document, clock }, database, works }
}

/// Appends one event. `{"hold": true}` waits inside the transaction, `{"fail": true}` fails after the effect.
async fn make(State(works): State<Works>, caller: Caller, Json(wish): Json<Value>) -> Result<Response, Refusal> {
    let mut tx = caller.begin(&works.db).await?;
    let id: uuid::Uuid = caller.ctx.new_id();
    tx.append(
        &caller.ctx,
        NewEvent {
            kind: "thing.created",
            version: 1,
            stream: StreamRef { kind: "thing".into(), id, seq: None },
            actor: Actor::SYSTEM,
            audience: Audience::default(),
            data: json!({}),
        },
    );
    if wish["hold"] == true {
        works.holding.fetch_add(1, Ordering::SeqCst);
        works.go.acquire().await.unwrap().forget();
    }
    if wish["fail"] == true {
        return Err(Error::new(ErrorKind::Conflict, "ON_PURPOSE", "No.").into());
    }
    let location = HeaderValue::try_from(format!("/api/things/{id}")).unwrap();
    caller
        .commit_with(tx, StatusCode::CREATED, [(header::LOCATION, location)], &json!({"id": id, "name": wish["name"]}))
        .await
}

impl Desk {
    async fn post(&self, path: &str, token: &str, key: &str, body: Value) -> Answer {
        let request = Request::post(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .header("idempotency-key", key);
        self.house.ask(request, Body::from(body.to_string())).await
    }

    async fn effects(&self) -> i64 {
        let mut superuser = self.database.admin.clone().connect().await.unwrap();
        sqlx::query_scalar("select count(*) from events").fetch_one(&mut superuser).await.unwrap()
    }

    async fn until_held(&self, count: usize) {
        let held = async {
            while self.works.holding.load(Ordering::SeqCst) < count {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), held).await.unwrap();
    }

    /// Until a statement waits for another transaction.
    async fn until_somebody_waits(&self) {
        let mut superuser = self.database.admin.clone().connect().await.unwrap();
        let waits = async {
            while !sqlx::query_scalar::<_, bool>(
                "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')",
            )
            .fetch_one(&mut superuser)
            .await
            .unwrap()
            {}
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), waits).await.unwrap();
    }
}

fn replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == "true"
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_and_has_no_effect() {
    let desk = desk().await;
    let first = desk.post("/api/things", "ana", "k-1", json!({"name": "Chair"})).await;
    assert_eq!((first.status.as_u16(), replayed(&first)), (201, false));
    // Quoted or bare, it is the same key.
    for key in ["k-1", "\"k-1\""] {
        let again = desk.post("/api/things", "ana", key, json!({"name": "Chair"})).await;
        assert_eq!((again.status, &again.body, replayed(&again)), (first.status, &first.body, true));
        for header in ["location", "content-type"] {
            assert_eq!(again.header(header), first.header(header));
        }
        assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
    }
    assert_eq!(desk.effects().await, 1);
}

#[tokio::test]
async fn a_key_is_one_persons_for_one_request() {
    let desk = desk().await;
    let wish = json!({"name": "Chair"});
    assert_eq!(desk.post("/api/things", "ana", "k-1", wish.clone()).await.status, 201);
    let other = desk.post("/api/things", "ana", "k-1", json!({"name": "Table"})).await;
    assert_eq!(other.problem(), (422, "IDEMPOTENCY_KEY_REUSED".into()));
    for (path, token) in [("/api/others", "ana"), ("/api/things", "bia")] {
        let fresh = desk.post(path, token, "k-1", wish.clone()).await;
        assert_eq!((fresh.status.as_u16(), replayed(&fresh)), (201, false), "{path} {token}");
    }
    assert_eq!(desk.effects().await, 3);
}

#[tokio::test]
async fn what_failed_may_be_tried_again_and_a_day_later_the_key_is_free() {
    let desk = desk().await;
    for _ in 0..2 {
        let failed = desk.post("/api/things", "ana", "k-1", json!({"fail": true})).await;
        assert_eq!(failed.problem(), (409, "ON_PURPOSE".into()));
    }
    // Nothing of it was kept, so not even another request is a reuse.
    assert_eq!(desk.post("/api/things", "ana", "k-1", json!({"name": "a"})).await.status, 201);
    assert_eq!(desk.effects().await, 1);
    desk.house.clock.advance(Duration::hours(24) - Duration::seconds(1));
    assert!(replayed(&desk.post("/api/things", "ana", "k-1", json!({"name": "a"})).await));
    desk.house.clock.advance(Duration::seconds(2));
    let fresh = desk.post("/api/things", "ana", "k-1", json!({"name": "b"})).await;
    assert_eq!((fresh.status.as_u16(), replayed(&fresh)), (201, false));
    assert_eq!(desk.effects().await, 2);
}

#[tokio::test]
async fn a_duplicate_waits_for_the_first_and_gets_its_answer() {
    let desk = desk().await;
    let wish = json!({"hold": true, "name": "Chair"});
    let first = desk.post("/api/things", "ana", "k-1", wish.clone());
    let second = async {
        desk.until_held(1).await;
        desk.post("/api/things", "ana", "k-1", wish.clone()).await
    };
    let release = async {
        desk.until_held(1).await;
        desk.until_somebody_waits().await;
        desk.works.go.add_permits(1);
    };
    let (first, second, ()) = tokio::join!(first, second, release);
    assert_eq!((first.status.as_u16(), replayed(&first)), (201, false));
    assert_eq!((second.status.as_u16(), replayed(&second)), (201, true));
    assert_eq!(first.body, second.body);
    assert_eq!(desk.effects().await, 1);
}

#[tokio::test]
async fn a_duplicate_does_not_wait_for_ever() {
    let desk = desk().await;
    let wish = json!({"hold": true});
    let first = desk.post("/api/things", "ana", "k-1", wish.clone());
    let second = async {
        desk.until_held(1).await;
        // The role's lock timeout, one second, ends the wait.
        let second = desk.post("/api/things", "ana", "k-1", wish.clone()).await;
        desk.works.go.add_permits(1);
        second
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!(first.status, 201);
    assert_eq!(second.problem(), (409, "IDEMPOTENCY_IN_PROGRESS".into()));
    assert_eq!(second.header("retry-after"), "1");
    assert_eq!(desk.effects().await, 1);
}

#[tokio::test]
async fn a_duplicate_takes_over_when_the_first_fails() {
    let desk = desk().await;
    let wish = json!({"hold": true, "fail": true});
    let first = desk.post("/api/things", "ana", "k-1", wish.clone());
    let second = async {
        desk.until_held(1).await;
        desk.post("/api/things", "ana", "k-1", json!({"name": "other"})).await
    };
    let release = async {
        desk.until_held(1).await;
        desk.until_somebody_waits().await;
        desk.works.go.add_permits(1);
    };
    let (first, second, ()) = tokio::join!(first, second, release);
    assert_eq!(first.problem(), (409, "ON_PURPOSE".into()));
    assert_eq!((second.status.as_u16(), replayed(&second)), (201, false));
    assert_eq!(desk.effects().await, 1);
}

#[tokio::test]
async fn what_is_kept_is_read_by_nobody_who_does_not_repeat_the_request() {
    let desk = desk().await;
    let wish = json!({"name": "Segredo da Ana"});
    let first = desk.post("/api/things", "ana", "chave-da-ana", wish.clone()).await;
    let plain = String::from_utf8(first.body.clone()).unwrap();
    assert!(plain.contains("Segredo da Ana"));
    let mut superuser = desk.database.admin.clone().connect().await.unwrap();
    let (row, body): (String, Vec<u8>) =
        sqlx::query_as("select k::text, k.body from idempotency_keys k").fetch_one(&mut superuser).await.unwrap();
    assert!(body.len() > plain.len() && !row.contains("chave-da-ana"), "{row}");
    for part in ["Segredo", "\"name\"", "\"id\""] {
        assert!(!body.windows(part.len()).any(|window| window == part.as_bytes()), "{part} is read in what is kept");
    }
    let again = desk.post("/api/things", "ana", "chave-da-ana", wish.clone()).await;
    assert_eq!((replayed(&again), &again.body), (true, &first.body));
    // What was changed or brought from another row is no answer, and no second effect either.
    sqlx::query("update idempotency_keys set body = body || convert_to('x', 'UTF8')")
        .execute(&mut superuser)
        .await
        .unwrap();
    assert_eq!(desk.post("/api/things", "ana", "chave-da-ana", wish).await.status, 500);
    assert_eq!(desk.effects().await, 1);
}
