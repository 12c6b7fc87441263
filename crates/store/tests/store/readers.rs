//! Durable cursors and dead letters per organization.

use crate::house::{House, event};
use chrono::Duration;
use kernel::Error;
use kernel::ids::OrganizationId;
use std::sync::{Arc, Mutex};
use store::log::{Reader, Readers};

type Heard = Arc<Mutex<Vec<(OrganizationId, i64)>>>;

/// Hears everything; fails on what `poison` picks.
fn reader(heard: &Heard, poison: impl Fn(OrganizationId, i64) -> bool + Send + Sync + 'static) -> Reader {
    let (heard, poison) = (heard.clone(), Arc::new(poison));
    Reader {
        name: "test",
        kinds: vec!["test.happened"],
        run: Arc::new(move |run| {
            let (heard, poison) = (heard.clone(), poison.clone());
            Box::pin(async move {
                let n = run.event.data["n"].as_i64().unwrap();
                if poison(run.event.organization_id, n) {
                    return Err(Error::internal("poison"));
                }
                heard.lock().unwrap().push((run.event.organization_id, n));
                Ok(())
            })
        }),
    }
}

fn readers(house: &House, reader: Reader) -> Readers {
    Readers::new(house.db.clone(), house.clock.clone(), house.ids.clone(), vec![reader])
}

#[tokio::test]
async fn a_poison_event_stops_its_organization_only_and_ends_dead() {
    let house = House::new().await;
    let (sick, well) = (house.organization().await, house.organization().await);
    for n in 1..=3 {
        house.append(sick, n).await.unwrap();
        house.append(well, n).await.unwrap();
    }
    house.settle().await;
    let heard = Heard::default();
    let readers = readers(&house, reader(&heard, move |organization, n| organization == sick && n == 1));
    readers.step().await.unwrap();
    assert_eq!(
        *heard.lock().unwrap(),
        [(well, 1), (well, 2), (well, 3)],
        "the others go on; what waits behind the poison waits"
    );
    for _ in 0..10 {
        house.clock.advance(Duration::seconds(20));
        readers.step().await.unwrap();
    }
    assert_eq!(
        heard.lock().unwrap()[3..],
        [(sick, 2), (sick, 3)],
        "after its tries the poison is set aside and the rest comes in order"
    );
    let dead: Vec<(String, i32)> = sqlx::query_as("select state, attempts from reader_backlog")
        .fetch_all(&mut house.superuser().await)
        .await
        .unwrap();
    assert_eq!(dead, [("dead".to_owned(), 5)]);
}

#[tokio::test]
async fn a_restart_goes_on_where_it_stopped() {
    let house = House::new().await;
    let organization = house.organization().await;
    house.append(organization, 1).await.unwrap();
    house.settle().await;
    let heard = Heard::default();
    readers(&house, reader(&heard, |_, _| false)).step().await.unwrap();
    house.append(organization, 2).await.unwrap();
    house.settle().await;
    let second = readers(&house, reader(&heard, |_, _| false));
    second.step().await.unwrap();
    assert_eq!(heard.lock().unwrap().len(), 1, "the first node still holds the lease");
    house.clock.advance(Duration::seconds(31));
    second.step().await.unwrap();
    assert_eq!(*heard.lock().unwrap(), [(organization, 1), (organization, 2)]);
}

/// Hears one kind under one name.
fn named(name: &'static str, kinds: Vec<&'static str>, heard: &Heard) -> Reader {
    Reader { name, kinds, ..reader(heard, |_, _| false) }
}

#[tokio::test]
async fn of_kinds_that_nobody_hears_only_the_place_is_kept() {
    let house = House::new().await;
    let organization = house.organization().await;
    let ctx = house.ctx(organization);
    // More than one look's worth, most of it of no interest.
    for n in 0..5 {
        let mut tx = house.db.tenant(organization).await.unwrap();
        for _ in 0..700 {
            tx.append(&ctx, kernel::NewEvent { kind: "test.passed", ..event(-1) });
        }
        tx.append(&ctx, event(n));
        tx.commit().await.unwrap();
    }
    house.settle().await;
    let heard = Heard::default();
    let readers = readers(&house, reader(&heard, |_, _| false));
    let mut steps = 0;
    while readers.step().await.unwrap() > 0 {
        steps += 1;
    }
    assert_eq!(*heard.lock().unwrap(), (0..5).map(|n| (organization, n)).collect::<Vec<_>>());
    assert!(steps >= 2, "a step looks at a bounded part of the log");
    let (cursor, last): (i64, i64) =
        sqlx::query_as("select (select txid from reader_cursors), (select max(txid) from events)")
            .fetch_one(&mut house.superuser().await)
            .await
            .unwrap();
    assert!(cursor >= last, "the place lies behind everything that was looked at");
}

#[tokio::test]
async fn readers_at_different_places_each_hear_everything_once() {
    let house = House::new().await;
    let organization = house.organization().await;
    let (early, late, other) = (Heard::default(), Heard::default(), Heard::default());
    let make = |readers| Readers::new(house.db.clone(), house.clock.clone(), house.ids.clone(), readers);
    house.append(organization, 1).await.unwrap();
    house.settle().await;
    let first = make(vec![named("early", vec!["test.happened"], &early)]);
    first.step().await.unwrap();
    // A later version of the product brings more readers; the node before it is gone.
    house.clock.advance(Duration::seconds(31));
    let second = make(vec![
        named("early", vec!["test.happened"], &early),
        named("late", vec!["test.happened"], &late),
        named("other", vec!["test.other"], &other),
    ]);
    house.append(organization, 2).await.unwrap();
    house.settle().await;
    while second.step().await.unwrap() > 0 {}
    let both = [(organization, 1), (organization, 2)];
    assert_eq!(*early.lock().unwrap(), both);
    assert_eq!(*late.lock().unwrap(), both);
    assert!(other.lock().unwrap().is_empty());
    house.clock.advance(Duration::seconds(1));
    assert_eq!(first.step().await.unwrap(), 0, "the other node has the lease");
}
