//! A small world: an organization with units, people and a WhatsApp account, a clock that is moved by hand.

use chrono::{DateTime, Duration, TimeZone as _, Utc};
use contacts::Sender;
use kernel::cursor::CursorKey;
use kernel::ids::{ChannelAccountId, ConversationId, MembershipId, MessageId, OrganizationId, UnitId, UserId};
use kernel::{Clock, Ctx, Error, Grant, Ids, Permission, PermissionSet, Principal, Scope, Subject};
use messaging::content::{MessageKind, Segment};
use messaging::{
    Authors, Conversation, Inbound, InboundAccount, Messaging, NoteBody, Posted, Received, ReplyBody, Settings,
};
use sqlx::{ConnectOptions, PgConnection};
use std::sync::Arc;
use store::jobs::{Schedules, WorkerLimits, Workers};
use store::testing::TestDatabase;
use store::{Database, TenantTx};
use uuid::Uuid;

pub struct World {
    pub db: Database,
    pub clock: Clock,
    pub ids: Ids,
    pub organization: OrganizationId,
    pub unit: UnitId,
    pub other_unit: UnitId,
    pub account: ChannelAccountId,
    pub authors: Authors,
    pub messaging: Messaging,
    database: TestDatabase,
}

/// Monday noon.
pub fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 2, 12, 0, 0).unwrap()
}

impl World {
    pub async fn new() -> Self {
        Self::over(TestDatabase::shared().await).await
    }

    /// In a database that no other test uses.
    pub async fn alone() -> Self {
        Self::over(TestDatabase::alone().await).await
    }

    /// Runs the domain's jobs of the installation once, as their schedules would.
    pub async fn upkeep(&self) {
        let module = messaging::module(&self.messaging);
        let schedules = Schedules::new(self.db.clone(), self.clock.clone(), Ids::system(), module.schedules);
        schedules.step().await.unwrap();
        let limits = WorkerLimits::default();
        let workers = Workers::new(self.db.clone(), self.clock.clone(), Ids::system(), module.job_kinds, limits);
        let drained = workers.drain().await.unwrap();
        assert_eq!((drained.done, drained.failed.len()), (1, 0), "{drained:?}");
    }

    async fn over(database: TestDatabase) -> Self {
        let db = database.open();
        let (clock, ids) = (Clock::manual(noon()), Ids::system());
        let organization: OrganizationId = ids.sortable(noon());
        let (unit, other_unit, account) = (ids.sortable(noon()), ids.sortable(noon()), ids.sortable(noon()));
        let settings = Settings { outbound_per_minute: 0, outbound_per_ten_seconds: 0 };
        let messaging = Messaging::new(db.clone(), CursorKey::new(b"key"), settings);
        let world = Self {
            db,
            clock,
            ids,
            organization,
            unit,
            other_unit,
            account,
            authors: Authors::default(),
            messaging,
            database,
        };
        world.seed().await;
        world
    }

    async fn seed(&self) {
        let mut admin = self.admin().await;
        let (organization, now) = (self.organization.0, noon());
        sqlx::query("insert into organizations (id, slug, name, kind, status, created_at, updated_at) values ($1, $2, 'Clinica', 'clinic', 'active', $3, $3)")
            .bind(organization)
            .bind(format!("o-{}", self.ids.random::<Uuid>().simple()))
            .bind(now)
            .execute(&mut admin)
            .await
            .unwrap();
        for (unit, name, fallback) in [(self.unit, "Suporte", true), (self.other_unit, "Comercial", false)] {
            sqlx::query("insert into units (id, organization_id, name, slug, kind, is_fallback, created_at, updated_at) values ($1, $2, $3, lower($3), 'queue', $4, $5, $5)")
                .bind(unit.0)
                .bind(organization)
                .bind(name)
                .bind(fallback)
                .bind(now)
                .execute(&mut admin)
                .await
                .unwrap();
        }
        sqlx::query("insert into channel_accounts (id, organization_id, kind, name, status, external_id, unit_id, created_at, updated_at) values ($1, $2, 'whatsapp', 'Recepcao', 'active', $3, $4, $5, $5)")
            .bind(self.account.0)
            .bind(organization)
            .bind(self.ids.random::<Uuid>().to_string())
            .bind(self.unit.0)
            .bind(now)
            .execute(&mut admin)
            .await
            .unwrap();
    }

    /// A superuser's connection, for what no command does.
    pub async fn admin(&self) -> PgConnection {
        self.database.admin.connect().await.unwrap()
    }

    /// Runs one statement with the organization as `$1`.
    pub async fn sql(&self, statement: &'static str) -> Result<u64, sqlx::Error> {
        let mut admin = self.admin().await;
        Ok(sqlx::query(statement).bind(self.organization.0).execute(&mut admin).await?.rows_affected())
    }

    /// A number that a statement with the organization as `$1` finds.
    pub async fn count(&self, statement: &'static str) -> i64 {
        let mut admin = self.admin().await;
        sqlx::query_scalar(statement).bind(self.organization.0).fetch_one(&mut admin).await.unwrap()
    }

    /// Kinds of the events of the organization, in order.
    pub async fn events(&self) -> Vec<String> {
        let mut admin = self.admin().await;
        sqlx::query_scalar("select kind from events where organization_id = $1 order by txid, id")
            .bind(self.organization.0)
            .fetch_all(&mut admin)
            .await
            .unwrap()
    }

    pub async fn event_data(&self, kind: &'static str) -> Vec<serde_json::Value> {
        let mut admin = self.admin().await;
        sqlx::query_scalar("select data from events where organization_id = $1 and kind = $2 order by txid, id")
            .bind(self.organization.0)
            .bind(kind)
            .fetch_all(&mut admin)
            .await
            .unwrap()
    }

    pub async fn tx(&self) -> TenantTx {
        self.db.tenant(self.organization).await.unwrap()
    }

    pub fn system(&self) -> Ctx {
        Ctx::system(self.organization, self.clock.clone(), self.ids.clone(), "test".into())
    }

    /// A new member with these permissions in this scope.
    pub async fn person(&self, name: &str, permissions: &[Permission], scope: Scope) -> Ctx {
        let (user, membership): (UserId, MembershipId) = (self.ids.random(), self.ids.sortable(noon()));
        let mut admin = self.admin().await;
        sqlx::query("insert into users (id, email, email_norm, name, name_norm, created_at, updated_at) values ($1, $2, $2, $3, lower($3), $4, $4)")
            .bind(user.0)
            .bind(format!("{}@example.com", user.0))
            .bind(name)
            .bind(noon())
            .execute(&mut admin)
            .await
            .unwrap();
        sqlx::query("insert into memberships (id, organization_id, user_id, status, joined_at, created_at, updated_at) values ($1, $2, $3, 'active', $4, $4, $4)")
            .bind(membership.0)
            .bind(self.organization.0)
            .bind(user.0)
            .bind(noon())
            .execute(&mut admin)
            .await
            .unwrap();
        let mut subject = Subject::system(self.organization);
        subject.principal = Principal::User { user_id: user, membership_id: membership };
        subject.fallback_unit = Some(self.unit);
        subject.grants = vec![Grant {
            role: "test".into(),
            permissions: PermissionSet::granting(permissions.iter().copied()),
            scope,
            effective_from: None,
            effective_to: None,
        }];
        Ctx::new(Arc::new(subject), self.clock.clone(), self.ids.clone(), "test".into())
    }

    pub async fn agent(&self, name: &str) -> Ctx {
        self.person(name, &[Permission::MESSAGING_REPLY, Permission::CONTACTS_VIEW_PII], Scope::Organization).await
    }

    pub async fn manager(&self, name: &str) -> Ctx {
        let all = [Permission::MESSAGING_MANAGE, Permission::CONTACTS_UPDATE];
        self.person(name, &all, Scope::Organization).await
    }

    pub fn inbound_account(&self) -> InboundAccount {
        InboundAccount { id: self.account, kind: "whatsapp".to_owned(), unit_id: Some(self.unit), simulation: false }
    }

    pub fn sender(&self, phone: &str) -> Sender {
        Sender {
            phone_raw: Some(phone.to_owned()),
            bsuid: Some(format!("BR.{phone}")),
            profile_name: Some("Ana Souza".to_owned()),
            origin: "whatsapp".to_owned(),
            seen_at: self.clock.now(),
            ..Sender::default()
        }
    }

    pub fn inbound(&self, phone: &str, external_id: &str, text: &str) -> Inbound {
        Inbound {
            account: self.inbound_account(),
            contact: self.sender(phone),
            external_id: external_id.to_owned(),
            kind: MessageKind::Text,
            segments: vec![Segment::Text { text: text.to_owned() }],
            reply_to_external_id: None,
            forwarded: false,
            standby: false,
            provider_at: Some(self.clock.now()),
            received_at: self.clock.now(),
        }
    }

    pub async fn receive(&self, inbound: Inbound) -> Result<Received, Error> {
        let mut tx = self.tx().await;
        let received = messaging::receive(&self.system(), &mut tx, inbound).await?;
        tx.commit().await?;
        Ok(received)
    }

    /// A message of this phone; its conversation and id.
    pub async fn hears(&self, phone: &str, text: &str) -> (ConversationId, MessageId) {
        let external_id = self.ids.random::<Uuid>().to_string();
        match self.receive(self.inbound(phone, &external_id, text)).await.unwrap() {
            Received::Stored { conversation_id, message_id, .. } => (conversation_id, message_id),
            Received::Duplicate => panic!("a fresh id is no duplicate"),
        }
    }

    pub async fn reply(&self, ctx: &Ctx, id: ConversationId, body: ReplyBody) -> Result<Posted, Error> {
        let mut tx = self.tx().await;
        let author = self.authors.of(ctx, &mut tx).await?;
        let posted = messaging::reply(ctx, &mut tx, author, id, body).await?;
        tx.commit().await?;
        Ok(posted)
    }

    pub async fn notes(&self, ctx: &Ctx, id: ConversationId, client_id: &str) -> Result<Posted, Error> {
        let mut tx = self.tx().await;
        let author = self.authors.of(ctx, &mut tx).await?;
        let body = NoteBody {
            client_id: Some(client_id.to_owned()),
            text: "nota".to_owned(),
            reply_to: None,
            on_behalf_of: None,
        };
        let posted = messaging::note(ctx, &mut tx, author, id, body).await?;
        tx.commit().await?;
        Ok(posted)
    }

    pub async fn says(&self, ctx: &Ctx, id: ConversationId, text: &str) -> MessageId {
        self.reply(ctx, id, ReplyBody::text(text)).await.unwrap().message.id
    }

    pub async fn find(&self, id: ConversationId) -> Conversation {
        let mut tx = self.tx().await;
        let found = messaging::find_conversation(&self.system(), &mut tx, id).await.unwrap();
        tx.commit().await.unwrap();
        found
    }

    pub fn hours(&self, hours: i64) {
        self.clock.advance(Duration::hours(hours));
    }
}

/// Runs a command in a transaction of its own.
#[macro_export]
macro_rules! run {
    ($world:expr, $tx:ident => $command:expr) => {{
        let mut $tx = $world.tx().await;
        match $command.await {
            Ok(done) => {
                $tx.commit().await.unwrap();
                Ok(done)
            }
            Err(error) => Err(kernel::Error::from(error)),
        }
    }};
}

/// The code that a command was refused with.
pub fn code<T: std::fmt::Debug>(refused: Result<T, Error>) -> &'static str {
    refused.unwrap_err().code()
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
