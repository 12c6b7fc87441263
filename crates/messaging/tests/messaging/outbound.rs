//! The way out: what may be on it, one attempt at a time, evidence in any order, clocks that come back.

use crate::harness::{World, code, noon};
use crate::run;
use chrono::Duration;
use kernel::ids::{ConversationId, MessageId};
use messaging::outbound::{self, Attempt, Finished, Hindrance, Outcome};
use messaging::status::{Evidence, OUTCOME_UNKNOWN, OutboundStatus, SendError};
use messaging::{Applied, ConversationStatus, Message, StatusEvidence};

const ANA: &str = "5511990000017";

fn refusal(class: &str) -> SendError {
    SendError { code: "131026".to_owned(), class: class.to_owned(), detail: None, retryable: false }
}

fn status(external_id: &str, status: OutboundStatus, second: i64) -> StatusEvidence {
    let at = noon() + Duration::seconds(second);
    let error = (status == OutboundStatus::Failed).then(|| refusal("recipient"));
    StatusEvidence {
        external_id: external_id.to_owned(),
        tag: None,
        evidence: Evidence { status, at, error },
        received_at: at,
    }
}

impl World {
    /// The next attempt, or why there is none.
    async fn begin(&self, id: MessageId) -> Result<Attempt, Hindrance> {
        let ctx = self.system();
        run!(self, tx => async {
            let Some(outgoing) = outbound::next(&mut tx, id).await? else { return Ok(Err(Hindrance::Over)) };
            match outbound::hindrance(&ctx, &mut tx, &outgoing).await? {
                Some(hindrance) => Ok(Err(hindrance)),
                None => outbound::begin_attempt(&ctx, &mut tx, &outgoing).await.map(Ok),
            }
        })
        .unwrap()
    }

    async fn started(&self, id: MessageId) -> Attempt {
        self.begin(id).await.unwrap()
    }

    async fn finish(&self, attempt: &Attempt, outcome: Outcome) -> Finished {
        run!(self, tx => outbound::finish_attempt(&self.system(), &mut tx, attempt.id, outcome)).unwrap()
    }

    async fn accepted(&self, id: MessageId, external_id: &str) {
        let attempt = self.started(id).await;
        self.finish(&attempt, Outcome::Accepted { external_id: external_id.to_owned(), address_used: None }).await;
    }

    async fn told(&self, evidence: StatusEvidence) -> Applied {
        run!(self, tx => messaging::apply_status(&self.system(), &mut tx, self.account, evidence)).unwrap()
    }

    async fn message(&self, id: MessageId) -> Message {
        run!(self, tx => messaging::find_message(&self.system(), &mut tx, id)).unwrap()
    }

    async fn shown(&self, id: MessageId) -> String {
        self.message(id).await.status.unwrap()
    }

    async fn sent(&self) -> (ConversationId, MessageId) {
        let agent = self.agent("Bia").await;
        let (id, _) = self.hears(ANA, "oi").await;
        let message = self.says(&agent, id, "Olá").await;
        (id, message)
    }
}

#[tokio::test]
async fn a_note_a_line_and_an_internal_text_cannot_be_sent_whatever_is_tried() {
    let world = World::new().await;
    let (id, outgoing) = world.sent().await;
    let agent = world.agent("Ana").await;
    let note = run!(world, tx => async {
        let author = world.authors.of(&agent, &mut tx).await?;
        let body = messaging::NoteBody { client_id: None, text: "não enviar".to_owned(), reply_to: None, on_behalf_of: None };
        messaging::note(&agent, &mut tx, author, id, body).await
    })
    .unwrap()
    .message
    .id;
    run!(world, tx => messaging::add_system_line(&world.system(), &mut tx, id, "test", "linha", serde_json::json!({})))
        .unwrap();
    // Even a superuser's statement is refused: the keys hold direction and audience.
    for statement in [
        "insert into outbound_sends (message_id, organization_id, created_at) select id, organization_id, now() from messages where organization_id = $1 and kind = 'note'",
        "insert into outbound_sends (message_id, organization_id, created_at) select id, organization_id, now() from messages where organization_id = $1 and kind = 'system'",
        "insert into outbound_sends (message_id, organization_id, created_at) select id, organization_id, now() from messages where organization_id = $1 and direction = 'inbound'",
        "insert into outbound_sends (message_id, organization_id, direction, created_at) select id, organization_id, 'internal', now() from messages where organization_id = $1 and kind = 'note'",
        "insert into outbound_sends (message_id, organization_id, audience, created_at) select id, organization_id, 'internal', now() from messages where organization_id = $1 and kind = 'note'",
        "update messages set direction = 'outbound', status = 'queued' where organization_id = $1 and kind = 'note'",
        "update outbound_sends set message_id = (select id from messages where organization_id = $1 and kind = 'note') where organization_id = $1",
        "update messages set direction = 'internal', status = null where organization_id = $1 and direction = 'outbound'",
        "update messages set audience = 'internal' where organization_id = $1 and direction = 'outbound'",
    ] {
        let refused = world.sql(statement).await.unwrap_err();
        let state = refused.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
        assert!(matches!(state.as_deref(), Some("23503" | "23514")), "{statement}: {refused}");
    }
    assert!(run!(world, tx => outbound::next(&mut tx, note)).unwrap().is_none());
    assert_eq!(world.begin(note).await, Err(Hindrance::Over));
    let next = run!(world, tx => outbound::next(&mut tx, outgoing)).unwrap().unwrap();
    assert_eq!(
        (next.to.phone_raw.as_deref(), next.segments.len(), next.channel_account_id),
        (Some(ANA), 1, world.account)
    );
}

#[tokio::test]
async fn one_attempt_runs_at_a_time_and_a_lost_one_is_unclear_never_resent() {
    let world = World::new().await;
    let (_, id) = world.sent().await;
    let attempt = world.started(id).await;
    assert_eq!((attempt.number, attempt.tag.clone()), (1, attempt.id.to_string()));
    assert_eq!(world.begin(id).await, Err(Hindrance::Running { until: world.clock.now() + Duration::seconds(60) }));
    world.clock.advance(Duration::seconds(61));
    let until = world.clock.now() + Duration::minutes(2);
    assert_eq!(world.begin(id).await, Err(Hindrance::AwaitingEvidence { until }));
    assert_eq!(world.begin(id).await, Err(Hindrance::AwaitingEvidence { until }));
    world.clock.advance(Duration::minutes(2));
    assert_eq!(world.begin(id).await, Err(Hindrance::Over));
    let message = world.message(id).await;
    assert_eq!((message.status.as_deref(), message.error.unwrap().code.as_str()), (Some("failed"), OUTCOME_UNKNOWN));
    // Late evidence by our tag heals it.
    let late = StatusEvidence { tag: Some(attempt.tag), ..status("wamid.late", OutboundStatus::Delivered, 300) };
    assert_eq!(world.told(late).await, Applied::Changed);
    assert_eq!(world.shown(id).await, "delivered");
    assert_eq!(world.told(status("wamid.late", OutboundStatus::Read, 310)).await, Applied::Changed);
    assert_eq!(world.shown(id).await, "read");
    assert_eq!(world.begin(id).await, Err(Hindrance::Over));
}

#[tokio::test]
async fn evidence_by_our_tag_ends_the_wait_before_the_two_minutes() {
    let world = World::new().await;
    let (_, id) = world.sent().await;
    let attempt = world.started(id).await;
    let wait = world.finish(&attempt, Outcome::Unclear { detail: "time-out".to_owned() }).await;
    assert_eq!(wait, Finished::AwaitingEvidence { until: world.clock.now() + Duration::minutes(2) });
    world.told(StatusEvidence { tag: Some(attempt.tag), ..status("wamid.1", OutboundStatus::Sent, 1) }).await;
    world.clock.advance(Duration::minutes(5));
    assert_eq!(world.begin(id).await, Err(Hindrance::Over));
    assert_eq!(world.shown(id).await, "sent");
}

#[tokio::test]
async fn statuses_that_beat_their_message_are_applied_with_it() {
    let world = World::new().await;
    let (_, id) = world.sent().await;
    assert_eq!(world.told(status("wamid.1", OutboundStatus::Delivered, 5)).await, Applied::Parked);
    assert_eq!(world.told(status("wamid.1", OutboundStatus::Sent, 3)).await, Applied::Parked);
    assert_eq!(world.shown(id).await, "queued");
    world.accepted(id, "wamid.1").await;
    let message = world.message(id).await;
    let states: Vec<_> = message.status_times.iter().map(|time| time.status).collect();
    use OutboundStatus::{Accepted, Delivered, Queued, Sent};
    assert_eq!((message.status.as_deref(), states), (Some("delivered"), vec![Queued, Accepted, Sent, Delivered]));
    assert_eq!(world.count("select count(*) from parked_updates where organization_id = $1").await, 0);
}

#[tokio::test]
async fn a_parked_status_waits_eight_days() {
    let world = World::new().await;
    let (_, id) = world.sent().await;
    world.told(status("wamid.1", OutboundStatus::Read, 5)).await;
    world.clock.advance(Duration::days(8));
    world.sql("update messages set expires_at = null where organization_id = $1").await.unwrap();
    world.accepted(id, "wamid.1").await;
    assert_eq!(world.shown(id).await, "accepted");
}

/// In a database of its own: the upkeep is everybody's, and other tests' clocks stand elsewhere.
#[tokio::test]
async fn what_was_parked_in_vain_is_forgotten() {
    let world = World::alone().await;
    let parked = || world.count("select count(*) from parked_updates where organization_id = $1");
    world.told(status("wamid.nobodys", OutboundStatus::Read, 5)).await;
    world.upkeep().await;
    assert_eq!(parked().await, 1, "its message may still come");
    world.clock.advance(Duration::days(8));
    world.told(status("wamid.nobodys-yet", OutboundStatus::Read, 5)).await;
    world.upkeep().await;
    assert_eq!(parked().await, 1, "only the old one is gone");
}

#[tokio::test]
async fn every_order_of_the_same_statuses_ends_alike() {
    let world = World::new().await;
    let agent = world.agent("Bia").await;
    let (conversation, _) = world.hears(ANA, "oi").await;
    let kinds = [OutboundStatus::Sent, OutboundStatus::Delivered, OutboundStatus::Read, OutboundStatus::Failed];
    let mut seen = std::collections::HashSet::new();
    let mut orders = Vec::new();
    for a in 0..4 {
        for b in 0..4 {
            for c in 0..4 {
                for d in 0..4 {
                    let order = [a, b, c, d];
                    if (0..4).all(|n| order.contains(&n)) {
                        orders.push(order);
                    }
                }
            }
        }
    }
    assert_eq!(orders.len(), 24);
    for (n, order) in orders.into_iter().enumerate() {
        let id = world.says(&agent, conversation, "x").await;
        // The message's own acceptance comes in the middle: two statuses are parked, two come after; one is repeated.
        let external = format!("wamid.{n}");
        let tell = |place: usize| status(&external, kinds[order[place]], i64::try_from(order[place]).unwrap());
        world.told(tell(0)).await;
        world.told(tell(1)).await;
        world.accepted(id, &external).await;
        world.told(tell(2)).await;
        world.told(tell(3)).await;
        world.told(tell(0)).await;
        let message = world.message(id).await;
        let times: Vec<_> = message.status_times.iter().map(|time| (time.status, time.at, time.inferred)).collect();
        let ours = |status: &OutboundStatus| matches!(status, OutboundStatus::Queued | OutboundStatus::Accepted);
        let times: Vec<_> = times.into_iter().filter(|(status, ..)| !ours(status)).collect();
        seen.insert(format!("{:?} {times:?} {:?}", message.status, message.error));
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(world.events().await.iter().filter(|kind| *kind == "message.status_contradiction").count(), 24);
}

#[tokio::test]
async fn a_refusal_for_now_waits_visibly_and_at_its_end_expires() {
    let world = World::new().await;
    let (_, id) = world.sent().await;
    let attempt = world.started(id).await;
    let at = world.clock.now() + Duration::seconds(4);
    let outcome = Outcome::Rejected { error: refusal("throttled"), retry_at: Some(at) };
    assert_eq!(world.finish(&attempt, outcome.clone()).await, Finished::RetryAt(at));
    assert_eq!(world.finish(&attempt, outcome).await, Finished::Over, "late news of a finished attempt");
    let message = world.message(id).await;
    assert_eq!(
        (message.status.as_deref(), message.deferred_until, message.deferred_reason.as_deref()),
        (Some("queued"), Some(at), Some("THROTTLED"))
    );
    run!(world, tx => outbound::defer(&world.system(), &mut tx, id, at + Duration::hours(1), "ACCOUNT_PAUSED"))
        .unwrap();
    assert_eq!(world.message(id).await.deferred_reason.as_deref(), Some("ACCOUNT_PAUSED"));
    let attempt = world.started(id).await;
    assert_eq!(attempt.number, 2);
    let too_late = Outcome::Rejected { error: refusal("transient"), retry_at: Some(at + Duration::hours(30)) };
    assert_eq!(world.finish(&attempt, too_late).await, Finished::Over);
    let message = world.message(id).await;
    assert_eq!(
        (message.status.as_deref(), message.error.unwrap().code.as_str(), message.deferred_until),
        (Some("failed"), "EXPIRED", None)
    );
    let attempts = run!(world, tx => messaging::attempts(&world.system(), &mut tx, id)).unwrap();
    assert_eq!(
        attempts.iter().map(|attempt| attempt.outcome.as_deref().unwrap()).collect::<Vec<_>>(),
        ["rejected", "rejected"]
    );
}

#[tokio::test]
async fn what_waited_too_long_fails_without_a_call() {
    let world = World::new().await;
    let (_, id) = world.sent().await;
    world.hours(25);
    assert_eq!(world.begin(id).await, Err(Hindrance::Over));
    assert_eq!(world.message(id).await.error.unwrap().code, "EXPIRED");
    assert!(run!(world, tx => outbound::next(&mut tx, id)).unwrap().is_none());
}

#[tokio::test]
async fn a_blocked_contact_gets_nothing_that_was_queued() {
    let world = World::new().await;
    let (conversation, id) = world.sent().await;
    let (contact, manager) = (world.find(conversation).await.contact.unwrap().id, world.manager("Gil").await);
    run!(world, tx => messaging::block_contact(&manager, &mut tx, contact)).unwrap();
    assert_eq!(world.begin(id).await, Err(Hindrance::Over));
    assert_eq!(world.message(id).await.error.unwrap().code, "CONTACT_BLOCKED");
}

#[tokio::test]
async fn a_reply_that_fails_for_good_gives_the_clocks_back_unless_another_followed() {
    let world = World::new().await;
    let agent = world.agent("Bia").await;
    let (conversation, _) = world.hears(ANA, "oi").await;
    let since = world.clock.now();
    world.hours(1);
    let first = world.says(&agent, conversation, "1").await;
    let second = world.says(&agent, conversation, "2").await;
    let failed = |class: &str| Outcome::Rejected { error: refusal(class), retry_at: None };
    let attempt = world.started(first).await;
    world.finish(&attempt, failed("policy")).await;
    let shown = world.find(conversation).await;
    assert!(shown.waiting_since.is_none() && shown.first_response_at.is_some(), "another reply followed");
    let attempt = world.started(second).await;
    world.finish(&attempt, failed("policy")).await;
    let shown = world.find(conversation).await;
    assert_eq!((shown.waiting_since, shown.first_response_at), (Some(since), None));
    assert_eq!(shown.status, ConversationStatus::Waiting);
    // A retry answers again.
    run!(world, tx => messaging::retry(&agent, &mut tx, second)).unwrap();
    let shown = world.find(conversation).await;
    assert!(shown.waiting_since.is_none() && shown.first_response_at.is_some());
}

#[tokio::test]
async fn a_failed_message_is_retried_as_a_new_attempt_and_only_then() {
    let world = World::new().await;
    let agent = world.agent("Bia").await;
    let (conversation, id) = world.sent().await;
    assert_eq!(code(run!(world, tx => messaging::retry(&agent, &mut tx, id))), "NOT_RETRYABLE");
    let attempt = world.started(id).await;
    world.finish(&attempt, Outcome::Rejected { error: refusal("account"), retry_at: None }).await;
    let message = run!(world, tx => messaging::retry(&agent, &mut tx, id)).unwrap();
    assert_eq!((message.status.as_deref(), message.error.is_none()), (Some("queued"), true));
    assert_eq!(
        world.count("select count(*) from jobs where organization_id = $1 and kind = 'messaging.send_message'").await,
        2
    );
    let attempt = world.started(id).await;
    assert_eq!(attempt.number, 2);
    world
        .finish(
            &attempt,
            Outcome::Accepted { external_id: "wamid.2".to_owned(), address_used: Some("551190000017".to_owned()) },
        )
        .await;
    assert_eq!(world.shown(id).await, "accepted");
    let next = world.says(&agent, conversation, "de novo").await;
    let next = run!(world, tx => outbound::next(&mut tx, next)).unwrap().unwrap();
    assert_eq!(next.to.phone_raw.as_deref(), Some("551190000017"), "the form that the provider used is kept");
    let third = world.says(&agent, conversation, "nunca").await;
    let attempt = world.started(third).await;
    world.finish(&attempt, Outcome::Rejected { error: refusal("content"), retry_at: None }).await;
    assert_eq!(code(run!(world, tx => messaging::retry(&agent, &mut tx, third))), "NOT_RETRYABLE");
    let fourth = world.says(&agent, conversation, "tarde").await;
    let attempt = world.started(fourth).await;
    world.finish(&attempt, Outcome::Rejected { error: refusal("account"), retry_at: None }).await;
    world.hours(24);
    assert_eq!(code(run!(world, tx => messaging::retry(&agent, &mut tx, fourth))), "WINDOW_CLOSED");
}

#[tokio::test]
async fn simulated_messages_stop_at_accepted() {
    let world = World::new().await;
    let (_, id) = world.sent().await;
    let ctx = world.system();
    run!(world, tx => async {
        let outgoing = outbound::next(&mut tx, id).await?.unwrap();
        assert_eq!(outbound::hindrance(&ctx, &mut tx, &outgoing).await?, None);
        outbound::simulate(&ctx, &mut tx, &outgoing).await
    })
    .unwrap();
    let message = world.message(id).await;
    assert_eq!((message.status.as_deref(), message.simulated), (Some("accepted"), true));
    let attempts = run!(world, tx => messaging::attempts(&ctx, &mut tx, id)).unwrap();
    assert_eq!((attempts.len(), attempts[0].outcome.as_deref()), (1, Some("simulated")));
    assert_eq!(world.begin(id).await, Err(Hindrance::Over));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_status_racing_its_own_acceptance_is_never_lost() {
    let world = std::sync::Arc::new(World::new().await);
    let agent = world.agent("Bia").await;
    let (conversation, _) = world.hears(ANA, "oi").await;
    for n in 0..30 {
        let id = world.says(&agent, conversation, "x").await;
        let attempt = world.started(id).await;
        let external = format!("wamid.race.{n}");
        let (a, b) = (world.clone(), world.clone());
        let (told, accepted) = (status(&external, OutboundStatus::Delivered, 9), external.clone());
        let one = tokio::spawn(async move { a.told(told).await });
        let two = tokio::spawn(async move {
            b.finish(&attempt, Outcome::Accepted { external_id: accepted, address_used: None }).await
        });
        one.await.unwrap();
        two.await.unwrap();
        assert_eq!(world.shown(id).await, "delivered", "round {n}");
    }
}
