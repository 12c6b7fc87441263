//! The domains, made from a configuration and an open database, and what they bring taken together.

use crate::config::Config;
use crate::failure::{CONFIGURATION, Failure};
use crate::modules::modules;
use audit::{Audit, AuditParts, HeadsOut, HeadsWebhook, Sight};
use channels::{Channels, ChannelsParts};
use files::Files;
use identity::Identity;
use kernel::cursor::CursorKey;
use kernel::ids::OrganizationId;
use kernel::{Clock, Ctx, Ids, Permission};
use mail::Mailer;
use messaging::Messaging;
use module::{Module, ResourceKind};
use outbound::{Outbound, OutboundSettings, Url};
use realtime::{Hub, HubParts, SocketCommand};
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
    pub audit: Audit,
    pub messaging: Messaging,
    pub channels: Channels,
    pub mailer: Mailer,
    /// Opens what lies sealed in jobs.
    pub sealer: Sealer,
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
        let way_out = outbound(config)?;
        let identity = Identity::new(
            db.clone(),
            clock.clone(),
            ids.clone(),
            sealer.clone(),
            files.clone(),
            identity_settings(config, address, &way_out),
        )?;
        let cursors = CursorKey::new(&sealer.lasting("list cursors"));
        let audit = Audit::new(AuditParts {
            db: db.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            sealer: sealer.clone(),
            files: files.clone(),
            heads_out: heads_out(config, &way_out),
        });
        let messaging = Messaging::new(db.clone(), cursors.clone(), config.messaging).watched_by(audit.clone());
        let channels = Channels::new(ChannelsParts {
            db: db.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            sealer: sealer.clone(),
            outbound: way_out,
            files,
            settings: channel_settings(config, &sealer),
        });
        channels.watched_by(messaging.clone());
        let mailer = Mailer::new(&config.mail).map_err(|error| Failure::new(CONFIGURATION, error.to_string()))?;
        let domains =
            Domains { db, clock, ids, cursors, identity, audit, messaging, channels, mailer, sealer: sealer.clone() };
        let modules = modules(&domains);
        domains.identity.know_house(&modules);
        domains.audit.know_sights(sights(&modules, &domains.db));
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

/// Who may see the history of a record: whoever may join the room of its news, or may view it where it has none.
fn sights(modules: &[Module], db: &Database) -> Vec<Sight> {
    let rooms = modules.iter().flat_map(|module| module.rooms.iter().cloned());
    let of_room = |room: realtime::RoomKind| Sight {
        kind: room.kind,
        may_view: Arc::new(move |ctx, id| (room.resolve)(ctx, Some(id))),
    };
    let mut sights: Vec<Sight> = rooms.map(of_room).collect();
    for resource in modules.iter().flat_map(|module| module.resources.iter().cloned()) {
        let Some(permission) = viewed_with(resource.kind) else { continue };
        if sights.iter().all(|sight| sight.kind != resource.kind) {
            sights.push(sight(resource, permission, db.clone()));
        }
    }
    sights
}

fn sight(resource: ResourceKind, permission: Permission, db: Database) -> Sight {
    let (kind, load) = (resource.kind, resource.load);
    let may_view = move |ctx: Ctx, id: uuid::Uuid| {
        let (load, db) = (load.clone(), db.clone());
        Box::pin(async move {
            let mut tx = db.tenant(ctx.organization_id()).await?;
            let found = load(&mut tx, id).await?;
            tx.commit().await?;
            let own = kind == "user" && ctx.subject.user_id().is_some_and(|user| user.0 == id);
            Ok(found.is_some_and(|found| own || ctx.require(permission, &found).is_ok()))
        }) as std::pin::Pin<Box<dyn Future<Output = Result<bool, kernel::Error>> + Send>>
    };
    Sight { kind, may_view: Arc::new(may_view) }
}

/// What somebody holds who may view a record of this kind.
fn viewed_with(kind: &str) -> Option<Permission> {
    Some(match kind {
        "organization" => Permission::ORGANIZATION_VIEW,
        "user" => Permission::USERS_VIEW,
        "role" => Permission::ROLES_VIEW,
        "service_account" => Permission::SERVICE_ACCOUNTS_VIEW,
        "channel_account" => Permission::CHANNELS_VIEW,
        "contact" => Permission::CONTACTS_VIEW,
        _ => return None,
    })
}

/// The secret that signs WhatsApp webhooks: the operator's, or one that nobody outside this installation can know.
pub fn app_secret(config: &Config, sealer: &Sealer) -> SecretString {
    config.channels.app_secret.clone().unwrap_or_else(|| derived(sealer, "whatsapp app secret"))
}

fn derived(sealer: &Sealer, purpose: &str) -> SecretString {
    SecretString::from(hex::encode(sealer.derive(purpose)))
}

fn identity_settings(config: &Config, address: SocketAddr, way_out: &Outbound) -> identity::Settings {
    let defaults = identity::Settings::default();
    identity::Settings {
        issuer: config.public_url(address),
        secure_cookies: config.http.behind_tls,
        origins: config.http.cors_origins.clone(),
        hash_threads: config.passwords.threads.unwrap_or(defaults.hash_threads),
        waiting_room: config.passwords.waiting,
        sign_up: config.sign_up,
        conceal_accounts: config.conceal_accounts,
        erasure_list: Some(config.data_dir.join("erasures")),
        outbound: Some(way_out.clone()),
        providers: config.providers.clone(),
        ..defaults
    }
}

/// Where the audit's checkpoints go.
fn heads_out(config: &Config, way_out: &Outbound) -> HeadsOut {
    let webhook =
        config.audit.webhook.clone().map(|(url, signer)| HeadsWebhook { outbound: way_out.clone(), url, signer });
    HeadsOut { mail_to: config.audit.mail_to.clone(), webhook }
}

fn outbound(config: &Config) -> Result<Outbound, Failure> {
    // What the operator names may be anywhere, a test's stand-in on this machine among them.
    let mut trusted_origins = vec![config.channels.graph_url.clone()];
    trusted_origins.extend(config.providers.iter().filter_map(|provider| Url::parse(&provider.issuer).ok()));
    trusted_origins.extend(config.audit.webhook.iter().map(|(url, _)| url.clone()));
    let settings = OutboundSettings { trusted_origins, ..OutboundSettings::default() };
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

/// The commands open to sockets; what one of them refuses is noted as at the edge of HTTP.
fn commands(identity: &Identity, modules: &[Module]) -> Vec<SocketCommand> {
    let noted = |command: &SocketCommand| {
        let (identity, run) = (identity.clone(), command.run.clone());
        SocketCommand {
            name: command.name,
            run: Arc::new(move |ctx, body| {
                let (identity, run) = (identity.clone(), run.clone());
                Box::pin(async move {
                    let answer = run(ctx.clone(), body).await;
                    if let Err(error) = &answer {
                        identity.note_denial(Some(ctx), error).await;
                    }
                    answer
                })
            }),
        }
    };
    modules.iter().flat_map(|module| module.socket_commands.iter().map(noted)).collect()
}

fn hub(config: &Config, domains: &Domains, sealer: &Sealer, modules: &[Module]) -> Hub {
    let (by_token, again) = (domains.identity.clone(), domains.identity.clone());
    let defaults = realtime::Settings::default();
    Hub::new(HubParts {
        db: domains.db.clone(),
        clock: domains.clock.clone(),
        ids: domains.ids.clone(),
        cursor_key: CursorKey::new(&sealer.lasting("realtime cursors")),
        authenticate: Arc::new(move |token, ip| {
            let identity = by_token.clone();
            Box::pin(async move { identity.subject_of_token(&token, ip).await })
        }),
        refreshed: Arc::new(move |subject| {
            let identity = again.clone();
            Box::pin(async move { identity.refreshed(&subject).await })
        }),
        commands: commands(&domains.identity, modules),
        rooms: modules.iter().flat_map(|module| module.rooms.iter().cloned()).collect(),
        settings: realtime::Settings {
            origins: config.http.cors_origins.clone(),
            trusted_proxies: config.http.trusted_proxies.clone(),
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
