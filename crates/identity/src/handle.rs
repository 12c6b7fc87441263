//! What the house holds of this domain while it runs: keys, caches, hash threads.

use crate::access_token::Claims;
use crate::keys::KeyRing;
use crate::oidc::PlatformProvider;
use crate::organizations::TxtLookup;
use crate::passkeys::relying_party;
use crate::password::HashPool;
use crate::privacy::Persons;
use crate::subject::Known;
use files::Files;
use kernel::cursor::CursorKey;
use kernel::ids::{OrganizationId, SessionId};
use kernel::{Clock, Error, Ids};
use module::{Module, Provision, ResourceKind};
use openidconnect::core::CoreProviderMetadata;
use outbound::Outbound;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use store::{Database, HouseColumn, SealedColumn, Sealer};
use uuid::Uuid;
use webauthn_rs::Webauthn;

/// Tokens whose signature was checked and is not checked again.
const VERIFIED_TOKENS: u64 = 20_000;
/// Subjects kept for a moment.
const SUBJECTS: u64 = 20_000;
/// How long a subject is kept: a change made on another node counts after this at the latest.
const SUBJECT_LIFE: Duration = Duration::from_secs(1);
/// One refusal of the same kind a minute and principal is noted.
const DENIAL_LIFE: Duration = Duration::from_secs(60);
/// Ended sessions are remembered longer than any access token lives.
const ENDED_LIFE: Duration = Duration::from_secs(30 * 60);

/// Identity providers whose description is kept, and for how long.
const PROVIDERS: u64 = 1_000;
const PROVIDER_LIFE: Duration = Duration::from_secs(10 * 60);

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
    /// Whether self-registration hides if an e-mail has a login: the answer is then the same and the owner is told.
    pub conceal_accounts: bool,
    /// Where the list of erasures is kept besides the database, to be applied again after a restore.
    pub erasure_list: Option<PathBuf>,
    /// Finds the records that prove domains.
    pub dns: TxtLookup,
    /// Whether anybody may found an organization of his own.
    pub sign_up: bool,
    /// The way to identity providers; without it nobody signs in through one.
    pub outbound: Option<Outbound>,
    /// Identity providers for everybody.
    pub providers: Vec<PlatformProvider>,
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
            conceal_accounts: false,
            erasure_list: None,
            dns: TxtLookup::system(),
            sign_up: false,
            outbound: None,
            providers: Vec::new(),
        }
    }
}

/// The domain at work. Cheap to clone.
#[derive(Clone)]
pub struct Identity(pub(crate) Arc<Parts>);

/// What the other domains bring that this one needs.
pub(crate) struct Whole {
    /// What a new organization gets from each.
    pub provisions: Vec<Provision>,
    /// What is sealed with organizations' own keys.
    pub sealed: Vec<SealedColumn>,
    /// What can be asked about by its id.
    pub resources: Vec<ResourceKind>,
    /// What is sealed with the installation's key.
    pub house_sealed: Vec<HouseColumn>,
}

pub(crate) struct Parts {
    pub db: Database,
    pub clock: Clock,
    pub ids: Ids,
    pub settings: Settings,
    /// What the house is made of besides this domain, known once it is.
    pub whole: OnceLock<Whole>,
    /// Seals what people and letters hold.
    pub sealer: Sealer,
    /// Seals the values of one person with that person's key.
    pub persons: Persons,
    /// Pictures and archives of people.
    pub files: Files,
    pub hashes: HashPool,
    pub keys: KeyRing,
    pub cursors: CursorKey,
    /// Keys the hashes of typed e-mails in `login_throttles`.
    pub throttle_key: [u8; 32],
    /// Keys the hashes of recovery codes.
    pub recovery_key: [u8; 32],
    /// Whom passkeys are made for; `None` where the public address has no host name.
    pub webauthn: Option<Webauthn>,
    /// Descriptions and keys of identity providers, by issuer.
    pub providers: moka::future::Cache<String, Arc<CoreProviderMetadata>>,
    /// Derives the successor of a refresh token.
    pub successor_key: [u8; 32],
    /// By SHA-256 of the token.
    pub verified: moka::sync::Cache<[u8; 32], Arc<Claims>>,
    /// By session and end of the access.
    pub subjects: moka::future::Cache<(SessionId, i64), Arc<Known>>,
    /// Organization and id of an API key, by the hash of its secret.
    pub key_places: moka::sync::Cache<[u8; 32], (OrganizationId, Uuid)>,
    /// By API key.
    pub key_subjects: moka::future::Cache<Uuid, Arc<Known>>,
    /// Refusals noted lately, so that a loop of them does not fill the log: who, and what was asked for.
    pub denials: moka::sync::Cache<(Uuid, &'static str, &'static str), ()>,
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
    pub fn new(
        db: Database,
        clock: Clock,
        ids: Ids,
        sealer: Sealer,
        files: Files,
        settings: Settings,
    ) -> Result<Self, Error> {
        let hashes = HashPool::new(settings.hash_threads, settings.waiting_room)?;
        let keys = KeyRing::new(db.clone(), clock.clone(), ids.clone(), sealer.clone());
        Ok(Self(Arc::new(Parts {
            hashes,
            keys,
            whole: OnceLock::new(),
            persons: Persons::new(sealer.clone(), ids.clone()),
            cursors: CursorKey::new(&sealer.lasting("cursors")),
            throttle_key: sealer.lasting("login-throttle"),
            recovery_key: sealer.lasting("recovery-codes"),
            webauthn: relying_party(&settings),
            providers: moka::future::Cache::builder().max_capacity(PROVIDERS).time_to_live(PROVIDER_LIFE).build(),
            successor_key: sealer.lasting("refresh-successor"),
            verified: moka::sync::Cache::new(VERIFIED_TOKENS),
            subjects: moka::future::Cache::builder().max_capacity(SUBJECTS).time_to_live(SUBJECT_LIFE).build(),
            key_places: moka::sync::Cache::new(SUBJECTS),
            key_subjects: moka::future::Cache::builder().max_capacity(SUBJECTS).time_to_live(SUBJECT_LIFE).build(),
            denials: moka::sync::Cache::builder().max_capacity(SUBJECTS).time_to_live(DENIAL_LIFE).build(),
            ended: moka::sync::Cache::builder().max_capacity(SUBJECTS).time_to_live(ENDED_LIFE).build(),
            rights: AtomicU64::new(0),
            db,
            clock,
            ids,
            settings,
            sealer,
            files,
        })))
    }

    /// To be called once, with everything that the house is made of: then organizations can be founded through the API, and
    /// the keys of all that is sealed can be turned over.
    pub fn know_house(&self, modules: &[Module]) {
        let whole = Whole {
            provisions: modules.iter().flat_map(|module| module.provisions.iter().cloned()).collect(),
            sealed: modules.iter().flat_map(|module| module.sealed.iter().copied()).collect(),
            resources: modules.iter().flat_map(|module| module.resources.iter().cloned()).collect(),
            house_sealed: modules.iter().flat_map(|module| module.house_sealed).copied().collect(),
        };
        // A second house in one process is the same house.
        let _ = self.0.whole.set(whole);
    }

    pub(crate) fn provisions(&self) -> &[Provision] {
        self.0.whole.get().map_or(&[], |whole| &whole.provisions)
    }

    /// How the facts of a kind of thing are read, if some domain of the house has such things.
    pub(crate) fn resource_kind(&self, kind: &str) -> Option<&ResourceKind> {
        self.0.whole.get()?.resources.iter().find(|known| known.kind == kind)
    }

    pub(crate) fn sealed_columns(&self) -> &[SealedColumn] {
        self.0.whole.get().map_or(&[], |whole| &whole.sealed)
    }

    pub(crate) fn house_columns(&self) -> &[HouseColumn] {
        self.0.whole.get().map_or(&[], |whole| &whole.house_sealed)
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
