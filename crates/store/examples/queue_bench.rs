//! Measures the queue: no-op jobs, enqueue to done, as the reference queues are measured. Prints a JSON line a measurement.
//!
//! `queue_bench COUNT` with `DATABASE_URL` of a superuser: makes a database of its own and drops it. Four measurements:
//! one job a call, 50 calls at once; the same with a transaction of its own for each; 500 jobs a transaction; and one
//! job at a time, waiting for its start each time.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a measuring program, not part of the product"
)]

use kernel::ids::OrganizationId;
use kernel::{Clock, Ctx, Ids};
use secrecy::SecretString;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use store::jobs::{Adder, JobKind, JobOutcome, Lane, NewJob, WorkerLimits, Workers};
use store::{Database, Migrations, PoolLimits};
use tokio::sync::Notify;

const NAME: &str = "balcao_queue_bench";

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let count: usize = args.next().and_then(|count| count.parse().ok()).unwrap_or(5_000);
    let server = PgConnectOptions::from_str(&std::env::var("DATABASE_URL").unwrap()).unwrap();
    for measurement in ["single", "own-tx", "bulk", "idle"] {
        let bench = Bench::prepare(&server).await;
        match measurement {
            "single" => bench.throughput("balcao", count, 50, Add::Alone).await,
            "own-tx" => bench.throughput("balcao-own-tx", count, 50, Add::Transaction(1)).await,
            "bulk" => bench.throughput("balcao-bulk", count, 4, Add::Transaction(500)).await,
            _ => bench.idle(count.min(200)).await,
        }
        bench.db.close().await;
    }
    let mut admin = server.connect().await.unwrap();
    admin.execute(AssertSqlSafe(format!("drop database if exists {NAME} with (force)"))).await.unwrap();
}

/// How jobs are added.
#[derive(Clone, Copy)]
enum Add {
    /// One job a call, through the shared adder.
    Alone,
    /// So many jobs in a transaction.
    Transaction(usize),
}

struct Bench {
    db: Database,
    adder: Adder,
    ctx: Ctx,
    organization_id: OrganizationId,
    started: Instant,
    /// Microseconds since the start, from enqueue to the run, of each job.
    waits: Arc<Mutex<Vec<u64>>>,
    done: Arc<AtomicUsize>,
    changed: Arc<Notify>,
}

impl Bench {
    async fn prepare(server: &PgConnectOptions) -> Self {
        let mut admin = server.clone().connect().await.unwrap();
        admin.execute(AssertSqlSafe(format!("drop database if exists {NAME} with (force)"))).await.unwrap();
        admin.execute(AssertSqlSafe(format!("create database {NAME}"))).await.unwrap();
        let at = server.clone().database(NAME);
        let mut migrations = Migrations::connect(&at).await.unwrap();
        let password = "for-measuring-only";
        migrations.ensure_roles(&SecretString::from(password), &SecretString::from(password)).await.unwrap();
        migrations.up().await.unwrap();
        let app = at.clone().username("balcao_app").password(password);
        let worker = at.username("balcao_worker").password(password);
        let (clock, ids) = (Clock::system(), Ids::system());
        let organization_id: OrganizationId = ids.sortable(clock.now());
        let db = Database::new(app, worker, &PoolLimits::default());
        Self {
            adder: Adder::new(db.clone()),
            db,
            ctx: Ctx::system(organization_id, clock, ids, "bench".into()),
            organization_id,
            started: Instant::now(),
            waits: Arc::default(),
            done: Arc::default(),
            changed: Arc::default(),
        }
    }

    fn kind(&self) -> JobKind {
        let (started, waits, done, changed) =
            (self.started, self.waits.clone(), self.done.clone(), self.changed.clone());
        JobKind::new("bench.noop", move |job| {
            let (waits, done, changed) = (waits.clone(), done.clone(), changed.clone());
            async move {
                let added: u64 = job.parse()?;
                waits.lock().unwrap().push(micros(started).saturating_sub(added));
                done.fetch_add(1, Ordering::Relaxed);
                changed.notify_one();
                Ok(JobOutcome::Done)
            }
        })
    }

    async fn add(&self, add: Add) {
        let job = || NewJob::new(Lane::Interactive, "bench.noop", &micros(self.started));
        match add {
            Add::Alone => self.adder.add(self.organization_id, &self.ctx, job()).await.unwrap(),
            Add::Transaction(jobs) => {
                let mut tx = self.db.tenant(self.organization_id).await.unwrap();
                for _ in 0..jobs {
                    tx.enqueue(&self.ctx, job());
                }
                tx.commit().await.unwrap();
            }
        }
    }

    fn start(&self) -> (tokio::sync::watch::Sender<bool>, tokio::task::JoinHandle<()>) {
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let workers = Workers::new(
            self.db.clone(),
            self.ctx.clock.clone(),
            self.ctx.ids.clone(),
            vec![self.kind()],
            WorkerLimits::default(),
        );
        (stop, tokio::spawn(async move { workers.run(stopped).await }))
    }

    async fn throughput(&self, peer: &str, count: usize, adders: usize, add: Add) {
        let batch = match add {
            Add::Alone => 1,
            Add::Transaction(jobs) => jobs,
        };
        let (stop, workers) = self.start();
        let begin = Instant::now();
        let left = Arc::new(AtomicUsize::new(count / batch));
        let adding = (0..adders).map(|_| async {
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
                self.add(add).await;
            }
        });
        futures_util::future::join_all(adding).await;
        let added = begin.elapsed();
        let total = count / batch * batch;
        self.wait_for(total).await;
        let done = begin.elapsed();
        // The stop waits until the endings are written: done means durable.
        stop.send(true).unwrap();
        workers.await.unwrap();
        let durable = begin.elapsed().max(done);
        let (p50, p99) = self.quantiles();
        let rate = |elapsed: Duration| (total as f64 / elapsed.as_secs_f64()).round();
        println!(
            "{{\"job\":\"queue\",\"peer\":\"{peer}\",\"jobs\":{total},\"add_per_s\":{},\"done_per_s\":{},\"p50_ms\":{p50:.2},\"p99_ms\":{p99:.2}}}",
            rate(added),
            rate(durable)
        );
    }

    async fn idle(&self, count: usize) {
        let (stop, workers) = self.start();
        for n in 0..count {
            self.add(Add::Transaction(1)).await;
            self.wait_for(n + 1).await;
        }
        let before = cpu_ticks();
        let idle = Instant::now();
        tokio::time::sleep(Duration::from_secs(5)).await;
        let percent = (cpu_ticks() - before) as f64 / idle.elapsed().as_secs_f64();
        stop.send(true).unwrap();
        workers.await.unwrap();
        let (p50, p99) = self.quantiles();
        println!(
            "{{\"job\":\"queue-idle\",\"peer\":\"balcao\",\"jobs\":{count},\"p50_ms\":{p50:.2},\"p99_ms\":{p99:.2},\"idle_cpu_pct\":{percent:.2}}}"
        );
    }

    async fn wait_for(&self, count: usize) {
        while self.done.load(Ordering::Relaxed) < count {
            let _ = tokio::time::timeout(Duration::from_millis(100), self.changed.notified()).await;
        }
    }

    fn quantiles(&self) -> (f64, f64) {
        let mut waits = self.waits.lock().unwrap().clone();
        waits.sort_unstable();
        let at = |q: usize| waits.get(waits.len() * q / 100).copied().unwrap_or_default() as f64 / 1_000.0;
        (at(50), at(99))
    }
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// CPU of this process in hundredths of a second.
fn cpu_ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |field: usize| fields.get(field).and_then(|ticks| ticks.parse::<u64>().ok()).unwrap_or_default();
    // utime and stime: fields 14 and 15 of proc(5), counted from the state after the command's name.
    ticks(11) + ticks(12)
}
