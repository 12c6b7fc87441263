//! What the operator may set.

use std::time::Duration;

/// Limits and times of the sockets. The defaults are the ones of the specification.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Exact origins (`https://desk.example`) from which a browser may connect; requests without `Origin` may always.
    pub origins: Vec<String>,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<http_kit::Network>,
    /// The server pings this often ...
    pub ping_interval: Duration,
    /// ... and closes when no pong came within this.
    pub ping_timeout: Duration,
    /// A connection that has not shown its token by then is closed.
    pub connect_timeout: Duration,
    pub sockets_per_user: usize,
    pub sockets_per_organization: usize,
    pub rooms_per_socket: usize,
    /// Longest frame or polling body taken, in bytes.
    pub max_frame_bytes: usize,
    /// Frames that wait for a slow reader before the queue is emptied.
    pub queue_frames: usize,
    /// The same in bytes.
    pub queue_bytes: usize,
    /// A cached decision about a session lives at most this long.
    pub recheck: Duration,
    /// Cursors whose first missed entry is older than this answer `too_old`.
    pub resume_age: Duration,
    /// Cursors with more missed entries than this answer `too_old`.
    pub resume_entries: i64,
    /// Clients of a stopping node come back after a random time up to this.
    pub drain_spread: Duration,
    pub rates: Rates,
}

/// How often one user may do what, over all their sockets on this node.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// Events of any kind a second.
    pub events_a_second: u32,
    /// `subscribe` and `unsubscribe` in ten seconds.
    pub subscribes_in_ten_seconds: u32,
    /// `sync` a minute, over the socket or HTTP without waiting.
    pub syncs_a_minute: u32,
    /// Refusals of one socket in a minute after which it is cut.
    pub refusals_a_minute: usize,
}

impl Default for Rates {
    fn default() -> Self {
        Self { events_a_second: 50, subscribes_in_ten_seconds: 20, syncs_a_minute: 10, refusals_a_minute: 10 }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            origins: Vec::new(),
            trusted_proxies: Vec::new(),
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(10),
            sockets_per_user: 10,
            sockets_per_organization: 5_000,
            rooms_per_socket: 200,
            max_frame_bytes: 1_000_000,
            queue_frames: 1_000,
            queue_bytes: 1_000_000,
            recheck: Duration::from_secs(2),
            resume_age: Duration::from_secs(7 * 24 * 3600),
            resume_entries: 50_000,
            drain_spread: Duration::from_secs(10),
            rates: Rates::default(),
        }
    }
}
