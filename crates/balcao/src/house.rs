//! The domains, made from a configuration and an open database, and what they bring taken together.

use crate::config::Config;
use crate::failure::{CONFIGURATION, Failure};
use crate::modules::modules;
use channels::{Channels, ChannelsParts};
use files::Files;
use identity::Identity;
use kernel::cursor::CursorKey;
use kernel::ids::OrganizationId;
use kernel::{Clock, Ctx, Ids};
use messaging::Messaging;
use module::Module;
use outbound::{Outbound, OutboundSettings};
use realtime::{Hub, HubParts};
use secrecy::SecretString;
use std::net::SocketAddr;
use std::sync::Arc;
use store::{Database, Sealer};

/// What a house is made of.
pub struct Materials<'c> {
    pub config: &'c Config,
    pub db: Database,
    pub sealer: Sealer,
    pub clock: Clock,
    pub ids: Ids,
    pub files: Files,
    /// Where the server listens; a command says where it would.
    pub address: SocketAddr,
}

/// The domains at work. Cheap to clone.
#[derive(Clone)]
pub struct Domains {
    pub db: Database,
    pub clock: Clock,
    pub ids: Ids,
    /// Seals the cursors of lists.
    pub cursors: CursorKey,
    pub identity: Identity,
    pub messaging: Messaging,
    pub channels: Channels,
}

/// The domains, what they bring, and the hub over them.
pub struct House {
    pub domains: Domains,
    pub modules: Vec<Module>,
    pub hub: Hub,
}

impl House {
    /// Makes everything; nothing is asked of the database yet.
    ///
    /// # Errors
    /// When a part cannot be made from this configuration.
    pub fn build(materials: Materials<'_>) -> Result<Self, Failure> {
        let Materials { config, db, sealer, clock, ids, files, address } = materials;
        let identity =
            Identity::new(db.clone(), clock.clone(), ids.clone(), sealer.clone(), identity_settings(config, address))?;
        let cursors = CursorKey::new(&sealer.derive("list cursors"));
        let messaging = Messaging::new(db.clone(), cursors.clone(), config.messaging);
        let channels = Channels::new(ChannelsParts {
            db: db.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            sealer: sealer.clone(),
            outbound: outbound(config)?,
            files,
            settings: channel_settings(config, &sealer),
        });
        let domains = Domains { db, clock, ids, cursors, identity, messaging, channels };
        let modules = modules(&domains);
        let hub = hub(config, &domains, &sealer, &modules);
        Ok(Self { domains, modules, hub })
    }
}

impl Domains {
    /// The circumstances of the operator's own command in an organization.
    pub fn operator(&self, organization: OrganizationId) -> Ctx {
        let request: uuid::Uuid = self.ids.random();
        Ctx::system(organization, self.clock.clone(), self.ids.clone(), format!("operator-{request}").into())
    }
}

/// The secret that signs WhatsApp webhooks: the operator's, or one that nobody outside this installation can know.
pub fn app_secret(config: &Config, sealer: &Sealer) -> SecretString {
    config.channels.app_secret.clone().unwrap_or_else(|| derived(sealer, "whatsapp app secret"))
}

fn derived(sealer: &Sealer, purpose: &str) -> SecretString {
    SecretString::from(hex::encode(sealer.derive(purpose)))
}

fn identity_settings(config: &Config, address: SocketAddr) -> identity::Settings {
    let defaults = identity::Settings::default();
    identity::Settings {
        issuer: config.public_url(address),
        secure_cookies: config.http.behind_tls,
        origins: config.http.cors_origins.clone(),
        hash_threads: config.passwords.threads.unwrap_or(defaults.hash_threads),
        waiting_room: config.passwords.waiting,
        ..defaults
    }
}

fn outbound(config: &Config) -> Result<Outbound, Failure> {
    // What the operator names may be anywhere, a test's stand-in on this machine among them.
    let settings =
        OutboundSettings { trusted_origins: vec![config.channels.graph_url.clone()], ..OutboundSettings::default() };
    Outbound::new(settings).map_err(|error| Failure::new(CONFIGURATION, error.to_string()))
}

fn channel_settings(config: &Config, sealer: &Sealer) -> channels::Settings {
    let own = &config.channels;
    let defaults = channels::Settings::default();
    let verify_token = own.verify_token.clone().unwrap_or_else(|| derived(sealer, "whatsapp verify token"));
    channels::Settings {
        whatsapp_enabled: own.whatsapp_enabled,
        graph_url: own.graph_url.clone(),
        graph_version: own.graph_version.clone(),
        app_secrets: std::iter::once(app_secret(config, sealer)).chain(own.app_secret_previous.clone()).collect(),
        verify_tokens: vec![verify_token],
        intake: channels::IntakeLimits { per_minute: own.intake_per_minute, ..defaults.intake },
        sends: channels::SendLimits { number_per_second: own.number_per_second, ..defaults.sends },
        keep_raw_days: own.keep_raw_days,
    }
}

fn hub(config: &Config, domains: &Domains, sealer: &Sealer, modules: &[Module]) -> Hub {
    let (by_token, again) = (domains.identity.clone(), domains.identity.clone());
    let defaults = realtime::Settings::default();
    Hub::new(HubParts {
        db: domains.db.clone(),
        clock: domains.clock.clone(),
        ids: domains.ids.clone(),
        cursor_key: CursorKey::new(&sealer.derive("realtime cursors")),
        authenticate: Arc::new(move |token| {
            let identity = by_token.clone();
            Box::pin(async move { identity.subject_of_token(&token).await })
        }),
        refreshed: Arc::new(move |subject| {
            let identity = again.clone();
            Box::pin(async move { identity.refreshed(&subject).await })
        }),
        commands: modules.iter().flat_map(|module| module.socket_commands.iter().cloned()).collect(),
        rooms: modules.iter().flat_map(|module| module.rooms.iter().cloned()).collect(),
        settings: realtime::Settings {
            origins: config.http.cors_origins.clone(),
            sockets_per_user: config.realtime.sockets_per_user,
            sockets_per_organization: config.realtime.sockets_per_organization,
            rates: realtime::Rates {
                events_a_second: config.realtime.events_per_second,
                syncs_a_minute: config.realtime.syncs_per_minute,
                ..defaults.rates
            },
            ..defaults
        },
    })
}
