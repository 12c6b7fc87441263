//! The one value that a domain hands to the binary. There is no other registration.

use kernel::{Ctx, Error, Permission, Resource};
use std::pin::Pin;
use std::sync::Arc;
use store::jobs::{JobKind, Schedule};
use store::log::Reader;
use store::{HouseColumn, SealedColumn, TenantTx};
use uuid::Uuid;

/// Everything that a domain brings to the house.
#[derive(Default)]
pub struct Module {
    pub name: &'static str,
    /// Routes with their docs; paths are relative to `/api`, e.g. `/conversations/{conversation_id}`.
    pub routes: utoipa_axum::router::OpenApiRouter,
    /// Permissions that its commands ask for.
    pub permissions: &'static [Permission],
    /// Events that it appends.
    pub events: &'static [EventDoc],
    pub job_kinds: Vec<JobKind>,
    pub readers: Vec<Reader>,
    pub schedules: Vec<Schedule>,
    pub socket_commands: Vec<realtime::SocketCommand>,
    pub rooms: Vec<realtime::RoomKind>,
    /// Kinds of its things that somebody may ask about by id: why an action on this one is allowed or not.
    pub resources: Vec<ResourceKind>,
    /// What a new organization gets from this domain; runs in the provisioning transaction, again on every repeat.
    pub provisions: Vec<Provision>,
    /// What it seals with the organizations' own keys, so that these can be turned over.
    pub sealed: &'static [SealedColumn],
    /// What it seals with the installation's own key, for the same reason.
    pub house_sealed: &'static [HouseColumn],
}

/// An event kind for readers of the documentation.
#[derive(Clone, Copy, Debug)]
pub struct EventDoc {
    pub kind: &'static str,
    pub version: i16,
    /// One sentence: when it is appended and what `data` holds.
    pub meaning: &'static str,
}

/// One domain's part of provisioning: idempotent, adds only what is missing.
#[derive(Clone)]
pub struct Provision(pub Arc<ProvisionFn>);

pub type ProvisionFn = dyn for<'t> Fn(&'t Ctx, &'t mut TenantTx) -> ProvisionFuture<'t> + Send + Sync;

pub type ProvisionFuture<'t> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 't>>;

/// A kind of thing that actions are about.
#[derive(Clone)]
pub struct ResourceKind {
    pub kind: &'static str,
    /// The facts that `authorize` reads of one in the organization of the transaction; `None` if it is not there.
    pub load: Arc<LoadResource>,
}

pub type LoadResource = dyn for<'t> Fn(&'t mut TenantTx, Uuid) -> ResourceFuture<'t> + Send + Sync;

pub type ResourceFuture<'t> = Pin<Box<dyn Future<Output = Result<Option<Resource>, Error>> + Send + 't>>;
