//! The queue: lanes, fairness, keys, pauses, heartbeat, dead letters, schedules, lost workers.

use crate::house::House;
use chrono::{Duration, TimeDelta};
use kernel::ids::OrganizationId;
use kernel::{Error, ErrorKind};
use proptest::prelude::*;
use std::sync::{Arc, Mutex};
use store::jobs::{
    Adder, Backoff, Every, JobKind, JobOutcome, Lane, NewJob, Schedule, Schedules, WorkerLimits, Workers, list_dead,
    replay_dead,
};
use store::{Database, PlatformReason};

const TEN_SECONDS: &[Duration] = &[TimeDelta::seconds(10)];

type Ran = Arc<Mutex<Vec<(OrganizationId, i64)>>>;

fn noting(ran: &Ran) -> JobKind {
    let ran = ran.clone();
    JobKind::new("test.note", move |job| {
        let ran = ran.clone();
        async move {
            ran.lock().unwrap().push((job.organization_id, job.parse::<i64>()?));
            Ok(JobOutcome::Done)
        }
    })
}

async fn add(house: &House, organization: OrganizationId, jobs: impl IntoIterator<Item = NewJob>) {
    let mut tx = house.db.tenant(organization).await.unwrap();
    for job in jobs {
        tx.enqueue(&house.ctx(organization), job);
    }
    tx.commit().await.unwrap();
}

fn note(n: i64) -> NewJob {
    NewJob::new(Lane::Default, "test.note", &n)
}

async fn dead(db: &Database) -> Vec<store::jobs::DeadJob> {
    let mut tx = db.platform(PlatformReason::Queue).await.unwrap();
    list_dead(&mut tx, None, 10).await.unwrap()
}

#[tokio::test]
async fn a_job_exists_only_if_its_transaction_commits() {
    let house = House::new().await;
    let organization = house.organization().await;
    let mut tx = house.db.tenant(organization).await.unwrap();
    tx.enqueue(&house.ctx(organization), note(1));
    drop(tx);
    add(&house, organization, [note(2)]).await;
    let ran = Ran::default();
    house.workers(vec![noting(&ran)]).drain().await.unwrap();
    assert_eq!(*ran.lock().unwrap(), [(organization, 2)]);
}

#[tokio::test]
async fn one_organizations_backlog_does_not_starve_another() {
    let house = House::new().await;
    let (many, few) = (house.organization().await, house.organization().await);
    add(&house, many, (0..500).map(note)).await;
    add(&house, few, [note(1), note(2)]).await;
    let ran = Ran::default();
    house.workers(vec![noting(&ran)]).drain().await.unwrap();
    let ran = ran.lock().unwrap();
    let last_of_few = ran.iter().rposition(|(organization, _)| *organization == few).unwrap();
    assert_eq!(ran.len(), 502);
    assert!(last_of_few < 50, "both jobs of the small one ran in the first batch, not after 500: {last_of_few}");
}

#[tokio::test]
async fn the_interactive_lane_does_not_wait_for_bulk() {
    let house = House::new().await;
    let organization = house.organization().await;
    add(&house, organization, (0..100).map(|n| NewJob::new(Lane::Bulk, "test.note", &n))).await;
    add(&house, organization, [NewJob::new(Lane::Interactive, "test.note", &1_000)]).await;
    let ran = Ran::default();
    house.workers(vec![noting(&ran)]).drain().await.unwrap();
    assert_eq!(ran.lock().unwrap()[0].1, 1_000);
}

#[tokio::test]
async fn one_waiting_job_a_unique_key_and_a_new_one_while_it_runs() {
    let house = House::new().await;
    let (a, b) = (house.organization().await, house.organization().await);
    add(&house, a, [note(1).unique("k"), note(2).unique("k"), note(3).unique("other")]).await;
    add(&house, a, [note(4).unique("k")]).await;
    add(&house, b, [note(5).unique("k")]).await;
    let ran = Ran::default();
    house.workers(vec![noting(&ran)]).drain().await.unwrap();
    let mut numbers: Vec<i64> = ran.lock().unwrap().iter().map(|(_, n)| *n).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 3, 5], "the key is taken while a job waits, in its own organization only");
    add(&house, a, [note(6).unique("k")]).await;
    assert_eq!(house.workers(vec![noting(&ran)]).drain().await.unwrap().done, 1, "free again afterwards");
}

#[tokio::test]
async fn jobs_of_one_order_key_keep_their_order_through_a_failure() {
    let house = House::new().await;
    let organization = house.organization().await;
    add(&house, organization, (1..=3).map(|n| note(n).in_order("thread"))).await;
    add(&house, organization, [note(9).in_order("another")]).await;
    let ran = Ran::default();
    let failed_once = Arc::new(Mutex::new(false));
    let inner = noting(&ran);
    let kind = JobKind::new("test.note", move |job| {
        let (inner, failed_once) = (inner.clone(), failed_once.clone());
        async move {
            if job.parse::<i64>()? == 1 && !std::mem::replace(&mut *failed_once.lock().unwrap(), true) {
                return Err(Error::new(ErrorKind::Unavailable, "NOT_NOW", "later"));
            }
            (inner.run)(job).await
        }
    });
    let workers = house.workers(vec![kind]);
    workers.drain().await.unwrap();
    assert_eq!(*ran.lock().unwrap(), [(organization, 9)], "those behind the failed one wait, another key does not");
    house.clock.advance(Duration::seconds(2));
    workers.drain().await.unwrap();
    assert_eq!(ran.lock().unwrap()[1..].iter().map(|(_, n)| *n).collect::<Vec<_>>(), [1, 2, 3]);
}

#[tokio::test]
async fn failures_pause_then_die_and_come_back_by_replay() {
    let house = House::new().await;
    let organization = house.organization().await;
    add(&house, organization, [NewJob::new(Lane::Default, "test.fail", &())]).await;
    let tries = Arc::new(Mutex::new(0));
    let count = tries.clone();
    let kind = JobKind::new("test.fail", move |_| {
        let count = count.clone();
        async move {
            *count.lock().unwrap() += 1;
            Err(Error::new(ErrorKind::Unavailable, "NOT_NOW", "later"))
        }
    })
    .max_attempts(3)
    .backoff(Backoff::Steps(TEN_SECONDS));
    let workers = house.workers(vec![kind]);
    workers.drain().await.unwrap();
    workers.drain().await.unwrap();
    assert_eq!(*tries.lock().unwrap(), 1, "paused");
    for _ in 0..5 {
        house.clock.advance(Duration::seconds(13));
        workers.drain().await.unwrap();
    }
    assert_eq!(*tries.lock().unwrap(), 3);
    let letters = dead(&house.db).await;
    assert_eq!(letters.len(), 1);
    assert!(letters[0].error.contains("NOT_NOW") && letters[0].attempts == 3, "{letters:?}");
    let mut tx = house.db.platform(PlatformReason::Queue).await.unwrap();
    assert_eq!(replay_dead(&mut tx, Some(&[letters[0].id]), house.clock.now()).await.unwrap(), 1);
    tx.commit().await.unwrap();
    workers.drain().await.unwrap();
    assert_eq!(*tries.lock().unwrap(), 4, "with fresh tries");
}

#[tokio::test]
async fn what_cannot_succeed_dies_at_once_and_a_panic_is_a_failure() {
    let house = House::new().await;
    let organization = house.organization().await;
    add(
        &house,
        organization,
        [
            note(0),
            NewJob::new(Lane::Default, "test.note", &"not a number"),
            NewJob::new(Lane::Default, "test.panic", &()),
        ],
    )
    .await;
    let ran = Ran::default();
    #[expect(unreachable_code, reason = "the job only panics")]
    let panics = JobKind::new("test.panic", |_| async {
        panic!("on purpose");
        Ok(JobOutcome::Done)
    })
    .max_attempts(1);
    let drained = house.workers(vec![noting(&ran), panics]).drain().await.unwrap();
    assert_eq!((drained.done, drained.failed.len()), (1, 2));
    assert_eq!(dead(&house.db).await.len(), 2);
}

#[tokio::test]
async fn a_job_over_its_deadline_is_not_run() {
    let house = House::new().await;
    let organization = house.organization().await;
    add(
        &house,
        organization,
        [note(1).until(house.clock.now() + Duration::seconds(5)).at(house.clock.now() + Duration::seconds(10))],
    )
    .await;
    house.clock.advance(Duration::seconds(11));
    let ran = Ran::default();
    house.workers(vec![noting(&ran)]).drain().await.unwrap();
    assert_eq!(ran.lock().unwrap().len(), 0);
    assert!(dead(&house.db).await[0].error.starts_with("DEADLINE"));
}

#[tokio::test]
async fn a_killed_workers_job_runs_again_after_its_lease() {
    let house = House::new().await;
    let organization = house.organization().await;
    add(&house, organization, [note(1)]).await;
    // A worker that takes the job and is never heard of again: its claim is committed, its ending is not.
    let lost = JobKind::new("test.note", |_| std::future::pending());
    let killed = house.workers(vec![lost]);
    let _ = tokio::time::timeout(std::time::Duration::from_millis(300), killed.drain()).await;
    let ran = Ran::default();
    let workers = house.workers(vec![noting(&ran)]);
    workers.drain().await.unwrap();
    assert_eq!(ran.lock().unwrap().len(), 0, "still leased");
    house.clock.advance(Duration::seconds(61));
    workers.drain().await.unwrap();
    assert_eq!(ran.lock().unwrap().len(), 1);
}

/// The heartbeat keeps a long run from being taken twice; a graceful stop lets it end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_run_stays_leased_and_a_stop_waits_for_it() {
    let mut house = House::new().await;
    house.clock = kernel::Clock::system();
    let organization = house.organization().await;
    let starts = Arc::new(Mutex::new(0));
    let (release, gate) = tokio::sync::watch::channel(false);
    let counted = starts.clone();
    let kind = move || {
        let (counted, gate) = (counted.clone(), gate.clone());
        JobKind::new("test.long", move |_| {
            let (counted, mut gate) = (counted.clone(), gate.clone());
            async move {
                *counted.lock().unwrap() += 1;
                gate.wait_for(|open| *open).await.unwrap();
                Ok(JobOutcome::Done)
            }
        })
    };
    let limits = WorkerLimits {
        lease: Duration::seconds(3),
        poll: std::time::Duration::from_millis(20),
        ..WorkerLimits::default()
    };
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut nodes = Vec::new();
    for _ in 0..2 {
        let workers =
            Workers::new(house.db.clone(), house.clock.clone(), house.ids.clone(), vec![kind()], limits.clone());
        let stopped = stopped.clone();
        nodes.push(tokio::spawn(async move { workers.run(stopped).await }));
    }
    add(&house, organization, [NewJob::new(Lane::Interactive, "test.long", &())]).await;
    // More than a lease long: without the heartbeat the other node would take it.
    let renewals = async {
        let mut seen = std::collections::HashSet::new();
        let mut conn = house.superuser().await;
        while seen.len() < 5 {
            let until: Option<chrono::DateTime<chrono::Utc>> =
                sqlx::query_scalar("select run_at from jobs where lease is not null")
                    .fetch_optional(&mut conn)
                    .await
                    .unwrap();
            seen.extend(until);
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), renewals).await.expect("the lease is renewed");
    assert_eq!(*starts.lock().unwrap(), 1);
    stop.send(true).unwrap();
    assert!(!nodes.iter().all(tokio::task::JoinHandle::is_finished));
    release.send(true).unwrap();
    for node in nodes {
        tokio::time::timeout(std::time::Duration::from_secs(10), node).await.expect("stops").unwrap();
    }
    let left: i64 =
        sqlx::query_scalar("select count(*) from jobs").fetch_one(&mut house.superuser().await).await.unwrap();
    assert_eq!((left, *starts.lock().unwrap()), (0, 1), "the run under way ended and was written");
}

#[tokio::test]
async fn a_schedule_fires_once_a_due_time_on_all_nodes() {
    let house = House::new().await;
    let schedule = Schedule { name: "test.tick", lane: Lane::Default, every: Every::Interval(Duration::minutes(5)) };
    let nodes: Vec<Schedules> = (0..2)
        .map(|_| Schedules::new(house.db.clone(), house.clock.clone(), house.ids.clone(), vec![schedule.clone()]))
        .collect();
    let mut fired = Vec::new();
    for _ in 0..3 {
        for node in &nodes {
            fired.push(node.step().await.unwrap());
        }
        house.clock.advance(Duration::minutes(5));
    }
    assert_eq!(fired, [1, 0, 1, 0, 1, 0]);
}

#[test]
fn a_daily_time_follows_the_wall_clock_of_its_zone() {
    let every = Every::DailyAt { hour: 3, minute: 30, zone: "America/Sao_Paulo" };
    let due = every.last_due("2026-11-20T12:00:00Z".parse().unwrap()).unwrap();
    assert_eq!(due.to_rfc3339(), "2026-11-20T06:30:00+00:00");
    let before = every.last_due("2026-11-20T06:29:59Z".parse().unwrap()).unwrap();
    assert_eq!(before.to_rfc3339(), "2026-11-19T06:30:00+00:00");
    // Clocks in New York went back on 2026-11-01: 08:30 UTC, not 07:30.
    let every = Every::DailyAt { hour: 3, minute: 30, zone: "America/New_York" };
    assert_eq!(
        every.last_due("2026-11-01T23:00:00Z".parse().unwrap()).unwrap().to_rfc3339(),
        "2026-11-01T08:30:00+00:00"
    );
}

proptest! {
    #[test]
    fn pauses_grow_to_their_cap_and_spread_by_a_fifth(failures in 1i16..40, fraction in 0.0f64..1.0) {
        let backoff = Backoff::Exponential { first: Duration::seconds(1), most: Duration::minutes(10) };
        let plain = 1_000i64.checked_shl(u32::from(failures.unsigned_abs()) - 1).filter(|ms| failures < 20 && *ms < 600_000).unwrap_or(600_000);
        let pause = backoff.pause(failures, fraction).num_milliseconds();
        prop_assert!(pause >= plain - plain / 5 && pause <= plain + plain / 5, "{pause} against {plain}");
    }
}

#[tokio::test]
async fn jobs_that_stand_alone_are_each_stored_and_a_bad_one_harms_no_other() {
    let house = House::new().await;
    let (a, b) = (house.organization().await, house.organization().await);
    let adder = Adder::new(house.db.clone());
    let ctx = house.ctx(a);
    // A NUL cannot be kept as text: this one spoils the statement it travels in.
    let bad = NewJob::new(Lane::Default, "test.note", &"\0");
    let good = |n: i64| adder.add(if n % 2 == 0 { a } else { b }, &ctx, note(n));
    let (refused, stored) = tokio::join!(adder.add(a, &ctx, bad), futures_util::future::join_all((0..40).map(good)));
    assert!(refused.is_err());
    assert!(stored.iter().all(Result::is_ok), "{stored:?}");
    adder.add(a, &ctx, note(100).unique("k")).await.unwrap();
    adder.add(a, &ctx, note(101).unique("k")).await.unwrap();
    let ran = Ran::default();
    house.workers(vec![noting(&ran)]).drain().await.unwrap();
    let mut ran = ran.lock().unwrap().clone();
    ran.sort_by_key(|(_, n)| *n);
    let mut expected: Vec<_> = (0..40).map(|n| (if n % 2 == 0 { a } else { b }, n)).collect();
    expected.push((a, 100));
    assert_eq!(ran, expected, "each in its own organization, the second of a unique key dropped");
}

/// Workers that run for real, until as many notes have been taken.
async fn worked(house: &House, ran: &Ran, count: usize) {
    let (stop, stopped) = tokio::sync::watch::channel(false);
    // The timer must not do what the wake-ups are for.
    let limits = WorkerLimits { poll: std::time::Duration::from_secs(3_600), ..WorkerLimits::default() };
    let workers = Workers::new(house.db.clone(), house.clock.clone(), house.ids.clone(), vec![noting(ran)], limits);
    let running = tokio::spawn(async move { workers.run(stopped).await });
    let all = async {
        while ran.lock().unwrap().len() < count {
            tokio::task::yield_now().await;
        }
    };
    let done = tokio::time::timeout(std::time::Duration::from_secs(30), all).await;
    stop.send(true).unwrap();
    running.await.unwrap();
    assert!(done.is_ok(), "{} of {count} ran", ran.lock().unwrap().len());
}

/// Each ending must wake for what waits behind it, however additions and endings fall together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ordered_jobs_follow_one_another_without_the_timer() {
    let house = House::new().await;
    let organization = house.organization().await;
    let ran = Ran::default();
    let adding = async {
        for n in 0..150 {
            add(&house, organization, [note(n).in_order(if n % 3 == 0 { "a" } else { "b" })]).await;
        }
    };
    tokio::join!(adding, worked(&house, &ran, 150));
    let ran = ran.lock().unwrap();
    for key in [0, 1] {
        let of_key: Vec<i64> = ran.iter().map(|(_, n)| *n).filter(|n| (n % 3 == 0) == (key == 0)).collect();
        assert!(of_key.is_sorted(), "{of_key:?}");
    }
}

/// A batch is shared out among organizations: that it is not full does not mean that nothing is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_share_that_is_full_is_looked_after_again_without_the_timer() {
    let house = House::new().await;
    let (many, few) = (house.organization().await, house.organization().await);
    add(&house, many, (0..300).map(note)).await;
    add(&house, few, [note(1_000)]).await;
    let ran = Ran::default();
    worked(&house, &ran, 301).await;
}

/// However many wait behind a few keys, the others are found; and still the first of each key comes first.
#[tokio::test]
async fn a_crowd_behind_one_key_hides_nobody() {
    let house = House::new().await;
    let organization = house.organization().await;
    add(&house, organization, (0..600).map(|n| note(n).in_order(if n % 2 == 0 { "a" } else { "b" }))).await;
    house.clock.advance(Duration::seconds(1));
    add(&house, organization, [note(1_000), note(1_001).in_order("c"), note(1_002).in_order("c")]).await;
    let ran = Ran::default();
    assert_eq!(house.workers(vec![noting(&ran)]).drain().await.unwrap().done, 603);
    let ran: Vec<i64> = ran.lock().unwrap().iter().map(|(_, n)| *n).collect();
    let mut first = ran[..4].to_vec();
    first.sort_unstable();
    assert_eq!(first, [0, 1, 1_000, 1_001], "one of each key, and what has none");
    assert_eq!(ran[4..7].iter().filter(|n| **n == 1_002).count(), 1);
    let even: Vec<i64> = ran.iter().copied().filter(|n| *n < 1_000 && n % 2 == 0).collect();
    assert!(even.is_sorted());
}
