//! Posting: with what it tells or not at all, sealed, tried again, given up.

use crate::support::{SmtpServer, letter, mailer};
use chrono::Duration;
use kernel::ids::OrganizationId;
use kernel::{Clock, Ctx, Ids};
use mail::{Way, job_kind, post};
use secrecy::SecretSlice;
use sqlx::ConnectOptions as _;
use store::jobs::{WorkerLimits, Workers};
use store::testing::TestDatabase;
use store::{Database, Sealer};

struct Office {
    database: TestDatabase,
    db: Database,
    clock: Clock,
    sealer: Sealer,
    server: SmtpServer,
}

impl Office {
    async fn open() -> Self {
        let database = TestDatabase::alone().await;
        let db = database.open();
        let sealer = Sealer::new(vec![SecretSlice::from(vec![7u8; 32])]);
        Self { db, database, clock: Clock::manual(crate::support::now()), sealer, server: SmtpServer::start(&[]).await }
    }

    fn ctx(&self, organization: OrganizationId) -> Ctx {
        Ctx::system(organization, self.clock.clone(), Ids::system(), "test".into())
    }

    /// Takes what is due.
    async fn work(&self) -> store::jobs::Drained {
        let mailer = mailer(Way::smtp(&self.server.url()).unwrap(), std::time::Duration::from_secs(20));
        let kinds = vec![job_kind(mailer, self.sealer.clone())];
        let workers = Workers::new(self.db.clone(), self.clock.clone(), Ids::system(), kinds, WorkerLimits::default());
        workers.drain().await.unwrap()
    }

    async fn text(&self, sql: &'static str) -> String {
        let mut conn = self.database.admin.connect().await.unwrap();
        sqlx::query_scalar(sql).fetch_one(&mut conn).await.unwrap()
    }

    async fn post(&self, to: &str) -> OrganizationId {
        let organization: OrganizationId = Ids::system().random();
        let ctx = self.ctx(organization);
        let mut tx = self.db.tenant(organization).await.unwrap();
        post(&ctx, &mut tx, &self.sealer, &letter(to)).unwrap();
        tx.commit().await.unwrap();
        organization
    }
}

#[tokio::test]
async fn a_letter_leaves_after_the_commit_and_lies_sealed_until_then() {
    let mut office = Office::open().await;
    // Not committed: never written.
    let organization: OrganizationId = Ids::system().random();
    let mut tx = office.db.tenant(organization).await.unwrap();
    post(&office.ctx(organization), &mut tx, &office.sealer, &letter("nobody@clinica.example")).unwrap();
    drop(tx);
    office.post("ana@clinica.example").await;
    let queued = office.text("select string_agg(jobs::text, ' ') from jobs").await;
    assert!(queued.contains("mail.send"));
    for secret in ["segredo-do-link", "ana@", "nobody@", "clinica"] {
        assert!(!queued.contains(secret), "{secret} in {queued}");
    }
    assert_eq!(office.work().await.done, 1);
    assert_eq!(office.server.next().await["to"][0], "ana@clinica.example");
}

#[tokio::test]
async fn a_busy_server_is_tried_again_and_a_refused_address_is_dead_at_once() {
    let office = Office::open().await;
    office.post("busy@clinica.example").await;
    office.post("refused@clinica.example").await;
    let first = office.work().await;
    assert_eq!((first.done, first.failed.len()), (0, 2));
    assert_eq!(office.text("select count(*)::text from dead_jobs").await, "1");
    assert_eq!(office.text("select count(*)::text from jobs where attempts = 1").await, "1");
    let error = office.text("select string_agg(error, ' ') from dead_jobs").await;
    assert!(!error.contains("clinica"), "{error}");
    // Again later, and given up when the link in it is long over.
    office.clock.advance(Duration::minutes(5));
    assert_eq!(office.work().await.failed.len(), 1);
    office.clock.advance(Duration::hours(2));
    office.work().await;
    assert_eq!(office.text("select count(*)::text from dead_jobs").await, "2");
    assert_eq!(office.text("select count(*)::text from jobs").await, "0");
}
