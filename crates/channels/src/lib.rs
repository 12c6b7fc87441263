//! Channels: how messages come in and go out.
//!
//! Owns: the connector contract and the connectors (`whatsapp`), channel accounts and their secrets, the raw intake
//! with its items, the outbound governor, the fetching of media.
//! Tables: `channel_accounts`, `channel_secrets`, `inbound_raw`, `inbound_items`, `unrouted_items`.
//! Permissions: `channels.view`, `channels.manage`. Events: [`EVENTS`]. Jobs: `channels.*`, and the handlers of
//! messaging's `messaging.send_message` and `messaging.fetch_media`.
//! Settings: [`Settings`]. Absent on purpose: conversations, messages and contacts (their own crates' commands write
//! them), HTTP clients (`outbound`), bytes of files (`files`).

pub mod accounts;
pub mod connector;
mod graph_client;
pub mod intake;
pub mod items;
pub mod media;
mod module_value;
mod routes;
pub mod secrets;
pub mod send;
mod settings;
mod store;
mod upkeep;
pub mod whatsapp;

pub use module_value::{EVENTS, module};
pub use settings::{IntakeLimits, SendLimits, Settings};

use ::store::{Database, Sealer};
use files::Files;
use kernel::cursor::CursorKey;
use kernel::ids::ChannelAccountId;
use kernel::{Clock, Ctx, Ids};
use messaging::Messaging;
use outbound::Outbound;
use outbound::breaker::{BreakerRules, Breakers};
use std::sync::{Arc, OnceLock};

/// The domain with everything it works with. Cheap to clone.
#[derive(Clone)]
pub struct Channels(Arc<Parts>);

/// What [`Channels::new`] takes.
pub struct ChannelsParts {
    pub db: Database,
    pub clock: Clock,
    pub ids: Ids,
    pub sealer: Sealer,
    pub outbound: Outbound,
    pub files: Files,
    pub settings: Settings,
}

/// What the domain works with.
pub struct Parts {
    pub(crate) db: Database,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) sealer: Sealer,
    pub(crate) outbound: Outbound,
    pub(crate) files: Files,
    pub(crate) settings: Settings,
    /// Told who opens attachments.
    pub(crate) messaging: OnceLock<Messaging>,
    /// One circuit an account.
    pub(crate) breakers: Breakers<ChannelAccountId>,
    pub(crate) buckets: send::buckets::Buckets,
    pub(crate) intake: intake::Intake,
    pub(crate) cursors: CursorKey,
    /// Keys for hashes that must not be computable from outside.
    pub(crate) keys: Keys,
}

/// Keys derived from the installation's key.
pub(crate) struct Keys {
    /// For `inbound_raw.body_hash`.
    pub(crate) body: [u8; 32],
    /// For `inbound_items.sender_key`.
    pub(crate) sender: [u8; 32],
}

impl Channels {
    pub fn new(parts: ChannelsParts) -> Self {
        let ChannelsParts { db, clock, ids, sealer, outbound, files, settings } = parts;
        Self(Arc::new(Parts {
            keys: Keys {
                body: sealer.lasting("channels inbound body"),
                sender: sealer.lasting("channels inbound sender"),
            },
            cursors: CursorKey::new(&sealer.lasting("cursors")),
            breakers: Breakers::new(BreakerRules::default(), 10_000),
            buckets: send::buckets::Buckets::new(settings.sends),
            intake: intake::Intake::new(settings.intake),
            messaging: OnceLock::new(),
            db,
            clock,
            ids,
            sealer,
            outbound,
            files,
            settings,
        }))
    }

    /// Tells who notes that attachments are opened. A second call changes nothing.
    pub fn watched_by(&self, messaging: Messaging) {
        let _ = self.0.messaging.set(messaging);
    }

    /// The circumstances of work of the installation itself (intake, upkeep).
    pub(crate) fn installation_ctx(&self, request_id: Arc<str>) -> Ctx {
        Ctx::system(::store::INSTALLATION, self.clock.clone(), self.ids.clone(), request_id)
    }
}

impl std::ops::Deref for Channels {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}
