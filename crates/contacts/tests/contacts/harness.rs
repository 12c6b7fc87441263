//! An organization without anything in it.

use chrono::{DateTime, TimeZone as _, Utc};
use contacts::{Recognized, Sender};
use kernel::ids::OrganizationId;
use kernel::{Clock, Ctx, Error, Ids};
use sqlx::{ConnectOptions, PgConnection};
use store::testing::TestDatabase;
use store::{Database, TenantTx};
use uuid::Uuid;

pub struct World {
    pub db: Database,
    pub clock: Clock,
    pub ids: Ids,
    pub organization: OrganizationId,
    database: TestDatabase,
}

fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 2, 12, 0, 0).unwrap()
}

impl World {
    pub async fn new() -> Self {
        let database = TestDatabase::shared().await;
        let (clock, ids) = (Clock::manual(noon()), Ids::system());
        let organization: OrganizationId = ids.sortable(noon());
        let world = Self { db: database.open(), clock, ids, organization, database };
        sqlx::query("insert into organizations (id, slug, name, kind, status, created_at, updated_at) values ($1, $2, 'Clinica', 'clinic', 'active', $3, $3)")
            .bind(organization.0)
            .bind(format!("o-{}", world.ids.random::<Uuid>().simple()))
            .bind(noon())
            .execute(&mut world.admin().await)
            .await
            .unwrap();
        world
    }

    pub async fn admin(&self) -> PgConnection {
        self.database.admin.connect().await.unwrap()
    }

    pub async fn count(&self, statement: &'static str) -> i64 {
        sqlx::query_scalar(statement).bind(self.organization.0).fetch_one(&mut self.admin().await).await.unwrap()
    }

    pub async fn events(&self) -> Vec<String> {
        sqlx::query_scalar("select kind from events where organization_id = $1 order by txid, id")
            .bind(self.organization.0)
            .fetch_all(&mut self.admin().await)
            .await
            .unwrap()
    }

    pub fn system(&self) -> Ctx {
        Ctx::system(self.organization, self.clock.clone(), self.ids.clone(), "test".into())
    }

    pub async fn tx(&self) -> TenantTx {
        self.db.tenant(self.organization).await.unwrap()
    }

    pub fn sender(&self, phone: Option<&str>, bsuid: Option<&str>) -> Sender {
        Sender {
            phone_raw: phone.map(str::to_owned),
            bsuid: bsuid.map(str::to_owned),
            profile_name: Some("Ana".to_owned()),
            origin: "whatsapp".to_owned(),
            seen_at: self.clock.now(),
            ..Sender::default()
        }
    }

    pub async fn recognize(&self, sender: &Sender) -> Result<Recognized, Error> {
        let mut tx = self.tx().await;
        let recognized = contacts::recognize(&self.system(), &mut tx, sender).await?;
        tx.commit().await?;
        Ok(recognized)
    }
}

/// Does what a job and a client do when the database is busy (a lock not had within a second on a loaded machine): again.
/// A deadlock is no such case: it fails the test.
pub async fn patiently<T, F: Future<Output = Result<T, Error>>>(mut work: impl FnMut() -> F) -> T {
    for _ in 0..30 {
        match work().await {
            Ok(done) => return done,
            Err(error) => {
                assert_eq!(error.code(), "DATABASE_UNAVAILABLE", "{error:?}");
                assert!(!error.private().is_some_and(|private| private.contains("deadlock")), "{error:?}");
            }
        }
    }
    panic!("the database was busy for too long");
}
