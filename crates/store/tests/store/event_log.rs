//! A reader never skips an event whose transaction commits late (overview, spine 2).

use crate::house::{House, event};
use std::collections::HashSet;
use store::PlatformReason;
use store::log::{self, Position};

async fn read_all(house: &House, from: Position, seen: &mut Vec<i64>) -> Position {
    let mut position = from;
    loop {
        let mut tx = house.db.platform(PlatformReason::EventLog).await.unwrap();
        let events = log::after(&mut tx, position, 7).await.unwrap();
        tx.commit().await.unwrap();
        let Some(last) = events.last() else { return position };
        position = last.position;
        seen.extend(events.iter().filter_map(|event| event.data["n"].as_i64()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_commit_is_read_and_nothing_twice() {
    let house = House::new().await;
    let organization = house.organization().await;
    let ctx = house.ctx(organization);
    let mut seen = Vec::new();

    // The slow transaction begins to write first and commits last.
    let mut slow = house.db.tenant(organization).await.unwrap();
    sqlx::query("select pg_current_xact_id()").execute(slow.conn()).await.unwrap();
    slow.append(&ctx, event(0));
    for n in 1..=5 {
        house.append(organization, n).await.unwrap();
    }
    let position = read_all(&house, Position::default(), &mut seen).await;
    assert_eq!(seen, Vec::<i64>::new(), "nothing at or after the running transaction is shown yet");
    slow.commit().await.unwrap();
    house.settle().await;
    read_all(&house, position, &mut seen).await;
    assert_eq!(seen, [1, 2, 3, 4, 5, 0], "the late one stands where it was written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interleaved_slow_writers_lose_no_event() {
    let house = std::sync::Arc::new(House::new().await);
    let organization = house.organization().await;
    let (writers, each) = (5, 60);
    let mut tasks = Vec::new();
    for writer in 0..writers {
        let house = house.clone();
        tasks.push(tokio::spawn(async move {
            for n in 0..each {
                let mut tx = house.db.tenant(organization).await.unwrap();
                // Takes its transaction id now and holds it for a while, differently each time.
                sqlx::query("select pg_current_xact_id(), pg_sleep($1)")
                    .bind(f64::from((writer * 7 + n) % 5) / 1000.0)
                    .execute(tx.conn())
                    .await
                    .unwrap();
                tx.append(&house.ctx(organization), event(i64::from(writer * each + n)));
                tx.commit().await.unwrap();
            }
        }));
    }
    let mut seen = Vec::new();
    let mut position = Position::default();
    while !tasks.iter().all(tokio::task::JoinHandle::is_finished) {
        position = read_all(&house, position, &mut seen).await;
        tokio::task::yield_now().await;
    }
    for task in tasks {
        task.await.unwrap();
    }
    house.settle().await;
    read_all(&house, position, &mut seen).await;
    let total = (writers * each) as usize;
    assert_eq!(seen.len(), total, "each exactly once");
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), total);
}

#[tokio::test]
async fn an_organization_reads_its_own_events_only() {
    let house = House::new().await;
    let (ours, theirs) = (house.organization().await, house.organization().await);
    house.append(ours, 1).await.unwrap();
    house.append(theirs, 2).await.unwrap();
    house.settle().await;
    let mut tx = house.db.tenant(ours).await.unwrap();
    let events = log::in_organization(&mut tx, Position::default(), 10).await.unwrap();
    assert_eq!(events.len(), 1);
    let data: serde_json::Value = serde_json::from_str(events[0].data.get()).unwrap();
    assert_eq!((events[0].organization_id, data["n"].as_i64()), (ours, Some(1)));
}

#[tokio::test]
async fn a_place_too_far_behind_or_too_old_is_told() {
    let house = House::new().await;
    let organization = house.organization().await;
    for n in 0..4 {
        house.append(organization, n).await.unwrap();
    }
    let now = house.clock.now();
    let day = chrono::Duration::days(1);
    let mut tx = house.db.tenant(organization).await.unwrap();
    let start = Some(Position::default());
    assert!(log::organization_tail(&mut tx, start, now - day, 4).await.unwrap().1);
    assert!(!log::organization_tail(&mut tx, start, now - day, 3).await.unwrap().1, "more behind than allowed");
    assert!(!log::organization_tail(&mut tx, start, now + day, 9).await.unwrap().1, "older than allowed");
    assert!(!log::organization_tail(&mut tx, None, now - day, 9).await.unwrap().1);
}

#[tokio::test]
async fn events_of_an_undone_transaction_are_not_in_the_log() {
    let house = House::new().await;
    let organization = house.organization().await;
    let ctx = house.ctx(organization);
    let mut tx = house.db.tenant(organization).await.unwrap();
    tx.append(&ctx, event(1));
    drop(tx);
    let mut tx = house.db.tenant(organization).await.unwrap();
    tx.append(&ctx, event(2));
    let part = tx.savepoint().await.unwrap();
    tx.append(&ctx, event(3));
    tx.undo_to_savepoint(part).await.unwrap();
    tx.commit().await.unwrap();
    house.settle().await;
    let mut seen = Vec::new();
    read_all(&house, Position::default(), &mut seen).await;
    assert_eq!(seen, [2]);
}
