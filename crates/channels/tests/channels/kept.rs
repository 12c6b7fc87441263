//! What comes in and what waits to go out while an organization is suspended or closing.

use crate::world::{World, number};
use chrono::Duration;
use futures_util::future::join_all;
use identity::organizations::{Mode, StatusChange, change_status};
use kernel::Actor;
use kernel::ids::OrganizationId;
use testkit::graph::webhook::{self, Person};

const SENDERS: usize = 20;

async fn set(world: &World, organization: OrganizationId, change: StatusChange) {
    let mut tx = world.db.tenant(organization).await.unwrap();
    change_status(&world.ctx(organization), &mut tx, change, None, Actor::SYSTEM).await.unwrap();
    tx.commit().await.unwrap();
}

/// The messages `numbers` of all senders in turn, each sender's in order, ten connections at once.
async fn post(world: &World, numbers: std::ops::Range<usize>) {
    let connections = (0..10).map(|connection| {
        let (callback, numbers) = (world.callback(), numbers.clone());
        async move {
            for n in numbers {
                let sender = n % SENDERS;
                if sender % 10 != connection {
                    continue;
                }
                let person = Person::with_phone(&format!("55119900{sender:05}"), "Ana");
                let text = format!("{n:04}");
                // The order of receipt is that of the clock.
                world.clock.advance(Duration::milliseconds(1));
                let body = webhook::text(&number(), &person, &format!("wamid.kept.{n}"), world.clock.now(), &text);
                assert_eq!(callback.post(&webhook::meta_bytes(&body)).await.unwrap(), 200);
            }
        }
    });
    join_all(connections).await;
}

const MESSAGES: &str = "select count(*) from messages where direction = 'inbound'";
const KEPT: &str = "select count(*) from inbound_items where state = 'kept'";

/// Every message once, and in each thread in the order in which it was posted.
async fn all_in_order(world: &World, expected: usize) {
    assert_eq!(world.count(MESSAGES).await, i64::try_from(expected).unwrap());
    let threads = world
        .texts(
            "select string_agg(segments -> 0 ->> 'text', ',' order by seq) from messages where direction = 'inbound'
             group by conversation_id",
        )
        .await;
    assert_eq!(threads.len(), SENDERS);
    let mut all = Vec::new();
    for thread in threads {
        let shown: Vec<&str> = thread.split(',').collect();
        assert!(shown.is_sorted(), "{shown:?}");
        all.extend(shown.into_iter().map(str::to_owned));
    }
    all.sort();
    let posted: Vec<String> = (0..expected).map(|n| format!("{n:04}")).collect();
    assert_eq!(all, posted);
}

#[tokio::test]
async fn check_24_a_blocked_organization_keeps_1000_webhooks_and_shows_all_once_and_in_order_when_it_is_back() {
    let world = World::new().await;
    let organization = world.organization().await;
    world.account(organization).await;
    set(&world, organization, StatusChange::Suspend(Mode::Blocked)).await;
    post(&world, 0..1_000).await;
    world.drain().await;
    assert_eq!((world.count(MESSAGES).await, world.count(KEPT).await), (0, 1_000));
    assert_eq!(world.count("select count(*) from jobs").await, 0, "nothing asks again and again");
    set(&world, organization, StatusChange::Activate).await;
    // What comes in before the kept ones ran waits behind them.
    post(&world, 1_000..1_040).await;
    world.drain().await;
    all_in_order(&world, 1_040).await;
    assert_eq!(world.count(KEPT).await, 0);
    post(&world, 1_040..1_060).await;
    world.drain().await;
    all_in_order(&world, 1_060).await;
    assert_eq!(world.count("select count(*) from dead_jobs").await, 0);
}

#[tokio::test]
async fn what_waited_when_it_was_blocked_stays_first() {
    let world = World::new().await;
    let organization = world.organization().await;
    world.account(organization).await;
    post(&world, 0..40).await;
    world.split().await;
    set(&world, organization, StatusChange::Suspend(Mode::Blocked)).await;
    world.drain().await;
    assert_eq!((world.count(MESSAGES).await, world.count(KEPT).await), (0, 0));
    post(&world, 40..80).await;
    world.drain().await;
    assert_eq!(world.count(KEPT).await, 40);
    set(&world, organization, StatusChange::Activate).await;
    world.drain_for(Duration::minutes(1)).await;
    all_in_order(&world, 80).await;
}

#[tokio::test]
async fn resuming_and_storing_at_once_lose_and_reorder_nothing() {
    let world = World::new().await;
    let organization = world.organization().await;
    world.account(organization).await;
    set(&world, organization, StatusChange::Close).await;
    post(&world, 0..200).await;
    world.drain().await;
    assert_eq!(world.count(KEPT).await, 200);
    set(&world, organization, StatusChange::Activate).await;
    let working = async {
        for _ in 0..5 {
            world.drain().await;
        }
    };
    tokio::join!(post(&world, 200..400), working);
    world.drain().await;
    all_in_order(&world, 400).await;
    // Blocked again in the middle of it, and back.
    set(&world, organization, StatusChange::Suspend(Mode::Blocked)).await;
    post(&world, 400..500).await;
    world.drain().await;
    set(&world, organization, StatusChange::Activate).await;
    set(&world, organization, StatusChange::Suspend(Mode::Blocked)).await;
    world.drain().await;
    assert_eq!(world.count(KEPT).await, 100);
    set(&world, organization, StatusChange::Activate).await;
    world.drain().await;
    all_in_order(&world, 500).await;
}

#[tokio::test]
async fn a_read_only_organization_shows_what_comes_in_at_once() {
    let world = World::new().await;
    let organization = world.organization().await;
    world.account(organization).await;
    set(&world, organization, StatusChange::Suspend(Mode::ReadOnly)).await;
    post(&world, 0..40).await;
    world.drain().await;
    all_in_order(&world, 40).await;
    assert_eq!(world.count(KEPT).await, 0);
}

#[tokio::test]
async fn old_contents_are_forgotten_but_not_what_is_kept() {
    let world = World::new().await;
    let organization = world.organization().await;
    world.account(organization).await;
    set(&world, organization, StatusChange::Suspend(Mode::Blocked)).await;
    post(&world, 0..20).await;
    world.drain().await;
    world.clock.advance(Duration::days(50));
    world
        .run(
            "insert into jobs (lane, organization_id, kind, payload, run_at, request_id, created_at)
             values (1, '00000000-0000-0000-0000-000000000000', 'channels.forget_inbound', 'null', now() - interval '1 year', 'test', now())",
        )
        .await;
    world.drain().await;
    assert_eq!(world.count("select count(*) from inbound_raw").await, 0);
    set(&world, organization, StatusChange::Activate).await;
    world.drain().await;
    all_in_order(&world, 20).await;
}
