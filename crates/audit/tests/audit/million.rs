//! A long chain: it verifies, and one wrong entry in its middle is found. `BALCAO_AUDIT_ENTRIES=1000000` makes it as long
//! as a busy organization's; without it the chain is long enough to be read in several parts.

use crate::house::House;
use audit::chain::{GENESIS, Link};
use audit::{Span, Verdict};
use kernel::Ids;
use sqlx::{ConnectOptions as _, PgConnection};
use std::time::Instant;
use uuid::Uuid;

const BATCH: i64 = 10_000;

#[tokio::test]
async fn a_long_chain_verifies_and_one_bad_entry_in_it_is_found() {
    let wanted = std::env::var("BALCAO_AUDIT_ENTRIES").ok().and_then(|n| n.parse().ok());
    let entries: i64 = wanted.unwrap_or(30_000);
    let house = House::new().await;
    let mut admin = house.database.admin.connect().await.unwrap();
    fill(&mut admin, *house.organization.id, entries).await;
    let began = Instant::now();
    let verdict = verify(&house).await;
    assert_eq!((verdict.valid, verdict.checked), (true, u64::try_from(entries).unwrap()), "{verdict:?}");
    println!("{entries} entries verified in {:.1} s", began.elapsed().as_secs_f64());
    let at = entries / 2;
    let swap = format!(
        "update audit_entries set seq = -1 where seq = {at}; update audit_entries set seq = {at} where seq = {at} + 1;
         update audit_entries set seq = {at} + 1 where seq = -1"
    );
    for (name, done, undone) in [
        (
            "changed",
            format!("update audit_entries set action = 'x' where seq = {at}"),
            format!("update audit_entries set action = 'role.updated' where seq = {at}"),
        ),
        (
            "re-dated",
            format!("update audit_entries set at = at + interval '1 us' where seq = {at}"),
            format!("update audit_entries set at = at - interval '1 us' where seq = {at}"),
        ),
        ("swapped", swap.clone(), swap),
        ("removed", format!("delete from audit_entries where seq = {at}"), "select 1".to_owned()),
    ] {
        house.sql(&done).await;
        let verdict = verify(&house).await;
        assert_eq!((verdict.valid, verdict.broken_at), (false, Some(at)), "{name}: {verdict:?}");
        println!("{name}: {}", verdict.problem.unwrap_or_default());
        house.sql(&undone).await;
    }
}

async fn verify(house: &House) -> Verdict {
    house.audit.verify(house.organization.id, &Span::default()).await.unwrap()
}

async fn fill(admin: &mut PgConnection, organization: Uuid, entries: i64) {
    let (ids, mut prev, mut seq) = (Ids::system(), GENESIS.to_vec(), 0);
    while seq < entries {
        let mut links = Vec::new();
        for _ in 0..BATCH.min(entries - seq) {
            seq += 1;
            let mut link = Link {
                organization_id: organization,
                seq,
                id: ids.random(),
                event_id: ids.random(),
                at: crate::house::start(),
                action: "role.updated".to_owned(),
                category: "access".to_owned(),
                actor_kind: "user".to_owned(),
                actor_id: Some(Uuid::from_u128(7)),
                impersonator_id: None,
                resource_type: "role".to_owned(),
                resource_id: Uuid::from_u128(8),
                result: "success".to_owned(),
                request_id: "req".to_owned(),
                details: format!(r#"{{"n":{seq}}}"#),
                commitments: "{}".to_owned(),
                prev_hash: prev,
                hash: Vec::new(),
            };
            link.hash = link.computed().to_vec();
            prev = link.hash.clone();
            links.push(link);
        }
        insert(admin, organization, &links).await;
    }
}

async fn insert(admin: &mut PgConnection, organization: Uuid, links: &[Link]) {
    sqlx::query!(
        "insert into audit_entries (organization_id, seq, id, event_id, at, action, category, actor_kind, actor_id, resource_type,
           resource_id, result, request_id, details, commitments, prev_hash, hash)
         select $1, seq, id, event_id, $2, 'role.updated', 'access', 'user', $3, 'role', $4, 'success', 'req', details::json, '{}',
           prev_hash, hash
         from unnest($5::bigint[], $6::uuid[], $7::uuid[], $8::text[], $9::bytea[], $10::bytea[])
           n (seq, id, event_id, details, prev_hash, hash)",
        organization,
        crate::house::start(),
        Uuid::from_u128(7),
        Uuid::from_u128(8),
        &links.iter().map(|link| link.seq).collect::<Vec<_>>(),
        &links.iter().map(|link| link.id).collect::<Vec<_>>(),
        &links.iter().map(|link| link.event_id).collect::<Vec<_>>(),
        &links.iter().map(|link| link.details.clone()).collect::<Vec<_>>(),
        &links.iter().map(|link| link.prev_hash.clone()).collect::<Vec<_>>(),
        &links.iter().map(|link| link.hash.clone()).collect::<Vec<_>>(),
    )
    .execute(admin)
    .await
    .unwrap();
}
