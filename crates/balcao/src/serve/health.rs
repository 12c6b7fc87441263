//! What is looked at when somebody asks how the house is.

use crate::database::{HORIZON_LIMIT, inspect};
use crate::disk;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http_kit::health::Check;
use kernel::Clock;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use store::{Database, PlatformReason, schema_is_current};

/// Work that is due for longer than this means that the workers do not keep up, or do not run.
const BACKLOG_LIMIT: Duration = Duration::from_secs(60);

/// Every check. `stopping` turns readiness off for the stop.
pub fn checks(db: &Database, clock: &Clock, data_dir: PathBuf, stopping: Arc<AtomicBool>) -> Vec<Check> {
    let of_database = |run: fn(Database, Clock) -> BoxFuture<'static, Result<String, String>>| {
        let (db, clock) = (db.clone(), clock.clone());
        Arc::new(move || run(db.clone(), clock.clone()))
            as Arc<dyn Fn() -> BoxFuture<'static, Result<String, String>> + Send + Sync>
    };
    vec![
        Check {
            name: "serving",
            critical: true,
            run: Arc::new(move || {
                let stops = stopping.load(Ordering::Relaxed);
                async move { if stops { Err("the server is stopping".to_owned()) } else { Ok("yes".to_owned()) } }
                    .boxed()
            }),
        },
        Check { name: "database", critical: true, run: of_database(|db, _| database(db).boxed()) },
        Check { name: "schema", critical: true, run: of_database(|db, _| schema(db).boxed()) },
        Check { name: "jobs", critical: false, run: of_database(|db, clock| jobs(db, clock).boxed()) },
        Check { name: "event_log", critical: false, run: of_database(|db, _| event_log(db).boxed()) },
        Check {
            name: "disk",
            critical: false,
            run: Arc::new(move || {
                let state = room(disk::free(&data_dir));
                async move { state }.boxed()
            }),
        },
    ]
}

async fn database(db: Database) -> Result<String, String> {
    // The reason is for everybody to read, so it is not the database's own text.
    db.ping().await.map(|()| "reachable".to_owned()).map_err(|_| "not reachable".to_owned())
}

async fn schema(db: Database) -> Result<String, String> {
    let unknown = |_| "cannot be read".to_owned();
    let mut tx = db.platform(PlatformReason::SignIn).await.map_err(unknown)?;
    let current = schema_is_current(tx.conn()).await.map_err(unknown)?;
    if current { Ok("current".to_owned()) } else { Err("too old: run `balcao migrate up`".to_owned()) }
}

async fn jobs(db: Database, clock: Clock) -> Result<String, String> {
    let unknown = |_| "cannot be read".to_owned();
    let mut tx = db.platform(PlatformReason::Maintenance).await.map_err(unknown)?;
    let depths = store::jobs::depth(&mut tx).await.map_err(unknown)?;
    let waiting: i64 = depths.iter().map(|depth| depth.waiting).sum();
    let oldest = depths.iter().filter_map(|depth| depth.oldest_due_at).min();
    let late = oldest.and_then(|oldest| (clock.now() - oldest).to_std().ok()).unwrap_or_default();
    if late > BACKLOG_LIMIT {
        return Err(format!("{waiting} wait, the oldest for {} s", late.as_secs()));
    }
    Ok(format!("{waiting} wait"))
}

async fn event_log(db: Database) -> Result<String, String> {
    let unknown = |_| "cannot be read".to_owned();
    let mut tx = db.platform(PlatformReason::Maintenance).await.map_err(unknown)?;
    let held = inspect::held_back(tx.conn()).await.map_err(|_| "cannot be read".to_owned())?;
    if held > HORIZON_LIMIT.as_secs_f64() {
        return Err(format!("an open transaction has held events back for {held:.0} s"));
    }
    Ok("flows".to_owned())
}

fn room(free: Option<u64>) -> Result<String, String> {
    match free {
        Some(free) if free < disk::LOW => Err(format!("{} MiB are free", free >> 20)),
        Some(free) => Ok(format!("{} MiB are free", free >> 20)),
        None => Ok("unknown".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::room;

    #[test]
    fn a_nearly_full_disk_is_told() {
        assert!(room(Some(600 << 20)).is_ok() && room(None).is_ok());
        assert_eq!(room(Some(100 << 20)), Err("100 MiB are free".to_owned()));
    }
}
