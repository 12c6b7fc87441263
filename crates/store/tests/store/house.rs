//! A database, an organization in it, and what jobs need.

use chrono::{DateTime, Utc};
use kernel::ids::OrganizationId;
use kernel::{Actor, Audience, Clock, Ctx, Ids, NewEvent, StreamRef};
use sqlx::{ConnectOptions, PgConnection};
use store::jobs::{JobKind, WorkerLimits, Workers};
use store::testing::TestDatabase;
use store::{Database, DbError};
use uuid::Uuid;

pub struct House {
    pub database: TestDatabase,
    pub db: Database,
    pub clock: Clock,
    pub ids: Ids,
}

impl House {
    pub async fn new() -> Self {
        let database = TestDatabase::alone().await;
        let start: DateTime<Utc> = "2026-11-20T12:00:00Z".parse().unwrap();
        Self { db: database.open(), database, clock: Clock::manual(start), ids: Ids::system() }
    }

    pub async fn superuser(&self) -> PgConnection {
        self.database.admin.clone().connect().await.unwrap()
    }

    pub async fn organization(&self) -> OrganizationId {
        let id: OrganizationId = self.ids.sortable(self.clock.now());
        let slug = format!("o-{}", Uuid::from(id).simple());
        sqlx::query("insert into organizations (id, slug, name, kind, status, created_at, updated_at) values ($1, $2, 'Clínica', 'clinic', 'active', now(), now())")
            .bind(id.0)
            .bind(slug)
            .execute(&mut self.superuser().await)
            .await
            .unwrap();
        id
    }

    pub fn ctx(&self, organization_id: OrganizationId) -> Ctx {
        Ctx::system(organization_id, self.clock.clone(), self.ids.clone(), "test".into())
    }

    pub async fn append(&self, organization_id: OrganizationId, n: i64) -> Result<(), DbError> {
        let mut tx = self.db.tenant(organization_id).await?;
        tx.append(&self.ctx(organization_id), event(n));
        tx.commit().await
    }

    /// Waits until everything committed so far lies before the log's horizon: other tests' open transactions hold it
    /// too, because it is one for the whole server.
    pub async fn settle(&self) {
        let mut conn = self.superuser().await;
        let mark: i64 =
            sqlx::query_scalar("select pg_current_xact_id()::text::bigint").fetch_one(&mut conn).await.unwrap();
        let passed = async {
            while sqlx::query_scalar::<_, i64>("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
                .fetch_one(&mut conn)
                .await
                .unwrap()
                <= mark
            {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), passed).await.expect("the horizon moves");
    }

    pub fn workers(&self, kinds: Vec<JobKind>) -> Workers {
        Workers::new(self.db.clone(), self.clock.clone(), self.ids.clone(), kinds, WorkerLimits::default())
    }
}

pub fn event(n: i64) -> NewEvent {
    NewEvent {
        kind: "test.happened",
        version: 1,
        stream: StreamRef { kind: "test".into(), id: Uuid::nil(), seq: Some(n) },
        actor: Actor::SYSTEM,
        audience: Audience::default(),
        data: serde_json::json!({ "n": n }),
    }
}
