//! What this domain brings to the house.

use crate::checkpoint::DELIVER;
use crate::export::EXPORT;
use crate::handle::Audit;
use crate::retention::UPKEEP;
use crate::routes::router;
use chrono::Duration;
use kernel::{Permission, audited};
use module::{EventDoc, Module};
use std::sync::Arc;
use store::jobs::{Backoff, Every, JobKind, Lane, Schedule};
use store::log::{Reader, ReaderRun};
use store::{HouseColumn, Reach};

/// About three days.
const DELIVERY_TRIES: i16 = 20;

const EVENTS: &[EventDoc] = &[
    doc("privacy.data_read", "Personal data was looked at by somebody not taking part: resource_type, resource_id."),
    doc("audit.exported", "An export of the audit was asked for: export_id, format, filter."),
    doc("audit.export_downloaded", "The file of an export was fetched: export_id."),
    doc("audit.key_rotated", "Another key signs heads, checkpoints and exports: version, public_key."),
    doc("audit.verified", "The chain was checked: valid, checked."),
    doc("audit.pruned", "Old entries were removed, a checkpoint was left: through_seq, entries."),
];

const fn doc(kind: &'static str, meaning: &'static str) -> EventDoc {
    EventDoc { kind, version: 1, meaning }
}

/// The domain's one value for the binary's list. `others`: what the other domains bring, whose facts are heard.
pub fn module(audit: Audit, others: &[Module]) -> Module {
    let kinds: Vec<&'static str> =
        others.iter().flat_map(|module| module.events).chain(EVENTS).map(|event| event.kind).collect();
    let audited = kinds.iter().copied().filter(|kind| audited::category(kind).is_some()).collect();
    let erased = kinds.iter().copied().filter(|kind| matches!(*kind, "privacy.erased" | "user.erased")).collect();
    // Messages are no records that change; what happens to them has its own history, and they are most of the log.
    let changing = kinds.iter().copied().filter(|kind| !kind.starts_with("message.")).collect();
    Module {
        name: "audit",
        routes: router(audit.clone()),
        permissions: &[Permission::AUDIT_VIEW, Permission::AUDIT_EXPORT],
        events: EVENTS,
        job_kinds: vec![
            job(EXPORT, &audit, |audit, run| Box::pin(async move { audit.make_export(run).await }))
                .time_limit(Duration::minutes(30)),
            job(DELIVER, &audit, |audit, run| Box::pin(async move { audit.deliver(run).await }))
                .max_attempts(DELIVERY_TRIES)
                .backoff(Backoff::Exponential { first: Duration::minutes(1), most: Duration::hours(6) }),
            job(UPKEEP, &audit, |audit, run| Box::pin(async move { audit.upkeep(run).await }))
                .time_limit(Duration::minutes(30)),
        ],
        readers: vec![
            reader("audit.entries", audited, &audit, |audit, run| Box::pin(async move { audit.record(run).await })),
            reader("audit.erasures", erased, &audit, |audit, run| Box::pin(async move { audit.forget(run).await })),
            reader("audit.history", changing, &audit, |audit, run| {
                Box::pin(async move { audit.remember_change(run).await })
            }),
        ],
        house_sealed: &[HouseColumn {
            table: "audit_values",
            column: "value_sealed",
            place: "value",
            row: "int8send(seq) || convert_to(field, 'UTF8')",
            reach: Reach::Functions,
        }],
        schedules: vec![Schedule {
            name: UPKEEP,
            lane: Lane::Bulk,
            every: Every::DailyAt { hour: 3, minute: 20, zone: "America/Sao_Paulo" },
        }],
        ..Module::default()
    }
}

type Running<T> = std::pin::Pin<Box<dyn Future<Output = Result<T, kernel::Error>> + Send>>;

fn job(
    name: &'static str,
    audit: &Audit,
    run: fn(Audit, store::jobs::JobRun) -> Running<store::jobs::JobOutcome>,
) -> JobKind {
    let audit = audit.clone();
    JobKind::new(name, move |job| run(audit.clone(), job))
}

fn reader(
    name: &'static str,
    kinds: Vec<&'static str>,
    audit: &Audit,
    run: fn(Audit, ReaderRun) -> Running<()>,
) -> Reader {
    let audit = audit.clone();
    Reader { name, kinds, run: Arc::new(move |heard| run(audit.clone(), heard)) }
}
