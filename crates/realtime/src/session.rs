//! The session behind one or several sockets: its subject, re-read before it is older than the operator allows.

use crate::hub::Inner;
use chrono::{DateTime, Utc};
use kernel::access::admit;
use kernel::ids::SessionId;
use kernel::{Deny, Error, ErrorKind, Subject};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A session that cannot be read within this time holds nobody else up any longer.
const PATIENCE: Duration = Duration::from_secs(3);

/// One sign-in with sockets on this node.
pub(crate) struct Session {
    pub(crate) id: Option<SessionId>,
    state: Mutex<(Arc<Subject>, Instant)>,
    /// One re-read at a time.
    reading: tokio::sync::Mutex<()>,
    /// Counts changes of what the subject may do.
    grants: AtomicU64,
    /// Something was delivered since the last round of the sweep.
    used: AtomicBool,
}

/// Why there is no subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    /// The session, its membership or its organization ended.
    Revoked,
    /// It cannot be found out now.
    Unknown,
}

impl Session {
    pub(crate) fn new(subject: Arc<Subject>) -> Self {
        Self {
            id: subject.session_id,
            state: Mutex::new((subject, Instant::now())),
            reading: tokio::sync::Mutex::new(()),
            grants: AtomicU64::new(0),
            used: AtomicBool::new(false),
        }
    }

    /// The subject as last read.
    pub(crate) fn subject(&self) -> Arc<Subject> {
        Arc::clone(&self.state.lock().unwrap_or_else(PoisonError::into_inner).0)
    }

    pub(crate) fn age(&self) -> Duration {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).1.elapsed()
    }

    pub(crate) fn grants(&self) -> u64 {
        self.grants.load(Ordering::Acquire)
    }

    pub(crate) fn mark_used(&self) {
        self.used.store(true, Ordering::Relaxed);
    }

    pub(crate) fn take_used(&self) -> bool {
        self.used.swap(false, Ordering::Relaxed)
    }

    /// The subject, read again if it is older than `max_age`.
    pub(crate) async fn fresh(&self, hub: &Inner, max_age: Duration) -> Result<Arc<Subject>, Gone> {
        if self.age() < max_age {
            return Ok(self.subject());
        }
        let _one = self.reading.lock().await;
        if self.age() < max_age {
            return Ok(self.subject());
        }
        let known = self.subject();
        let read = tokio::time::timeout(PATIENCE, (hub.refreshed)(Arc::clone(&known))).await;
        match read.unwrap_or_else(|_| Err(Error::new(ErrorKind::Unavailable, "TIMEOUT", "It took too long."))) {
            Ok(subject) if stands(&subject, hub.clock.now()) => {
                self.replace(Arc::clone(&subject));
                Ok(subject)
            }
            Ok(_) => Err(Gone::Revoked),
            Err(error) => match error.kind() {
                ErrorKind::Unauthenticated | ErrorKind::Forbidden | ErrorKind::NotFound | ErrorKind::Gone => {
                    Err(Gone::Revoked)
                }
                _ => {
                    tracing::warn!(code = error.code(), "realtime: a session could not be read again");
                    Err(Gone::Unknown)
                }
            },
        }
    }

    /// Takes over the subject of a token that is good for longer than the one it was read with.
    pub(crate) fn renew(&self, subject: &Arc<Subject>) {
        if subject.expires_at > self.subject().expires_at {
            self.replace(Arc::clone(subject));
        }
    }

    fn replace(&self, subject: Arc<Subject>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.0.grants != subject.grants || state.0.fallback_unit != subject.fallback_unit {
            self.grants.fetch_add(1, Ordering::AcqRel);
        }
        *state = (subject, Instant::now());
    }
}

/// Whether the subject may hold a socket at all. The end of a token is told as such elsewhere.
pub(crate) fn stands(subject: &Subject, now: DateTime<Utc>) -> bool {
    matches!(admit(subject, &[], now), Ok(()) | Err(Deny::Unauthenticated)) && subject.organization.is_open()
}
