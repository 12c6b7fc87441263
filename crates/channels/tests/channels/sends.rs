//! Handing messages over: accepted once, retried when clear, never when unclear, and everything that makes them wait.

use crate::world::{Who, World, number};
use axum::http::Method;
use channels::accounts::ChannelAccount;
use chrono::Duration;
use kernel::ids::{ConversationId, OrganizationId};
use messaging::{Authors, ReplyBody};
use serde_json::json;
use testkit::graph::webhook::{self, Person};
use testkit::graph::{Behaviour, Call, Fault, StatusPlan};

/// A conversation that somebody has just written in.
struct Desk {
    world: World,
    organization: OrganizationId,
    account: ChannelAccount,
    conversation: ConversationId,
}

const PHONE: &str = "5511990000017";

impl Desk {
    async fn new() -> Self {
        Self::of(false).await
    }

    async fn of(simulation: bool) -> Self {
        let world = World::new().await;
        let organization = world.organization().await;
        let account = world.account_of(organization, &number(), simulation).await;
        let mut desk = Self { world, organization, account, conversation: ConversationId(uuid::Uuid::nil()) };
        desk.conversation = desk.written_by(PHONE).await;
        desk.world.graph.forget();
        desk
    }

    /// Somebody writes; their conversation.
    async fn written_by(&self, phone: &str) -> ConversationId {
        let person = Person::with_phone(phone, "Ana");
        let body = webhook::text(&number(), &person, &format!("wamid.in.{phone}"), self.world.clock.now(), "oi");
        assert_eq!(self.world.post(&body).await, 200);
        self.world.drain().await;
        let found = self.world.texts("select id::text from conversations order by number desc limit 1").await;
        found[0].parse().unwrap()
    }

    /// Replies; nothing is sent before the workers run.
    async fn reply(&self, text: &str) {
        self.reply_in(self.conversation, text).await;
    }

    async fn reply_in(&self, conversation: ConversationId, text: &str) {
        let ctx = self.world.ctx(self.organization);
        let mut tx = self.world.db.tenant(self.organization).await.unwrap();
        let author = Authors::default().of(&ctx, &mut tx).await.unwrap();
        let body: ReplyBody = serde_json::from_value(json!({"segments": [{"type": "text", "text": text}]})).unwrap();
        messaging::reply(&ctx, &mut tx, author, conversation, body).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Shown status, reason of waiting and error code of each outbound message, in order.
    async fn shown(&self) -> Vec<String> {
        let query = "select status || coalesce(' ' || deferred_reason, '') || coalesce(' ' || (
               select string_agg(a.value -> 'failed' -> 'error' ->> 'code', ',') from jsonb_each(delivery -> 'attempts') a
               where status = 'failed'), '') || coalesce(' ' || (
               select string_agg(a.value -> 'unclear' -> 'error' ->> 'code', ',') from jsonb_each(delivery -> 'attempts') a
               where status = 'failed'), '')
             from messages where direction = 'outbound' order by conversation_id, seq";
        self.world.texts(query).await
    }

    fn sent(&self) -> Vec<String> {
        self.world.graph.accepted().iter().map(|send| send.text().unwrap_or_default().to_owned()).collect()
    }

    async fn manage(&self, verb: &str) -> u16 {
        let path = format!("/api/channel-accounts/{}/{verb}", self.account.id);
        self.world.request(Method::POST, &path, &Who::manager(self.organization), &[], None).await.status.as_u16()
    }

    async fn statuses_are_in(&self) {
        assert!(self.world.graph.wait_until_delivered(std::time::Duration::from_secs(10)).await);
        self.world.drain().await;
    }
}

#[tokio::test]
async fn a_reply_goes_out_once_and_its_statuses_come_back() {
    let desk = Desk::new().await;
    desk.world.graph.set_statuses(StatusPlan::up_to("read").shuffled(7).repeated(2));
    desk.reply("Olá, Ana").await;
    desk.world.drain().await;
    desk.statuses_are_in().await;
    assert_eq!(desk.sent(), ["Olá, Ana"]);
    assert_eq!(desk.world.graph.accepted()[0].to, PHONE);
    assert!(desk.world.graph.violations().is_empty(), "{:?}", desk.world.graph.violations());
    assert_eq!(desk.shown().await, ["read"]);
    desk.world.drain_for(Duration::minutes(5)).await;
    assert_eq!(desk.sent().len(), 1);
}

#[tokio::test]
async fn statuses_that_beat_the_answer_find_their_message() {
    let desk = Desk::new().await;
    desk.world.graph.set_statuses(StatusPlan::up_to("delivered").before_the_answer());
    desk.reply("Olá").await;
    desk.world.drain().await;
    desk.world.drain().await;
    assert_eq!(desk.shown().await, ["delivered"]);
    assert_eq!(desk.sent().len(), 1);
    assert_eq!(desk.world.count("select count(*) from parked_updates").await, 0);
}

#[tokio::test]
async fn what_certainly_failed_is_tried_again_in_order() {
    let desk = Desk::new().await;
    for behaviour in [Behaviour::error(131_000), Behaviour::Html(502), Behaviour::error(130_429)] {
        desk.world.graph.next(Call::Send, behaviour);
    }
    for text in ["um", "dois", "três"] {
        desk.reply(text).await;
    }
    desk.world.drain().await;
    assert_eq!(desk.sent(), Vec::<String>::new(), "the second one waits for the first");
    assert_eq!(desk.shown().await[0], "queued TRANSIENT");
    desk.world.drain_for(Duration::minutes(2)).await;
    assert_eq!(desk.sent(), ["um", "dois", "três"]);
    assert_eq!(desk.shown().await, ["accepted", "accepted", "accepted"]);
}

#[tokio::test]
async fn a_call_that_never_left_is_tried_again() {
    let desk = Desk::new().await;
    desk.world.graph.pause().await;
    desk.reply("Olá").await;
    desk.world.drain().await;
    assert_eq!(desk.shown().await, ["queued TRANSIENT"]);
    desk.world.graph.resume().await.unwrap();
    desk.world.drain_for(Duration::minutes(1)).await;
    assert_eq!((desk.sent().len(), desk.shown().await), (1, vec!["accepted".to_owned()]));
}

#[tokio::test]
async fn a_lost_answer_is_never_sent_again() {
    let desk = Desk::new().await;
    for behaviour in [Behaviour::DropAfterAccepting, Behaviour::Garble, Behaviour::Html(504)] {
        desk.world.graph.next(Call::Send, behaviour);
        desk.reply("Olá").await;
        desk.world.drain_for(Duration::minutes(5)).await;
    }
    assert_eq!(desk.world.graph.sends().len(), 3, "one call each");
    assert_eq!(desk.shown().await, ["failed OUTCOME_UNKNOWN"; 3]);
    desk.world.drain_for(Duration::hours(30)).await;
    assert_eq!(desk.world.graph.sends().len(), 3);
}

#[tokio::test]
async fn evidence_is_adopted_by_our_tag() {
    let desk = Desk::new().await;
    desk.world.graph.set_statuses(StatusPlan::up_to("delivered"));
    desk.world.graph.next(Call::Send, Behaviour::DropAfterAccepting);
    desk.reply("um").await;
    desk.reply("dois").await;
    desk.world.drain().await;
    desk.statuses_are_in().await;
    assert_eq!(desk.world.graph.sends().len(), 1, "the next one waits for the outcome");
    assert_eq!(desk.shown().await[0], "delivered");
    desk.world.drain_for(Duration::seconds(30)).await;
    desk.statuses_are_in().await;
    assert_eq!(desk.sent(), ["um", "dois"]);
    assert_eq!(desk.shown().await, ["delivered", "delivered"]);
}

#[tokio::test]
async fn refusals_of_one_message_are_final() {
    let desk = Desk::new().await;
    for code in [131_047, 131_030, 131_049, 131_009, 987_654] {
        desk.world.graph.next(Call::Send, Behaviour::error(code));
        desk.reply("Olá").await;
    }
    desk.world.drain_for(Duration::minutes(2)).await;
    let expected = [131_047, 131_030, 131_049, 131_009, 987_654].map(|code| format!("failed {code}"));
    assert_eq!(desk.shown().await, expected);
    assert_eq!(desk.world.graph.sends().len(), 5);
    desk.reply("Ainda aqui").await;
    desk.world.drain().await;
    assert_eq!(desk.sent(), ["Ainda aqui"], "such errors do not open the circuit");
}

#[tokio::test]
async fn an_undeliverable_mobile_is_tried_in_its_other_form_and_learned() {
    let desk = Desk::new().await;
    let conversation = desk.written_by("553180000017").await;
    desk.world.graph.when(testkit::graph::Rule::sends_to("553180000017", Behaviour::error(131_026)));
    desk.reply_in(conversation, "Olá").await;
    desk.world.drain().await;
    let forms: Vec<String> = desk.world.graph.sends().iter().map(|send| send.to.clone()).collect();
    assert_eq!(forms, ["553180000017", "5531980000017"]);
    desk.reply_in(conversation, "De novo").await;
    desk.world.drain().await;
    assert_eq!(desk.world.graph.sends()[2].to, "5531980000017", "the form that works is kept");

    desk.world.graph.forget();
    desk.world.graph.when(testkit::graph::Rule::every(Call::Send, Behaviour::error(131_026)));
    desk.reply("Alguém?").await;
    desk.world.drain_for(Duration::minutes(5)).await;
    let forms: Vec<String> = desk.world.graph.sends().iter().map(|send| send.to.clone()).collect();
    assert_eq!(forms, [PHONE, "551190000017"], "each form once");
}

#[tokio::test]
async fn a_refused_token_stops_the_account_and_no_message_is_lost() {
    let desk = Desk::new().await;
    desk.world.graph.next(Call::Send, Behaviour::error(190));
    desk.reply("Olá").await;
    desk.world.drain().await;
    assert_eq!(
        desk.world.texts("select status || ' ' || status_reason from channel_accounts").await,
        ["error CREDENTIALS_REJECTED"]
    );
    assert_eq!(desk.world.count("select count(*) from events where kind = 'channel.reconnect_required'").await, 1);
    desk.world.drain_for(Duration::minutes(2)).await;
    assert_eq!(desk.shown().await, ["queued ACCOUNT_ERROR"]);
    assert_eq!(desk.world.graph.sends().len(), 1, "nothing more is tried");
    assert_eq!(desk.manage("activate").await, 200);
    desk.world.drain_for(Duration::minutes(1)).await;
    assert_eq!((desk.sent().len(), desk.shown().await), (1, vec!["accepted".to_owned()]));
}

#[tokio::test]
async fn a_paused_account_takes_in_and_sends_nothing() {
    let desk = Desk::new().await;
    assert_eq!(desk.manage("pause").await, 200);
    desk.reply("Olá").await;
    desk.world.drain().await;
    assert_eq!(desk.shown().await, ["queued ACCOUNT_PAUSED"]);
    desk.written_by("5521990000018").await;
    assert_eq!(desk.world.count("select count(*) from conversations").await, 2);
    assert_eq!(desk.manage("activate").await, 200);
    desk.world.drain_for(Duration::minutes(1)).await;
    assert_eq!(desk.sent(), ["Olá"]);
}

/// What was written before a suspension, or comes out of a workflow during it, waits; nothing is lost.
#[tokio::test]
async fn a_suspended_organization_takes_in_and_sends_nothing() {
    let desk = Desk::new().await;
    desk.reply("Olá").await;
    desk.world.run("update organizations set status = 'suspended', suspension_mode = 'read_only'").await;
    desk.world.drain().await;
    assert_eq!(desk.shown().await, ["queued ORGANIZATION_SUSPENDED"]);
    desk.world.drain_for(Duration::minutes(2)).await;
    assert_eq!(desk.sent().len(), 0);
    desk.written_by("5521990000018").await;
    assert_eq!(desk.world.count("select count(*) from conversations").await, 2);
    desk.world.run("update organizations set status = 'active', suspension_mode = null").await;
    desk.world.drain_for(Duration::minutes(1)).await;
    assert_eq!((desk.sent(), desk.shown().await), (vec!["Olá".to_owned()], vec!["accepted".to_owned()]));
}

#[tokio::test]
async fn five_failures_open_the_circuit_and_one_probe_closes_it() {
    let desk = Desk::new().await;
    let mut conversations = Vec::new();
    for n in 0..8 {
        conversations.push(desk.written_by(&format!("55119911100{n:02}")).await);
    }
    desk.world.graph.when(testkit::graph::Rule::every(Call::Send, Behaviour::error(131_016)).times(6));
    for conversation in &conversations {
        desk.reply_in(*conversation, "Olá").await;
    }
    desk.world.drain().await;
    assert_eq!(desk.world.graph.sends().len(), 5, "the circuit is open");
    assert_eq!(desk.shown().await.iter().filter(|shown| *shown == "queued CIRCUIT_OPEN").count(), 3);
    desk.world.drain_for(Duration::seconds(29)).await;
    assert_eq!(desk.world.graph.sends().len(), 5);
    desk.world.clock.advance(Duration::seconds(2));
    desk.world.drain().await;
    assert_eq!(desk.world.graph.sends().len(), 6, "one probe, which fails: the pause doubles");
    desk.world.drain_for(Duration::seconds(55)).await;
    assert_eq!(desk.world.graph.sends().len(), 6);
    desk.world.drain_for(Duration::minutes(5)).await;
    assert_eq!(desk.sent().len(), 8, "queued messages survive: {:?}", desk.shown().await);
}

#[tokio::test]
async fn one_recipient_gets_ten_at_once_and_then_one_every_six_seconds() {
    let desk = Desk::new().await;
    for n in 0..13 {
        desk.reply(&format!("{n}")).await;
    }
    desk.world.drain().await;
    assert_eq!(desk.sent().len(), 10);
    assert_eq!(desk.shown().await[10], "queued RATE_LIMITED");
    desk.world.drain_for(Duration::seconds(12)).await;
    assert_eq!(desk.sent().len(), 12);
    desk.world.drain_for(Duration::seconds(10)).await;
    assert_eq!(desk.sent(), (0..13).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_providers_wish_to_wait_wins() {
    let desk = Desk::new().await;
    desk.world.graph.next(Call::Send, Behaviour::Refuse(Fault::of(130_429).retry_after(90)));
    desk.reply("Olá").await;
    desk.world.drain_for(Duration::seconds(85)).await;
    assert_eq!((desk.sent().len(), desk.shown().await), (0, vec!["queued THROTTLED".to_owned()]));
    desk.world.drain_for(Duration::seconds(10)).await;
    assert_eq!(desk.sent().len(), 1);
}

#[tokio::test]
async fn a_message_that_waited_too_long_fails_visibly() {
    let desk = Desk::new().await;
    desk.manage("pause").await;
    desk.reply("Olá").await;
    desk.world.clock.advance(Duration::hours(25));
    desk.world.drain().await;
    assert_eq!(desk.shown().await, ["failed EXPIRED"]);
    desk.manage("activate").await;
    desk.world.drain_for(Duration::hours(1)).await;
    assert!(desk.world.graph.sends().is_empty());
}

#[tokio::test]
async fn in_simulation_everything_runs_and_nothing_leaves() {
    let desk = Desk::of(true).await;
    desk.reply("Olá").await;
    desk.world.drain_for(Duration::minutes(1)).await;
    assert!(desk.world.graph.calls().is_empty());
    assert_eq!(desk.shown().await, ["accepted"]);
    assert_eq!(desk.world.count("select count(*) from messages where simulated").await, 2);
    desk.world.run("update channel_accounts set simulation = false").await;
    desk.world.drain_for(Duration::hours(1)).await;
    assert!(desk.world.graph.calls().is_empty(), "turning it off sends nothing old");
}

#[tokio::test]
async fn who_has_no_phone_is_answered_by_the_business_scoped_id() {
    let desk = Desk::new().await;
    let person = Person::hidden("BR.13491208655302741918", "ana.x");
    desk.world.post(&webhook::text(&number(), &person, "wamid.hidden", desk.world.clock.now(), "oi")).await;
    desk.world.drain().await;
    let conversation =
        desk.world.texts("select id::text from conversations order by number desc limit 1").await[0].parse().unwrap();
    desk.reply_in(conversation, "Olá").await;
    desk.world.drain().await;
    let send = desk.world.graph.accepted().remove(0);
    assert_eq!((send.to.as_str(), send.body.get("to")), ("BR.13491208655302741918", None));
}

#[tokio::test]
async fn a_crash_between_call_and_commit_never_sends_twice() {
    let desk = Desk::new().await;
    let gate = std::sync::Arc::new(tokio::sync::Notify::new());
    // The provider takes it; the worker dies before it hears so.
    desk.world.graph.next(
        Call::Send,
        Behaviour::Delay(
            std::time::Duration::from_millis(1),
            Box::new(Behaviour::Hold(gate.clone(), Box::new(Behaviour::Work))),
        ),
    );
    desk.reply("Olá").await;
    let workers = desk.world.workers();
    let dying = tokio::time::timeout(std::time::Duration::from_millis(800), workers.drain()).await;
    assert!(dying.is_err(), "the run is under way");
    gate.notify_one();
    assert!(desk.world.graph.wait_for(std::time::Duration::from_secs(5), |sends| sends.len() == 1).await);
    desk.world.drain_for(Duration::minutes(10)).await;
    assert_eq!(desk.world.graph.sends().len(), 1);
    assert_eq!(desk.shown().await, ["failed OUTCOME_UNKNOWN"]);
}

#[tokio::test]
async fn a_crash_before_the_call_sends_once() {
    let desk = Desk::new().await;
    desk.reply("Olá").await;
    // The job was taken by a worker that died before its first statement.
    desk.world.run("update jobs set lease = gen_random_uuid(), attempts = 1, run_at = '2026-01-02T15:01:00Z' where kind = 'messaging.send_message'").await;
    desk.world.drain().await;
    assert!(desk.sent().is_empty());
    desk.world.drain_for(Duration::minutes(5)).await;
    assert_eq!(desk.sent(), ["Olá"]);
}

#[tokio::test]
async fn a_suspended_organization_sends_nothing_and_what_waits_goes_out_when_it_is_back() {
    use identity::organizations::{Mode, StatusChange, change_status};
    let desk = Desk::new().await;
    let set = async |change| {
        let mut tx = desk.world.db.tenant(desk.organization).await.unwrap();
        let ctx = desk.world.ctx(desk.organization);
        change_status(&ctx, &mut tx, change, None, kernel::Actor::SYSTEM).await.unwrap();
        tx.commit().await.unwrap();
    };
    desk.reply("um").await;
    desk.reply("dois").await;
    for change in [StatusChange::Suspend(Mode::ReadOnly), StatusChange::Suspend(Mode::Blocked), StatusChange::Close] {
        set(change).await;
        desk.world.drain_for(Duration::minutes(3)).await;
        assert_eq!(desk.sent(), Vec::<String>::new());
        assert_eq!(desk.shown().await, ["queued ORGANIZATION_SUSPENDED", "queued"]);
    }
    set(StatusChange::Activate).await;
    desk.world.drain_for(Duration::minutes(2)).await;
    assert_eq!(desk.sent(), ["um", "dois"]);
}
