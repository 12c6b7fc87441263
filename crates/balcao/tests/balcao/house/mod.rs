//! The whole house from outside: the real binary with its own PostgreSQL, signed webhooks, the fake Graph server,
//! kill -9. Nothing of the product is called here but its command line, its addresses and, to look at what it has
//! written, SQL as the superuser of its own cluster.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests, which may fail by panic")]

mod at_once;
mod client;
mod dice;
mod fixtures;
mod isolation;
mod kill_rounds;
mod ledger;
mod load;
mod masked;
mod own_postgres;
mod secrets;
mod server;
mod socket;
mod statements;
mod statuses;
mod storm;
mod trouble;
mod verdicts;
mod world;

use std::time::Duration;
use tokio::time::Instant;

/// Asks again and again until there is an answer; after `limit` the test fails and says what it waited for.
async fn until<T>(what: &str, limit: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
