//! Replies: what is refused and why, what repeats, what they move.

use crate::harness::{World, code, patiently};
use crate::run;
use chrono::Duration;
use futures_util::future::join_all;
use kernel::{Permission, Scope};
use messaging::{ConversationStatus, ReplyBody, ReplySegment, Then, close};
use std::sync::Arc;

const ANA: &str = "5511990000017";

#[tokio::test]
async fn a_reply_waits_for_the_customer_and_makes_the_writer_owner() {
    let world = World::new().await;
    let agent = world.agent("Bia Lima").await;
    let (id, _) = world.hears(ANA, "oi").await;
    let message = world.reply(&agent, id, ReplyBody::text("Olá!")).await.unwrap().message;
    assert_eq!((message.seq, message.status.as_deref(), message.direction.as_str()), (2, Some("queued"), "outbound"));
    assert_eq!(
        (message.sender.kind.as_str(), message.sender.name.as_deref(), message.source.as_str()),
        ("user", Some("Bia Lima"), "console")
    );
    let shown = world.find(id).await;
    assert_eq!((shown.status, shown.owner_id), (ConversationStatus::Waiting, agent.subject.user_id()));
    assert_eq!(
        (shown.floor.holder.as_str(), shown.floor.holder_id),
        ("person", agent.subject.user_id().map(|id| id.0))
    );
    let kinds = world.events().await;
    for kind in [
        "conversation.status_changed",
        "conversation.assigned",
        "conversation.floor_changed",
        "conversation.first_response",
    ] {
        assert_eq!(kinds.iter().filter(|found| *found == kind).count(), 1, "{kind}");
    }
    assert_eq!(
        world.count("select count(*) from conversation_assignments where organization_id = $1 and until is null").await,
        1
    );
    // A second one changes neither owner nor status.
    world.says(&agent, id, "Como posso ajudar?").await;
    assert_eq!(world.events().await.len(), kinds.len() + 1);
}

#[tokio::test]
async fn then_and_the_accounts_setting_decide_the_status() {
    let world = World::new().await;
    let agent = world.agent("Bia").await;
    let (id, _) = world.hears(ANA, "oi").await;
    world.reply(&agent, id, ReplyBody { then: Some(Then::Open), ..ReplyBody::text("a") }).await.unwrap();
    assert_eq!(world.find(id).await.status, ConversationStatus::Open);
    world.sql("update channel_accounts set settings = '{\"after_reply\": \"keep\", \"assign_on_reply\": false}' where organization_id = $1").await.unwrap();
    world.says(&agent, id, "b").await;
    assert_eq!(world.find(id).await.status, ConversationStatus::Open);
    world.reply(&agent, id, ReplyBody { then: Some(Then::Closed), ..ReplyBody::text("c") }).await.unwrap();
    let shown = world.find(id).await;
    assert_eq!(
        (shown.status, shown.status_reason.as_deref(), shown.floor.holder.as_str()),
        (ConversationStatus::Closed, Some("resolved"), "nobody")
    );
}

#[tokio::test]
async fn a_reply_to_a_closed_thread_opens_it_and_goes_on() {
    let world = World::new().await;
    let agent = world.agent("Bia").await;
    let (id, _) = world.hears(ANA, "oi").await;
    run!(world, tx => close(&agent, &mut tx, id, None)).unwrap();
    world.says(&agent, id, "Esqueci de dizer").await;
    let shown = world.find(id).await;
    assert_eq!((shown.status, shown.reopened_count, shown.closed_at), (ConversationStatus::Waiting, 1, None));
    let steps: Vec<_> = world
        .event_data("conversation.status_changed")
        .await
        .iter()
        .map(|data| format!("{}-{}", data["from"], data["to"]))
        .collect();
    assert_eq!(steps, ["\"open\"-\"closed\"", "\"closed\"-\"open\"", "\"open\"-\"waiting\""]);
}

#[tokio::test]
async fn where_a_newer_thread_is_active_the_old_one_stays_closed() {
    let world = World::new().await;
    let agent = world.agent("Bia").await;
    let (old, _) = world.hears(ANA, "oi").await;
    run!(world, tx => close(&agent, &mut tx, old, None)).unwrap();
    world.hours(80);
    let (new, _) = world.hears(ANA, "oi de novo").await;
    world
        .sql("update conversations set window_closes_at = now() + interval '20 years' where organization_id = $1")
        .await
        .unwrap();
    assert_ne!(old, new);
    assert_eq!(code(world.reply(&agent, old, ReplyBody::text("aqui")).await), "THREAD_ACTIVE");
    assert_eq!(code(world.messaging.post(&agent, old, ReplyBody::text("aqui")).await), "THREAD_ACTIVE");
    assert_eq!(code(run!(world, tx => messaging::reopen(&agent, &mut tx, old))), "THREAD_ACTIVE");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_agents_with_the_same_view_one_sends_the_other_learns_of_it() {
    let world = Arc::new(World::new().await);
    let (ana, bia) = (world.agent("Ana").await, world.agent("Bia").await);
    let (id, _) = world.hears(ANA, "oi").await;
    let body = |text: &str| ReplyBody { expected_last_seq: Some(1), ..ReplyBody::text(text) };
    let (a, b) =
        tokio::join!(world.messaging.post(&ana, id, body("de Ana")), world.messaging.post(&bia, id, body("de Bia")));
    let (sent, refused, loser) = match (a, b) {
        (Ok(sent), Err(refused)) => (sent, refused, &bia),
        (Err(refused), Ok(sent)) => (sent, refused, &ana),
        other => panic!("one of two: {other:?}"),
    };
    assert_eq!(refused.code(), "STALE_REPLY");
    assert_eq!(refused.extra()["last_seq"], 2);
    assert_eq!(refused.extra()["newer"][0]["id"], sent.message.id.to_string());
    let again = ReplyBody { override_stale: true, ..body("mesmo assim") };
    assert_eq!(world.messaging.post(loser, id, again).await.unwrap().message.seq, 3);
    assert_eq!(world.count("select count(*) from messages where organization_id = $1 and stale_override").await, 1);
    // Own messages and notes make nothing stale; a contact's message does.
    world.messaging.post(loser, id, ReplyBody { expected_last_seq: Some(3), ..ReplyBody::text("mais") }).await.unwrap();
    world
        .messaging
        .post(loser, id, ReplyBody { expected_last_seq: Some(3), ..ReplyBody::text("e mais") })
        .await
        .unwrap();
    world.hears(ANA, "espera").await;
    let stale = world.reply(loser, id, ReplyBody { expected_last_seq: Some(5), ..ReplyBody::text("?") }).await;
    assert_eq!(code(stale), "STALE_REPLY");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_client_id_used_fifty_times_is_one_message_and_one_send() {
    let world = Arc::new(World::new().await);
    let agent = world.agent("Bia").await;
    let (id, _) = world.hears(ANA, "oi").await;
    let body = ReplyBody { client_id: Some("k1".to_owned()), ..ReplyBody::text("Olá") };
    let all = (0..50).map(|n| {
        let (world, agent, body) = (world.clone(), agent.clone(), body.clone());
        tokio::spawn(async move {
            patiently(|| async {
                let body = body.clone();
                if n % 2 == 0 {
                    world.messaging.post(&agent, id, body).await
                } else {
                    world.reply(&agent, id, body).await
                }
            })
            .await
        })
    });
    let done: Vec<_> = join_all(all).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(done.iter().filter(|posted| !posted.replayed).count(), 1);
    assert!(done.iter().all(|posted| posted.message.id == done[0].message.id));
    assert_eq!(
        world.count("select count(*) from messages where organization_id = $1 and direction = 'outbound'").await,
        1
    );
    assert_eq!(
        world.count("select count(*) from jobs where organization_id = $1 and kind = 'messaging.send_message'").await,
        1
    );
    world.hours(24 * 400);
    assert!(world.reply(&agent, id, body.clone()).await.unwrap().replayed, "for ever, and before any other check");
    let other = ReplyBody { client_id: Some("k1".to_owned()), ..ReplyBody::text("Outra coisa") };
    assert_eq!(code(world.messaging.post(&agent, id, other).await), "IDEMPOTENCY_KEY_REUSED");
    let (colleague, (fresh, _)) = (world.agent("Cris").await, world.hears(ANA, "oi").await);
    assert!(!world.reply(&colleague, fresh, body).await.unwrap().replayed, "another sender's id is another id");
}

#[tokio::test]
async fn what_cannot_leave_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let agent = world.agent("Bia").await;
    let (id, _) = world.hears(ANA, "oi").await;
    let before = world.find(id).await.version;
    let segment = |segment| ReplyBody { segments: vec![segment], ..ReplyBody::text("") };
    let picture = ReplySegment::Image { attachment_id: uuid::Uuid::from_u128(1), caption: None };
    for (body, wanted) in [
        (segment(picture), "CAPABILITY_MISSING"),
        (ReplyBody { send_at: Some(world.clock.now()), ..ReplyBody::text("x") }, "CAPABILITY_MISSING"),
        (ReplyBody { template: Some(serde_json::json!({"name": "t"})), ..ReplyBody::text("x") }, "CAPABILITY_MISSING"),
        (ReplyBody::text("x".repeat(4_097)), "MESSAGE_TOO_LONG"),
        (ReplyBody::text("  "), "VALIDATION_FAILED"),
        (ReplyBody { segments: Vec::new(), ..ReplyBody::text("") }, "VALIDATION_FAILED"),
        (ReplyBody { client_id: Some(String::new()), ..ReplyBody::text("x") }, "VALIDATION_FAILED"),
        (
            ReplyBody { reply_to: Some(world.ids.sortable(world.clock.now())), ..ReplyBody::text("x") },
            "REPLY_TARGET_NOT_FOUND",
        ),
    ] {
        assert_eq!(code(world.reply(&agent, id, body.clone()).await), wanted, "{body:?}");
        assert_eq!(code(world.messaging.post(&agent, id, body).await), wanted);
    }
    assert_eq!(world.find(id).await.version, before);
    world.reply(&agent, id, ReplyBody::text("ã".repeat(4_096))).await.unwrap();
    let (other, foreign) = world.hears("5531980000017", "oi").await;
    let quote = ReplyBody { reply_to: Some(foreign), ..ReplyBody::text("x") };
    assert_eq!(code(world.reply(&agent, id, quote.clone()).await), "REPLY_TARGET_NOT_FOUND");
    assert_eq!(world.reply(&agent, other, quote).await.unwrap().message.reply_to.unwrap().message_id, Some(foreign));
}

#[tokio::test]
async fn the_window_closes_two_minutes_early_and_a_message_of_the_contact_opens_it() {
    let world = World::new().await;
    let agent = world.agent("Bia").await;
    let (id, _) = world.hears(ANA, "oi").await;
    world.clock.advance(Duration::minutes(24 * 60 - 3));
    world.says(&agent, id, "23 h 57").await;
    world.clock.advance(Duration::minutes(2));
    assert_eq!(code(world.reply(&agent, id, ReplyBody::text("23 h 59")).await), "WINDOW_CLOSED");
    world.hears(ANA, "oi").await;
    world.says(&agent, id, "de novo").await;
}

#[tokio::test]
async fn blocked_merged_and_inactive_are_told_apart() {
    let world = World::new().await;
    let (agent, manager) = (world.agent("Bia").await, world.manager("Gil").await);
    let (id, _) = world.hears(ANA, "oi").await;
    world.sql("update channel_accounts set status = 'archived' where organization_id = $1").await.unwrap();
    assert_eq!(code(world.reply(&agent, id, ReplyBody::text("x")).await), "ACCOUNT_NOT_ACTIVE");
    world.sql("update channel_accounts set status = 'paused' where organization_id = $1").await.unwrap();
    world.says(&agent, id, "waits, but is taken").await;
    let contact = world.find(id).await.contact.unwrap().id;
    run!(world, tx => messaging::block_contact(&manager, &mut tx, contact)).unwrap();
    assert_eq!(code(world.reply(&agent, id, ReplyBody::text("x")).await), "CONTACT_BLOCKED");
    assert_eq!(code(run!(world, tx => messaging::reopen(&agent, &mut tx, id))), "CONTACT_BLOCKED");
    let (target, _) = world.hears("5531980000017", "oi").await;
    world.sql("update conversations set merged_into_id = (select id from conversations where organization_id = $1 and status <> 'closed' limit 1) where organization_id = $1 and status = 'closed'").await.unwrap();
    let refused = world.reply(&agent, id, ReplyBody::text("x")).await.unwrap_err();
    assert_eq!(
        (refused.code(), refused.extra()["target_id"].as_str()),
        ("CONVERSATION_MERGED", Some(target.to_string().as_str()))
    );
}

#[tokio::test]
async fn who_may_only_look_may_not_write_and_who_may_not_look_sees_nothing() {
    let world = World::new().await;
    let (id, _) = world.hears(ANA, "oi").await;
    let looker = world.person("Leo", &[Permission::MESSAGING_VIEW], Scope::Organization).await;
    assert_eq!(code(world.reply(&looker, id, ReplyBody::text("x")).await), "PERMISSION_DENIED");
    let elsewhere = world.person("Eva", &[Permission::MESSAGING_REPLY], Scope::Units(vec![world.other_unit])).await;
    assert_eq!(code(world.messaging.post(&elsewhere, id, ReplyBody::text("x")).await), "NOT_FOUND");
    let here = world.person("Rui", &[Permission::MESSAGING_REPLY], Scope::Units(vec![world.unit])).await;
    world.says(&here, id, "posso").await;
}

#[tokio::test]
async fn in_simulation_the_message_says_so_for_ever() {
    let world = World::new().await;
    let agent = world.agent("Bia").await;
    let (id, _) = world.hears(ANA, "oi").await;
    world.sql("update channel_accounts set simulation = true where organization_id = $1").await.unwrap();
    assert!(world.reply(&agent, id, ReplyBody::text("x")).await.unwrap().message.simulated);
}
