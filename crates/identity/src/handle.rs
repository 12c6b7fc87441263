//! What the house holds of this domain while it runs: keys, caches, hash threads.

use crate::access_token::Claims;
use crate::keys::KeyRing;
use crate::password::HashPool;
use crate::subject::Known;
use kernel::cursor::CursorKey;
use kernel::ids::SessionId;
use kernel::{Clock, Error, Ids};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use store::{Database, Sealer};

/// Tokens whose signature was checked and is not checked again.
const VERIFIED_TOKENS: u64 = 20_000;
/// Subjects kept for a moment.
const SUBJECTS: u64 = 20_000;
/// How long a subject is kept: a change made on another node counts after this at the latest.
const SUBJECT_LIFE: Duration = Duration::from_secs(1);
/// Ended sessions are remembered longer than any access token lives.
const ENDED_LIFE: Duration = Duration::from_secs(30 * 60);

/// Configuration of this domain.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `iss` of access tokens: the public address of the installation.
    pub issuer: String,
    /// `aud` of access tokens.
    pub audience: String,
    /// Whether the refresh cookie is marked `Secure` (off only for plain HTTP in development).
    pub secure_cookies: bool,
    /// Origins whose pages may use the cookie transport, besides the one that serves the request.
    pub origins: Vec<String>,
    /// Threads that hash passwords.
    pub hash_threads: usize,
    /// Sign-ins that may wait for such a thread; beyond it 503 `AUTH_BUSY`.
    pub waiting_room: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            issuer: "http://127.0.0.1:8080".to_owned(),
            audience: "balcao".to_owned(),
            secure_cookies: true,
            origins: Vec::new(),
            hash_threads: HashPool::default_threads(),
            waiting_room: 32,
        }
    }
}

/// The domain at work. Cheap to clone.
#[derive(Clone)]
pub struct Identity(pub(crate) Arc<Parts>);

pub(crate) struct Parts {
    pub db: Database,
    pub clock: Clock,
    pub ids: Ids,
    pub settings: Settings,
    pub hashes: HashPool,
    pub keys: KeyRing,
    pub cursors: CursorKey,
    /// Keys the hashes of typed e-mails in `login_throttles`.
    pub throttle_key: [u8; 32],
    /// Derives the successor of a refresh token.
    pub successor_key: [u8; 32],
    /// By SHA-256 of the token.
    pub verified: moka::sync::Cache<[u8; 32], Arc<Claims>>,
    /// By session and end of the access.
    pub subjects: moka::future::Cache<(SessionId, i64), Arc<Known>>,
    /// Sessions known to be over, so that no older answer about them counts.
    pub ended: moka::sync::Cache<SessionId, ()>,
    /// Counts changes of rights made on this node: subjects loaded before the last one do not count.
    pub rights: AtomicU64,
}

impl Identity {
    /// Nothing is read yet: signing keys are made or loaded at the first use.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn new(db: Database, clock: Clock, ids: Ids, sealer: Sealer, settings: Settings) -> Result<Self, Error> {
        let hashes = HashPool::new(settings.hash_threads, settings.waiting_room)?;
        let keys = KeyRing::new(db.clone(), clock.clone(), ids.clone(), sealer.clone());
        Ok(Self(Arc::new(Parts {
            hashes,
            keys,
            cursors: CursorKey::new(&sealer.derive("cursors")),
            throttle_key: sealer.derive("login-throttle"),
            successor_key: sealer.derive("refresh-successor"),
            verified: moka::sync::Cache::new(VERIFIED_TOKENS),
            subjects: moka::future::Cache::builder().max_capacity(SUBJECTS).time_to_live(SUBJECT_LIFE).build(),
            ended: moka::sync::Cache::builder().max_capacity(SUBJECTS).time_to_live(ENDED_LIFE).build(),
            rights: AtomicU64::new(0),
            db,
            clock,
            ids,
            settings,
        })))
    }

    /// To be called after the commit of anything that changes what people may do (roles, units, memberships, the
    /// organization's status): this node decides by the new state from here on, others within a second.
    pub fn rights_changed(&self) {
        self.0.rights.fetch_add(1, Ordering::SeqCst);
    }

    /// To be called after the commit that ended these sessions: their tokens are refused on this node from here on.
    pub fn sessions_ended(&self, ended: &[SessionId]) {
        for session in ended {
            self.0.ended.insert(*session, ());
        }
    }

    /// The threads that hash passwords, for commands that make logins.
    pub fn hashes(&self) -> &HashPool {
        &self.0.hashes
    }

    /// Signs the cursors of lists, for other domains' lists too.
    pub fn cursors(&self) -> &CursorKey {
        &self.0.cursors
    }

    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }
}
