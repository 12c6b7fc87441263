//! From stored bodies to effects: every item once, in order, poison apart, unowned numbers kept.

use crate::fixtures;
use crate::world::{Who, World, number, other_number};
use axum::http::Method;
use channels::connector::InboundKind;
use channels::whatsapp::normalize::normalize;
use chrono::Duration;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use testkit::graph::webhook::{self, Person, item};

/// Everything posted five times in shuffled order from eight connections.
async fn post_all(world: &World, bodies: &[Vec<u8>]) {
    let mut order: Vec<usize> = (0..bodies.len() * 5).map(|n| n % bodies.len()).collect();
    let mut random: u64 = 42;
    for last in (1..order.len()).rev() {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(last, usize::try_from(random >> 33).unwrap() % (last + 1));
    }
    let connections = (0..8).map(|connection| {
        let callback = world.callback();
        let mine: Vec<&[u8]> = order.iter().skip(connection).step_by(8).map(|n| bodies[*n].as_slice()).collect();
        async move {
            for body in mine {
                assert_eq!(callback.post(body).await.unwrap(), 200);
            }
        }
    });
    futures_util::future::join_all(connections).await;
}

#[tokio::test]
async fn every_fixture_five_times_shuffled_is_applied_once() {
    let world = World::new().await;
    let organization = world.organization().await;
    world.account(organization).await;
    world.account_of(organization, &other_number(), true).await;
    let bodies: Vec<Vec<u8>> = fixtures::webhooks().into_iter().map(|(_, bytes)| bytes).collect();
    post_all(&world, &bodies).await;
    assert_eq!(
        world.count("select count(*) from inbound_raw where state = 'stored'").await,
        i64::try_from(bodies.len()).unwrap()
    );

    let mut items = BTreeSet::new();
    let mut messages = BTreeSet::new();
    for event in bodies.iter().flat_map(|body| normalize(body)) {
        let Some(account) = event.account_external_id.clone() else { continue };
        items.insert((account.clone(), event.dedupe_key.clone()));
        match &event.kind {
            InboundKind::Message(message) => messages.insert((account, "inbound", message.external_id.clone())),
            InboundKind::Echo(message) => messages.insert((account, "outbound", message.external_id.clone())),
            _ => true,
        };
    }
    world.drain_for(Duration::minutes(10)).await;
    assert_eq!(world.count("select count(*) from inbound_raw where state not in ('processed', 'ignored')").await, 0);
    assert_eq!(world.count("select count(*) from inbound_items").await, i64::try_from(items.len()).unwrap());
    let unfinished = world
        .texts(
            "select kind || ': ' || coalesce(error, '') from inbound_items where state not in ('processed', 'ignored')",
        )
        .await;
    assert_eq!(unfinished, Vec::<String>::new());
    let stored = world.count("select count(*) from message_external_ids").await;
    assert_eq!(stored, i64::try_from(messages.len()).unwrap());
    assert_eq!(world.count("select count(*) from dead_jobs").await, 0);
    let holes = "select count(*) from (select conversation_id from messages group by 1 having max(seq) <> count(*) or min(seq) <> 1) holes";
    assert_eq!(world.count(holes).await, 0, "seq has no holes");

    // Once more, everything: nothing changes.
    let before = world.texts("select id::text || status || coalesce(delivery::text, '') from (select id, coalesce(status, '') status, delivery from messages order by id) m").await;
    world.run("update inbound_raw set state = 'stored'").await;
    world.run("insert into jobs (lane, organization_id, kind, payload, run_at, request_id, created_at) values (0, '00000000-0000-0000-0000-000000000000', 'channels.split_inbound', 'null', now() - interval '2 years', 'test', now())").await;
    world.run("insert into jobs (lane, organization_id, kind, payload, run_at, request_id, created_at) select 0, organization_id, 'channels.apply_item', jsonb_build_object('item_id', id), now() - interval '2 years', 'test', now() from inbound_items").await;
    world.drain_for(Duration::minutes(10)).await;
    let after = world.texts("select id::text || status || coalesce(delivery::text, '') from (select id, coalesce(status, '') status, delivery from messages order by id) m").await;
    assert_eq!(before, after);
}

#[tokio::test]
async fn one_poisoned_item_of_a_batch_holds_nobody() {
    let world = World::new().await;
    let organization = world.organization().await;
    let account = world.account(organization).await;
    let people: Vec<Person> = (0..20).map(|n| Person::with_phone(&format!("55119900001{n:02}"), "Paciente")).collect();
    let items = people
        .iter()
        .enumerate()
        .map(|(n, person)| item(person, &format!("wamid.{n}"), world.clock.now(), "text", json!({"body": "oi"})));
    assert_eq!(world.post(&webhook::messages(&number(), &people, items.collect())).await, 200);
    world.split().await;
    world.run("update inbound_items set event_sealed = 'poison'::bytea || event_sealed where position = 7").await;

    world.drain().await;
    assert_eq!(world.count("select count(*) from inbound_items where state = 'processed'").await, 19);
    assert_eq!(world.count("select attempts::bigint from inbound_items where position = 7").await, 1);
    world.drain_for(Duration::minutes(10)).await;
    let dead = "select state || ' ' || attempts || ' ' || error from inbound_items where position = 7";
    assert_eq!(world.texts(dead).await, ["dead 6 INTERNAL_ERROR"]);
    assert_eq!(world.count("select count(*) from dead_jobs where kind = 'channels.apply_item'").await, 1);
    assert_eq!(world.count("select count(*) from events where kind = 'inbound.dead'").await, 1);

    let manager = Who::manager(organization);
    let list = format!("/api/channel-accounts/{}/inbound?state=dead", account.id);
    let found = world.request(Method::GET, &list, &manager, &[], None).await;
    assert_eq!(found.json["data"].as_array().unwrap().len(), 1, "{}", found.json);
    world.run("update inbound_items set event_sealed = substr(event_sealed, 7) where position = 7").await;
    let replay = format!(
        "/api/channel-accounts/{}/inbound/{}/replay",
        account.id,
        found.json["data"][0]["id"].as_str().unwrap()
    );
    for _ in 0..2 {
        assert_eq!(world.request(Method::POST, &replay, &manager, &[], None).await.status, 202);
        world.drain().await;
        assert_eq!(world.count("select count(*) from inbound_items where state = 'processed'").await, 20);
        assert_eq!(
            world.count("select count(*) from messages where direction = 'inbound'").await,
            20,
            "n replays equal one run"
        );
    }
}

#[tokio::test]
async fn what_came_for_a_number_without_owner_is_replayed_at_its_activation() {
    let world = World::new().await;
    let organization = world.organization().await;
    let person = Person::with_phone("5511990000017", "Ana");
    for n in 0..3 {
        let body =
            webhook::text(&number(), &person, &format!("wamid.{n}"), world.clock.now(), &format!("mensagem {n}"));
        assert_eq!(world.post(&body).await, 200);
        world.clock.advance(Duration::seconds(1));
    }
    world.draft(organization, &number(), false).await;
    world.drain().await;
    assert_eq!(world.count("select count(*) from unrouted_items").await, 3);
    assert_eq!(world.count("select count(*) from inbound_items").await, 0, "there is no organization to fall into");
    world.run("update channel_accounts set status = 'archived'").await;
    world.account(organization).await;
    world.drain().await;
    assert_eq!(world.count("select count(*) from unrouted_items").await, 0);
    assert_eq!(world.count("select count(*) from inbound_items where state = 'processed'").await, 3);
    let texts = world.texts("select segments -> 0 ->> 'text' from messages order by seq").await;
    assert_eq!(texts, ["mensagem 0", "mensagem 1", "mensagem 2"], "in order of receipt");
}

#[tokio::test]
async fn a_hundred_first_messages_at_once_are_one_conversation() {
    let world = World::new().await;
    let organization = world.organization().await;
    world.account(organization).await;
    let person = Person::with_phone("5511990000017", "Ana");
    let callback = world.callback();
    let posts = (0..100).map(|n| {
        let body =
            webhook::meta_bytes(&webhook::text(&number(), &person, &format!("wamid.{n}"), world.clock.now(), "oi"));
        let callback = callback.clone();
        async move { callback.post(&body).await.unwrap() }
    });
    let answers = futures_util::future::join_all(posts).await;
    assert!(answers.iter().all(|status| *status == 200));
    // Three nodes work at once.
    let (one, two, three) = (world.workers(), world.workers(), world.workers());
    let (one, two, three) = tokio::join!(one.drain(), two.drain(), three.drain());
    for drained in [one, two, three] {
        drained.unwrap();
    }
    world.drain_for(Duration::minutes(1)).await;
    assert_eq!(world.count("select count(*) from contacts").await, 1);
    assert_eq!(world.count("select count(*) from conversations").await, 1);
    assert_eq!(world.count("select count(*) from messages where direction = 'inbound'").await, 100);
    assert_eq!(world.count("select last_seq from conversations").await, 100);
}

#[tokio::test]
async fn a_crash_between_items_and_body_changes_nothing() {
    let world = World::new().await;
    let organization = world.organization().await;
    world.account(organization).await;
    assert_eq!(world.post_bytes(&fixtures::bytes("batch_mixed_entries_changes.json")).await, 200);
    world.split().await;
    let items = world.count("select count(*) from inbound_items").await;
    let jobs = world.count("select count(*) from jobs where kind = 'channels.apply_item'").await;
    assert!(items > 0 && jobs == items, "{items} {jobs}");
    world.run("update inbound_raw set state = 'stored', processed_at = null").await;
    assert_eq!(world.post(&json!({})).await, 200, "the next webhook brings the job");
    world.split().await;
    assert_eq!(world.count("select count(*) from inbound_items").await, items);
    assert_eq!(world.count("select count(*) from jobs where kind = 'channels.apply_item'").await, jobs);
    assert_eq!(world.count("select count(*) from inbound_raw where state = 'stored'").await, 0);
}

#[tokio::test]
async fn a_body_that_lost_its_job_is_found() {
    let world = World::new().await;
    world.post(&json!({ "n": 1 })).await;
    world.run("delete from jobs").await;
    let sweep = "insert into jobs (lane, organization_id, kind, payload, run_at, request_id, created_at) values (1, '00000000-0000-0000-0000-000000000000', 'channels.sweep_inbound', 'null', '2020-01-01', 'test', now())";
    world.run(sweep).await;
    world.drain().await;
    assert_eq!(world.count("select count(*) from inbound_raw where state = 'stored'").await, 1, "it has just come");
    world.clock.advance(Duration::seconds(16));
    world.run(sweep).await;
    world.drain().await;
    assert_eq!(world.count("select count(*) from inbound_raw where state = 'stored'").await, 0);
}

#[tokio::test]
async fn old_content_is_forgotten_and_its_keys_stay() {
    let world = World::new().await;
    let organization = world.organization().await;
    let account = world.account(organization).await;
    let body = fixtures::bytes("in_text.json");
    world.post_bytes(&body).await;
    world
        .post(&webhook::text(
            &other_number(),
            &Person::with_phone("5511990000017", "Ana"),
            "wamid.x",
            world.clock.now(),
            "oi",
        ))
        .await;
    world.drain().await;
    let forget = "insert into jobs (lane, organization_id, kind, payload, run_at, request_id, created_at) values (1, '00000000-0000-0000-0000-000000000000', 'channels.forget_inbound', 'null', '2020-01-01', 'test', now())";
    world.clock.advance(Duration::days(8));
    world.run(forget).await;
    world.drain().await;
    assert_eq!(
        (
            world.count("select count(*) from unrouted_items").await,
            world.count("select count(*) from inbound_raw").await
        ),
        (0, 2)
    );
    world.clock.advance(Duration::days(24));
    world.run(forget).await;
    world.drain().await;
    assert_eq!(world.count("select count(*) from inbound_raw").await, 0);
    assert_eq!(world.count("select count(*) from inbound_items where event_sealed is not null").await, 0);
    world.post_bytes(&body).await;
    world.drain().await;
    assert_eq!(world.count("select count(*) from inbound_items").await, 1, "a very late repetition is still known");
    let item = world.texts("select id::text from inbound_items").await.remove(0);
    let replay = format!("/api/channel-accounts/{}/inbound/{item}/replay", account.id);
    let gone = world.request(Method::POST, &replay, &Who::manager(organization), &[], None).await;
    assert_eq!((gone.status.as_u16(), gone.json["code"].as_str()), (410, Some("CONTENT_FORGOTTEN")));
}

#[tokio::test]
async fn what_comes_for_an_archived_account_is_kept() {
    let world = World::new().await;
    let organization = world.organization().await;
    let account = world.account(organization).await;
    world.post_bytes(&fixtures::bytes("in_text.json")).await;
    world.split().await;
    let archive = format!("/api/channel-accounts/{}/archive", account.id);
    world.request(Method::POST, &archive, &Who::manager(organization), &[], None).await;
    world.post_bytes(&fixtures::bytes("in_location_venue.json")).await;
    world.drain().await;
    assert_eq!(world.texts("select state || ' ' || error from inbound_items").await, ["ignored account_not_active"]);
    assert_eq!(world.count("select count(*) from unrouted_items").await, 1);
    assert_eq!(world.count("select count(*) from messages").await, 0);
}

#[tokio::test]
async fn groups_history_and_unknown_fields_are_kept_and_not_shown() {
    let world = World::new().await;
    let organization = world.organization().await;
    world.account(organization).await;
    for name in ["in_group_message.json", "history_sync_chunk.json"] {
        world.post_bytes(&fixtures::bytes(name)).await;
    }
    world.drain().await;
    let states: BTreeSet<String> =
        world.texts("select state || ' ' || error from inbound_items").await.into_iter().collect();
    assert_eq!(states, BTreeSet::from(["ignored group".to_owned(), "ignored history".to_owned()]));
    assert_eq!(world.count("select count(*) from messages").await, 0);
}

#[tokio::test]
async fn two_organizations_share_a_body_and_nothing_else() {
    let world = World::new().await;
    let (one, two) = (world.organization().await, world.organization().await);
    world.account(one).await;
    world.account_of(two, &other_number(), true).await;
    let person = Person::with_phone("5511990000017", "Ana");
    let first = webhook::text(&number(), &person, "wamid.1", world.clock.now(), "para a primeira");
    let second = webhook::text(&other_number(), &person, "wamid.2", world.clock.now(), "para a segunda");
    let mut both: Value = first.clone();
    both["entry"].as_array_mut().unwrap().push(second["entry"][0].clone());
    assert_eq!(world.post(&both).await, 200);
    world.drain().await;
    let seen = world.texts("select organization_id::text || (segments -> 0 ->> 'text') from messages order by 1").await;
    let mut expected = vec![format!("{one}para a primeira"), format!("{two}para a segunda")];
    expected.sort();
    assert_eq!(seen, expected);
    assert_eq!(world.count("select count(*) from contacts").await, 2, "one person is a contact of each");
}

#[tokio::test]
async fn one_run_does_the_work_of_all_that_wait() {
    let world = World::new().await;
    for n in 0..10 {
        world.post(&json!({ "n": n })).await;
    }
    let split = "select count(*) from jobs where kind = 'channels.split_inbound'";
    assert_eq!(world.count(split).await, 10, "one after the other, each body brings its job");
    let drained = world.drain().await;
    assert_eq!((drained.done, world.count(split).await), (1, 0));
    assert_eq!(world.count("select count(*) from inbound_raw where state = 'stored'").await, 0);
}
