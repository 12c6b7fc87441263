//! What this domain brings to the house.

use crate::{Channels, accounts, items, media, routes, send, store, upkeep};
use ::store::jobs::{Backoff, Every, JobKind, JobOutcome, JobRun, Lane, Schedule};
use ::store::{HouseColumn, Reach, SealedColumn};
use chrono::Duration;
use kernel::ids::ChannelAccountId;
use kernel::{Error, Permission};
use module::{EventDoc, Module, ResourceKind};
use std::future::Future;
use std::sync::Arc;

// What messages carry is fetched here and seen with them.
const PERMISSIONS: &[Permission] =
    &[Permission::CHANNELS_VIEW, Permission::CHANNELS_MANAGE, Permission::MESSAGING_VIEW];

/// Events of this domain; readable with `channels.view`.
pub const EVENTS: &[EventDoc] = &[
    doc("channel.account_created", "An account was added as a draft: id, kind, name, simulation."),
    doc("channel.account_updated", "An account was changed: id, names of the changed fields, version."),
    doc("channel.account_activated", "An account became active: id, kind, version."),
    doc("channel.status_changed", "An account's status changed: id, from, to, reason, version."),
    doc("channel.reconnect_required", "The provider refuses the account; messages wait: id, reason."),
    doc("inbound.dead", "An item failed too often and waits for a replay: id, channel_account_id, kind, error."),
    doc("inbound.replayed", "Somebody had an item run again: id, channel_account_id, kind."),
];

const fn doc(kind: &'static str, meaning: &'static str) -> EventDoc {
    EventDoc { kind, version: 1, meaning }
}

/// The one value for the binary's list.
pub fn module(channels: Channels) -> Module {
    Module {
        name: "channels",
        routes: routes::routes(channels.clone()),
        permissions: PERMISSIONS,
        events: EVENTS,
        resources: vec![account()],
        job_kinds: job_kinds(&channels),
        sealed: &[
            SealedColumn {
                table: "channel_secrets",
                column: "sealed",
                row: "uuid_send(channel_account_id) || convert_to(name, 'UTF8')",
            },
            SealedColumn { table: "inbound_items", column: "event_sealed", row: "uuid_send(id)" },
        ],
        house_sealed: &[HouseColumn {
            table: "inbound_raw",
            column: "body_sealed",
            place: "body_sealed",
            row: "uuid_send(id)",
            reach: Reach::Worker,
        }],
        schedules: vec![
            Schedule { name: upkeep::SWEEP, lane: Lane::Default, every: Every::Interval(Duration::seconds(15)) },
            Schedule {
                name: upkeep::FORGET,
                lane: Lane::Default,
                every: Every::DailyAt { hour: 3, minute: 40, zone: "America/Sao_Paulo" },
            },
        ],
        ..Module::default()
    }
}

fn account() -> ResourceKind {
    ResourceKind {
        kind: "channel_account",
        load: Arc::new(|tx, id| {
            Box::pin(async move {
                let found = store::accounts::find(tx, ChannelAccountId(id), false).await?;
                Ok(found.map(|account| accounts::resource(&account, tx.organization_id())))
            })
        }),
    }
}

fn job_kinds(channels: &Channels) -> Vec<JobKind> {
    vec![
        kind(channels, items::SPLIT, items::split).max_attempts(20),
        // An item counts its own failures; a worker that dies in the middle is none of them.
        kind(channels, items::APPLY, items::apply).max_attempts(1_000),
        kind(channels, identity::organizations::RESUMED, items::resume)
            .max_attempts(20)
            .time_limit(Duration::minutes(10)),
        kind(channels, items::REPLAY_UNROUTED, items::start_routing),
        kind(channels, items::ROUTE_UNROUTED, items::route_unrouted).max_attempts(20),
        // A send counts its own attempts too.
        kind(channels, messaging::SEND_MESSAGE, send::send)
            .max_attempts(1_000)
            .backoff(Backoff::Exponential { first: Duration::seconds(1), most: Duration::minutes(1) }),
        kind(channels, messaging::FETCH_MEDIA, media::fetch).max_attempts(1_000).time_limit(Duration::minutes(3)),
        kind(channels, upkeep::SWEEP, upkeep::sweep),
        kind(channels, upkeep::FORGET, upkeep::forget).time_limit(Duration::minutes(10)),
    ]
}

fn kind<F, Fut>(channels: &Channels, name: &'static str, run: F) -> JobKind
where
    F: Fn(Channels, JobRun) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<JobOutcome, Error>> + Send + 'static,
{
    let channels = channels.clone();
    JobKind::new(name, move |job| run(channels.clone(), job))
}
