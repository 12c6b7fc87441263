//! Inbound: one contact, one thread, each item once; reopening, blocking, clocks, the window.

use crate::harness::{World, patiently};
use crate::run;
use chrono::Duration;
use futures_util::future::join_all;
use messaging::content::{MediaRef, MessageKind, Segment};
use messaging::{ConversationStatus, Received, close};
use std::collections::HashSet;
use std::sync::Arc;

const ANA: &str = "5511990000017";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_first_messages_at_once_make_one_contact_and_one_conversation() {
    let world = Arc::new(World::new().await);
    let all = (0..100).map(|n| {
        let world = world.clone();
        tokio::spawn(async move {
            let mut inbound = world.inbound(ANA, &format!("wamid.{n}"), "oi");
            // Half of them write the old form without the ninth digit, some bring no business-scoped id.
            if n % 2 == 0 {
                inbound.contact.phone_raw = Some("551190000017".to_owned());
            }
            if n % 5 == 0 {
                inbound.contact.bsuid = None;
            }
            patiently(|| world.receive(inbound.clone())).await
        })
    });
    let conversations: HashSet<_> = join_all(all)
        .await
        .into_iter()
        .map(|done| match done.unwrap() {
            Received::Stored { conversation_id, .. } => conversation_id,
            Received::Duplicate => panic!("all ids differ"),
        })
        .collect();
    assert_eq!(conversations.len(), 1);
    assert_eq!(world.count("select count(*) from contacts where organization_id = $1").await, 1);
    assert_eq!(world.count("select count(*) from conversations where organization_id = $1").await, 1);
    assert_eq!(world.count("select count(*) from messages where organization_id = $1").await, 100);
    assert_eq!(world.count("select max(seq) - min(seq) + 1 from messages where organization_id = $1").await, 100);
    assert_eq!(world.count("select count(*) from contact_identities where organization_id = $1").await, 2);
    assert_eq!(
        world.count("select count(distinct address_id) from contact_identities where organization_id = $1").await,
        1
    );
    assert_eq!(world.events().await.iter().filter(|kind| *kind == "contact.created").count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_item_applied_five_times_at_once_is_one_message_and_one_event() {
    let world = Arc::new(World::new().await);
    let all = (0..5).map(|_| {
        let world = world.clone();
        tokio::spawn(async move { patiently(|| world.receive(world.inbound(ANA, "wamid.same", "oi"))).await })
    });
    let done: Vec<_> = join_all(all).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(done.iter().filter(|done| **done == Received::Duplicate).count(), 4);
    assert_eq!(world.count("select count(*) from messages where organization_id = $1").await, 1);
    let events = world.events().await;
    assert_eq!(events.iter().filter(|kind| *kind == "message.created").count(), 1);
    assert_eq!(events.iter().filter(|kind| *kind == "conversation.created").count(), 1);
}

#[tokio::test]
async fn a_first_message_opens_a_thread_in_the_accounts_unit_with_number_window_and_clock() {
    let world = World::new().await;
    let (first, message) = world.hears(ANA, "oi").await;
    let (second, _) = world.hears("5531980000017", "bom dia").await;
    let shown = world.find(first).await;
    assert_eq!((shown.number, world.find(second).await.number), (1, 2));
    assert_eq!(shown.status, ConversationStatus::Open);
    assert_eq!((shown.unit_id, shown.owner_id, shown.last_seq), (Some(world.unit), None, 1));
    assert_eq!((shown.waiting_since, shown.last_inbound_at), (Some(world.clock.now()), Some(world.clock.now())));
    let window = shown.window.unwrap();
    assert_eq!(window.closes_at, world.clock.now() + Duration::hours(24));
    assert_eq!(window.evidence_message_id, Some(message));
    let contact = shown.contact.unwrap();
    assert_eq!((contact.name.as_str(), contact.address.as_deref()), ("Ana Souza", Some("+5511990000017")));
    let kinds = world.events().await;
    assert_eq!(
        kinds[..5],
        [
            "contact.created",
            "contact.identity_added",
            "contact.identity_added",
            "conversation.created",
            "message.created"
        ]
    );
}

#[tokio::test]
async fn without_a_unit_the_fallback_unit_takes_it() {
    let world = World::new().await;
    let mut inbound = world.inbound(ANA, "w1", "oi");
    inbound.account.unit_id = None;
    let Received::Stored { conversation_id, .. } = world.receive(inbound).await.unwrap() else { panic!() };
    assert_eq!(world.find(conversation_id).await.unit_id, Some(world.unit));
}

#[tokio::test]
async fn the_second_message_does_not_move_the_clock_and_neither_do_notes() {
    let world = World::new().await;
    let (id, _) = world.hears(ANA, "oi").await;
    let since = world.clock.now();
    world.hours(1);
    world.hears(ANA, "alguém?").await;
    let agent = world.agent("Bia").await;
    let mut tx = world.tx().await;
    let author = world.authors.of(&agent, &mut tx).await.unwrap();
    let body =
        messaging::NoteBody { client_id: None, text: "ligar depois".to_owned(), reply_to: None, on_behalf_of: None };
    messaging::note(&agent, &mut tx, author, id, body).await.unwrap();
    tx.commit().await.unwrap();
    let shown = world.find(id).await;
    assert_eq!((shown.waiting_since, shown.first_response_at, shown.owner_id), (Some(since), None, None));
    assert_eq!((shown.status, shown.last_seq, shown.handled_by.as_str()), (ConversationStatus::Open, 3, "none"));
    world.says(&agent, id, "Olá").await;
    let shown = world.find(id).await;
    assert_eq!((shown.waiting_since, shown.first_response_at), (None, Some(world.clock.now())));
}

#[tokio::test]
async fn the_window_follows_the_providers_time_and_never_the_future() {
    let world = World::new().await;
    let mut inbound = world.inbound(ANA, "w1", "oi");
    inbound.provider_at = Some(world.clock.now() - Duration::hours(2));
    let Received::Stored { conversation_id, .. } = world.receive(inbound).await.unwrap() else { panic!() };
    assert_eq!(world.find(conversation_id).await.window.unwrap().closes_at, world.clock.now() + Duration::hours(22));
    let mut late = world.inbound(ANA, "w2", "oi");
    late.provider_at = Some(world.clock.now() + Duration::hours(3));
    world.receive(late).await.unwrap();
    assert_eq!(world.find(conversation_id).await.window.unwrap().closes_at, world.clock.now() + Duration::hours(24));
    let mut old = world.inbound(ANA, "w3", "atrasada");
    old.provider_at = Some(world.clock.now() - Duration::hours(20));
    world.receive(old).await.unwrap();
    assert_eq!(world.find(conversation_id).await.window.unwrap().closes_at, world.clock.now() + Duration::hours(24));
}

#[tokio::test]
async fn a_closed_thread_reopens_inside_72_hours_and_continues_in_a_new_one_after() {
    let world = World::new().await;
    let agent = world.agent("Bia").await;
    let (first, _) = world.hears(ANA, "oi").await;
    run!(world, tx => close(&agent, &mut tx, first, None)).unwrap();
    world.hours(71);
    let (again, _) = world.hears(ANA, "mais uma coisa").await;
    assert_eq!(again, first);
    let shown = world.find(first).await;
    assert_eq!((shown.status, shown.reopened_count, shown.closed_at), (ConversationStatus::Open, 1, None));
    assert_eq!(shown.waiting_since, Some(world.clock.now()));
    run!(world, tx => close(&agent, &mut tx, first, None)).unwrap();
    world.hours(72);
    let (new, _) = world.hears(ANA, "voltei").await;
    assert_ne!(new, first);
    let shown = world.find(new).await;
    assert_eq!((shown.previous_conversation_id, shown.number, shown.last_seq), (Some(first), 2, 1));
    assert_eq!(world.find(first).await.status, ConversationStatus::Closed);
}

#[tokio::test]
async fn a_blocked_contact_is_kept_in_one_silent_thread() {
    let world = World::new().await;
    let manager = world.manager("Gil").await;
    let (first, _) = world.hears(ANA, "oi").await;
    let contact = world.find(first).await.contact.unwrap().id;
    assert!(run!(world, tx => messaging::block_contact(&manager, &mut tx, contact)).unwrap());
    let shown = world.find(first).await;
    assert_eq!((shown.status, shown.status_reason.as_deref()), (ConversationStatus::Closed, Some("blocked")));
    world.hours(1);
    for text in ["por quê?", "oi?"] {
        let (id, _) = world.hears(ANA, text).await;
        assert_eq!(id, first);
    }
    world.hours(100);
    assert_eq!(world.hears(ANA, "oi!").await.0, first);
    let shown = world.find(first).await;
    assert_eq!(
        (shown.status, shown.waiting_since, shown.reopened_count, shown.last_seq),
        (ConversationStatus::Closed, None, 0, 4)
    );
    let silent = world.event_data("message.created").await;
    assert_eq!(silent.iter().filter(|data| data["silent"] == true).count(), 3);
}

#[tokio::test]
async fn what_an_external_agent_holds_moves_nothing() {
    let world = World::new().await;
    let agent = world.agent("Bia").await;
    let (id, _) = world.hears(ANA, "oi").await;
    run!(world, tx => close(&agent, &mut tx, id, None)).unwrap();
    world.hours(1);
    let mut inbound = world.inbound(ANA, "standby", "para o outro");
    inbound.standby = true;
    world.receive(inbound).await.unwrap();
    let shown = world.find(id).await;
    assert_eq!((shown.status, shown.waiting_since, shown.last_seq), (ConversationStatus::Closed, None, 2));
    let mut first = world.inbound("5531980000017", "standby-2", "oi");
    first.standby = true;
    let Received::Stored { conversation_id, .. } = world.receive(first).await.unwrap() else { panic!() };
    let shown = world.find(conversation_id).await;
    assert_eq!((shown.status, shown.thread_control.as_str()), (ConversationStatus::Pending, "external"));
}

#[tokio::test]
async fn media_becomes_attachments_that_are_fetched_and_shown() {
    let world = World::new().await;
    let mut inbound = world.inbound(ANA, "w1", "");
    inbound.kind = MessageKind::Media;
    let media = MediaRef {
        provider_id: Some("777".to_owned()),
        mime_type: Some("image/jpeg".to_owned()),
        url: Some("https://provider.example/x".to_owned()),
        ..MediaRef::default()
    };
    inbound.segments = vec![Segment::Image { media, caption: Some("exame".to_owned()) }];
    let Received::Stored { message_id, .. } = world.receive(inbound).await.unwrap() else { panic!() };
    let message = run!(world, tx => messaging::find_message(&world.system(), &mut tx, message_id)).unwrap();
    let file = &message.attachments[0];
    assert_eq!(
        (file.fetch_status.as_str(), file.name.as_str(), file.mime_type.as_str()),
        ("pending", "image", "image/jpeg")
    );
    assert!(
        message.segments.get().contains(&file.id.to_string()) && !message.segments.get().contains("provider.example")
    );
    assert_eq!(
        world.count("select count(*) from jobs where organization_id = $1 and kind = 'messaging.fetch_media'").await,
        1
    );
    let id = file.id;
    let pending = run!(world, tx => messaging::pending_attachment(&mut tx, id)).unwrap().unwrap();
    assert_eq!((pending.provider_ref.as_str(), pending.channel_account_id), ("777", world.account));
    run!(world, tx => messaging::attachment_failed(&world.system(), &mut tx, id, "MEDIA_GONE", true)).unwrap();
    let message = run!(world, tx => messaging::find_message(&world.system(), &mut tx, message_id)).unwrap();
    assert_eq!(message.attachments[0].fetch_status, "expired");
    assert_eq!(world.events().await.last().unwrap(), "message.updated");
}

#[tokio::test]
async fn a_quote_finds_its_message_or_keeps_the_unknown_id() {
    let world = World::new().await;
    let Received::Stored { message_id, .. } = world.receive(world.inbound(ANA, "w1", "oi")).await.unwrap() else {
        panic!()
    };
    for (n, (quoted, known)) in [("w1", true), ("elsewhere", false)].into_iter().enumerate() {
        let mut inbound = world.inbound(ANA, &format!("quote-{n}"), "isso");
        inbound.reply_to_external_id = Some(quoted.to_owned());
        let Received::Stored { message_id: id, .. } = world.receive(inbound).await.unwrap() else { panic!() };
        let reply_to =
            run!(world, tx => messaging::find_message(&world.system(), &mut tx, id)).unwrap().reply_to.unwrap();
        assert_eq!(reply_to.message_id, known.then_some(message_id));
        assert_eq!(reply_to.external_id.as_deref(), (!known).then_some("elsewhere"));
    }
}

#[tokio::test]
async fn phone_then_id_then_changed_id_then_phone_is_one_contact_and_one_conversation() {
    let world = World::new().await;
    let mut told = world.inbound(ANA, "w1", "1");
    told.contact.bsuid = None;
    world.receive(told).await.unwrap();
    world.receive(world.inbound(ANA, "w2", "2")).await.unwrap();
    let mut hidden = world.inbound(ANA, "w3", "3");
    hidden.contact.phone_raw = None;
    world.receive(hidden).await.unwrap();
    let mut old = world.sender(ANA);
    old.phone_raw = None;
    let new = contacts::Sender { bsuid: Some("BR.new".to_owned()), ..old.clone() };
    for _ in 0..2 {
        run!(world, tx => messaging::apply_identity_change(&world.system(), &mut tx, &world.inbound_account(), &old, &new)).unwrap();
    }
    let mut changed = world.inbound(ANA, "w4", "4");
    changed.contact = new;
    world.receive(changed).await.unwrap();
    let mut phone = world.inbound(ANA, "w5", "5");
    phone.contact.bsuid = None;
    world.receive(phone).await.unwrap();
    assert_eq!(world.count("select count(*) from contacts where organization_id = $1").await, 1);
    assert_eq!(world.count("select count(*) from conversations where organization_id = $1").await, 1);
    // Five messages and one system line.
    assert_eq!(world.count("select count(*) from messages where organization_id = $1").await, 6);
    assert_eq!(world.count("select count(*) from messages where organization_id = $1 and kind = 'system' and direction = 'internal'").await, 1);
}

#[tokio::test]
async fn an_echo_answers_as_a_person_and_takes_the_floor() {
    let world = World::new().await;
    let (id, _) = world.hears(ANA, "oi").await;
    let echo = world.inbound(ANA, "echo-1", "Respondo do celular");
    for round in 0..2 {
        let done = run!(world, tx => messaging::record_echo(&world.system(), &mut tx, echo.clone())).unwrap();
        assert_eq!(done == Received::Duplicate, round == 1);
    }
    let shown = world.find(id).await;
    assert_eq!((shown.status, shown.waiting_since, shown.last_seq), (ConversationStatus::Waiting, None, 2));
    assert_eq!((shown.floor.holder.as_str(), shown.floor.token, shown.handled_by.as_str()), ("person", 2, "human"));
    assert_eq!(world.count("select count(*) from outbound_sends where organization_id = $1").await, 0);
    assert_eq!(
        world
            .count("select count(*) from messages where organization_id = $1 and source = 'phone' and status = 'sent'")
            .await,
        1
    );
}
