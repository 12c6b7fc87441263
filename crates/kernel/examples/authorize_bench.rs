//! How long `authorize` takes for somebody with 20 assignments.
//!
//!     cargo run --release -p kernel --example authorize_bench [rounds]
//!
//! One JSON line a case: nanoseconds a decision, the median of the rounds.

use chrono::{DateTime, Utc};
use kernel::ids::{MembershipId, OrganizationId, UnitId, UserId};
use kernel::{Grant, Permission, PermissionSet, Principal, Resource, Scope, Subject, authorize, masks, visible};
use std::hint::black_box;
use std::time::Instant;
use uuid::Uuid;

const DECISIONS: u32 = 200_000;
const ASSIGNMENTS: u128 = 20;
/// Units of each assignment: a unit with those below it.
const UNITS: u128 = 8;

fn main() {
    let rounds = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(9);
    let organization = OrganizationId(Uuid::from_u128(1));
    let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default();
    let subject = somebody(organization, now);
    // In the last unit of the last assignment: everything before it is looked at in vain.
    let last = UnitId(Uuid::from_u128(ASSIGNMENTS * UNITS - 1));
    let (here, nowhere) = (
        Resource::in_unit(organization, Some(last)),
        Resource::in_unit(organization, Some(UnitId(Uuid::from_u128(u128::MAX)))),
    );
    let decide =
        |resource: &Resource| authorize(&subject, Permission::MESSAGING_REPLY, black_box(resource), now).is_ok();
    report("allowed_by_the_last", rounds, || decide(&here));
    report("out_of_scope", rounds, || decide(&nowhere));
    report("masks", rounds, || masks::of(&subject, black_box(&here), now).is_empty());
    report("visible", rounds, || visible(&subject, black_box(Permission::MESSAGING_VIEW), now).is_empty());
}

fn somebody(organization: OrganizationId, now: DateTime<Utc>) -> Subject {
    let grant = |n: u128| Grant {
        role: "agent".into(),
        permissions: PermissionSet::granting([
            Permission::MESSAGING_REPLY,
            Permission::CONTACTS_VIEW_PII,
            Permission::TICKETS_UPDATE,
        ]),
        scope: Scope::Units((0..UNITS).map(|unit| UnitId(Uuid::from_u128(n * UNITS + unit))).collect()),
        effective_from: Some(now - chrono::Duration::days(1)),
        effective_to: Some(now + chrono::Duration::days(1)),
    };
    let (user, membership) = (Uuid::from_u128(2), Uuid::from_u128(3));
    Subject {
        principal: Principal::User { user_id: UserId(user), membership_id: MembershipId(membership) },
        grants: (0..ASSIGNMENTS).map(grant).collect(),
        ..Subject::system(organization)
    }
}

fn report(case: &str, rounds: usize, decision: impl Fn() -> bool) {
    let mut measured: Vec<u128> = (0..rounds)
        .map(|_| {
            let began = Instant::now();
            for _ in 0..DECISIONS {
                black_box(decision());
            }
            began.elapsed().as_nanos() / u128::from(DECISIONS)
        })
        .collect();
    measured.sort_unstable();
    let median = measured.get(rounds / 2).copied().unwrap_or_default();
    println!(r#"{{"case":"{case}","assignments":{ASSIGNMENTS},"ns":{median}}}"#);
}
