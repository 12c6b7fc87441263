//! Wakes this process's own workers and readers after a commit. Never NOTIFY: it makes commits queue (guide, section 7);
//! other processes find the work by their timers.

use crate::jobs::Lane;
use std::sync::Arc;
use tokio::sync::{Notify, watch};

/// In-process signals; cloning shares them.
#[derive(Clone, Debug)]
pub struct Wake(Arc<Signals>);

#[derive(Debug)]
struct Signals {
    lanes: [Notify; Lane::ALL.len()],
    events: watch::Sender<u64>,
}

impl Default for Wake {
    fn default() -> Self {
        Self(Arc::new(Signals { lanes: Default::default(), events: watch::Sender::new(0) }))
    }
}

impl Wake {
    /// There is a new job in this lane.
    pub fn lane(&self, lane: Lane) {
        self.0.lanes[lane as usize].notify_one();
    }

    /// Waits for the next new job of a lane; a signal given before is not lost.
    pub async fn lane_woken(&self, lane: Lane) {
        self.0.lanes[lane as usize].notified().await;
    }

    /// There are new events.
    pub fn events(&self) {
        self.0.events.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// A listener for new events; each listener sees every signal.
    pub fn listen(&self) -> watch::Receiver<u64> {
        self.0.events.subscribe()
    }
}
