//! What runs beside requests: workers, readers, schedules, the hub, the folding of metrics. Each ends on one signal.

use crate::config::{Config, Roles};
use crate::house::House;
use std::time::Duration;
use store::jobs::{Schedules, Workers};
use store::log::Readers;
use telemetry::Metrics;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

/// How often recorded samples are folded when nobody scrapes them.
const FOLD: Duration = Duration::from_secs(10);

/// How long after the start what it used up is given back to the system; more than the second that the allocator keeps
/// freed memory at hand.
const SETTLE: Duration = Duration::from_millis(1_500);

/// The running tasks of a process.
pub struct Tasks {
    tracker: TaskTracker,
    stop: watch::Sender<bool>,
}

impl Tasks {
    /// Starts what the roles ask for.
    pub fn start(config: &Config, house: &House, roles: Roles) -> Self {
        let (stop, stopped) = watch::channel(false);
        let tracker = TaskTracker::new();
        let domains = &house.domains;
        let own = || (domains.db.clone(), domains.clock.clone(), domains.ids.clone());
        if roles.worker {
            let (db, clock, ids) = own();
            let kinds = house.modules.iter().flat_map(|module| module.job_kinds.iter().cloned()).collect();
            let workers = Workers::new(db, clock, ids, kinds, config.workers.clone());
            let stopped = stopped.clone();
            tracker.spawn(async move { workers.run(stopped).await });
            let (db, clock, ids) = own();
            let readers: Vec<_> = house.modules.iter().flat_map(|module| module.readers.iter().cloned()).collect();
            if !readers.is_empty() {
                let readers = Readers::new(db, clock, ids, readers);
                let stopped = stop.subscribe();
                tracker.spawn(async move { readers.run(stopped).await });
            }
        }
        if roles.scheduler {
            let (db, clock, ids) = own();
            let schedules = house.modules.iter().flat_map(|module| module.schedules.iter().cloned()).collect();
            let schedules = Schedules::new(db, clock, ids, schedules);
            let stopped = stopped.clone();
            tracker.spawn(async move { schedules.run(stopped).await });
        }
        // `GET /api/sync` waits on the hub too.
        if roles.realtime || roles.api {
            let (hub, stopped) = (house.hub.clone(), stopped.clone());
            tracker.spawn(async move { hub.run(stopped).await });
        }
        tracker.spawn(give_back(stopped.clone()));
        tracker.spawn(fold_metrics(stopped));
        tracker.close();
        Self { tracker, stop }
    }

    /// Tells all of them to stop, and waits; `false` when some did not within `patience`.
    pub async fn stop(self, patience: Duration) -> bool {
        self.stop.send_replace(true);
        tokio::time::timeout(patience, self.tracker.wait()).await.is_ok()
    }
}

async fn fold_metrics(mut stopped: watch::Receiver<bool>) {
    let Ok(metrics) = Metrics::install() else { return };
    while !*stopped.borrow() {
        tokio::select! {
            () = tokio::time::sleep(FOLD) => metrics.upkeep(),
            _ = stopped.changed() => {}
        }
    }
}

/// Gives memory back that was freed: mimalloc does so when a thread ends that has allocated something, and here threads
/// hardly ever end. The start alone frees some megabytes (routes, their description), a burst of work many.
async fn give_back(mut stopped: watch::Receiver<bool>) {
    let mut pause = SETTLE;
    while !*stopped.borrow() {
        tokio::select! {
            // Without a thread to spare it is tried again later.
            () = tokio::time::sleep(pause) => drop(std::thread::Builder::new().spawn(|| {
                std::hint::black_box(Box::new(0_u8));
            })),
            _ = stopped.changed() => {}
        }
        pause = FOLD;
    }
}
