//! Organizations' own keys: made, turned over, wrapped anew, destroyed.

use crate::harness::{House, sealer};
use chrono::Duration;
use identity::organizations::RESUMED;
use kernel::Ids;
use secrecy::SecretSlice;
use store::jobs::{JobKind, JobOutcome, WorkerLimits, Workers};
use store::{Place, SealedColumn, Sealer};
use uuid::Uuid;

const COLUMN: SealedColumn = SealedColumn { table: "probe", column: "sealed", row: "uuid_send(id)" };

fn place<'a>(organization: &'a Uuid, row: &'a Uuid) -> Place<'a> {
    Place { organization: organization.as_bytes(), table: "probe", column: "sealed", row: row.as_bytes() }
}

/// A domain's table with a sealed column.
async fn probe(house: &House) {
    house
        .sql(
            "create table probe (id uuid primary key, organization_id uuid not null, sealed bytea);
             grant select, insert, update on probe to balcao_app"
                .to_owned(),
        )
        .await;
}

async fn seal(house: &House, sealer: &Sealer, value: &[u8]) -> (Uuid, Vec<u8>) {
    let id = house.organization.id;
    let row: Uuid = Ids::system().random();
    let mut tx = house.db.tenant(id).await.unwrap();
    let own = sealer.for_tenant(&mut tx, &Ids::system(), house.clock.now()).await.unwrap();
    let sealed = own.seal(&Ids::system(), place(&id, &row), value).unwrap();
    tx.commit().await.unwrap();
    house.sql(format!("insert into probe values ('{row}', '{id}', '\\x{}')", hex::encode(&sealed))).await;
    (row, sealed)
}

async fn stored(house: &House, row: Uuid) -> Vec<u8> {
    hex::decode(house.text(format!("select encode(sealed, 'hex') from probe where id = '{row}'")).await).unwrap()
}

async fn open(house: &House, sealer: &Sealer, row: Uuid, sealed: &[u8]) -> Result<Vec<u8>, kernel::Error> {
    let id = house.organization.id;
    let mut tx = house.db.tenant(id).await.unwrap();
    let own = sealer.for_tenant(&mut tx, &Ids::system(), house.clock.now()).await?;
    own.open(place(&id, &row), sealed)
}

#[tokio::test]
async fn a_value_opens_with_its_organizations_key_in_its_place_and_nowhere_else() {
    let house = House::alone().await;
    probe(&house).await;
    let sealer = sealer();
    let (row, sealed) = seal(&house, &sealer, b"segredo").await;
    assert_eq!(open(&house, &sealer, row, &sealed).await.unwrap(), b"segredo");
    // What the installation's key sealed before there were data keys still opens.
    let before = sealer.seal(&Ids::system(), place(&house.organization.id, &row), b"antes").unwrap();
    assert_eq!(open(&house, &sealer, row, &before).await.unwrap(), b"antes");
    let elsewhere: Uuid = Ids::system().random();
    assert!(open(&house, &sealer, elsewhere, &sealed).await.is_err());
    let other = house.other_organization("Clínica Dois").await;
    let mut tx = house.db.tenant(other.id).await.unwrap();
    let theirs = sealer.for_tenant(&mut tx, &Ids::system(), house.clock.now()).await.unwrap();
    assert!(theirs.open(place(&house.organization.id, &row), &sealed).is_err());
    assert!(sealer.open(place(&house.organization.id, &row), &sealed).is_err());
    let mut changed = sealed.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(open(&house, &sealer, row, &changed).await.is_err());
}

#[tokio::test]
async fn a_key_made_in_a_transaction_that_fails_seals_nothing_afterwards() {
    let house = House::alone().await;
    probe(&house).await;
    let sealer = sealer();
    let id = house.organization.id;
    house.sql(format!("delete from data_keys where organization_id = '{id}'")).await;
    let mut tx = house.db.tenant(id).await.unwrap();
    sealer.for_tenant(&mut tx, &Ids::system(), house.clock.now()).await.unwrap();
    sealer.for_tenant(&mut tx, &Ids::system(), house.clock.now()).await.unwrap();
    drop(tx);
    let (row, sealed) = seal(&house, &sealer, b"segredo").await;
    // Another node has nothing but the database.
    assert_eq!(open(&house, &crate::harness::sealer(), row, &sealed).await.unwrap(), b"segredo");
}

#[tokio::test]
async fn a_rotation_seals_everything_anew_and_destroys_the_key_before() {
    let house = House::alone().await;
    probe(&house).await;
    let sealer = sealer();
    let id = house.organization.id;
    let (row, old) = seal(&house, &sealer, b"segredo").await;
    let before = sealer.seal(&Ids::system(), place(&id, &row), b"antes").unwrap();
    let legacy: Uuid = Ids::system().random();
    let before_at = sealer.seal(&Ids::system(), place(&id, &legacy), b"antes").unwrap();
    assert_ne!(before, before_at);
    house.sql(format!("insert into probe values ('{legacy}', '{id}', '\\x{}')", hex::encode(&before_at))).await;
    let version = house.identity.rotate_data_key(id).await.unwrap();
    assert_eq!(version, 2);
    // Published, not in use: every node has to know it first.
    let fresh = crate::harness::sealer();
    let (_, sealed) = seal(&house, &fresh, b"ainda").await;
    assert_eq!(&sealed[..5], [2, 0, 0, 0, 1]);
    house.advance(Duration::minutes(6));
    reseal(&house).await;
    for (row, value) in [(row, b"segredo".as_slice()), (legacy, b"antes".as_slice())] {
        let sealed = stored(&house, row).await;
        assert_eq!(&sealed[..5], [2, 0, 0, 0, 2]);
        assert_eq!(open(&house, &crate::harness::sealer(), row, &sealed).await.unwrap(), value);
    }
    let count =
        house.count("select count(*) from probe where substring(sealed from 1 for 5) <> '\\x0200000002'".to_owned());
    assert_eq!(count.await, 0);
    let living = house.count(format!(
        "select count(*) from data_keys where organization_id = '{id}' and wrapped is not null and version < 2"
    ));
    assert_eq!(living.await, 0);
    assert!(open(&house, &crate::harness::sealer(), row, &old).await.is_err());
    let events = house.events(id).await;
    assert!(events.iter().any(|(kind, data, _)| kind == "organization.data_key_rotated" && data["version"] == 2));
}

/// Runs the job with the probe's column known, as a house would that has such a domain. The node begins afresh, so that
/// it does not remember keys for a minute of the real clock.
async fn reseal(house: &House) {
    let node = house.another_node();
    let mut modules = vec![identity::module(node.identity.clone())];
    let identity = identity::Identity::new(
        house.db.clone(),
        house.clock.clone(),
        Ids::system(),
        sealer(),
        crate::harness::blobs(),
        crate::harness::quick(),
    )
    .unwrap();
    modules.push(module::Module { name: "probe", sealed: &[COLUMN], ..module::Module::default() });
    identity.know_house(&modules);
    let mut kinds = identity::module(identity).job_kinds;
    kinds.push(JobKind::new(RESUMED, |_| async { Ok(JobOutcome::Done) }));
    let workers = Workers::new(house.db.clone(), house.clock.clone(), Ids::system(), kinds, WorkerLimits::default());
    let drained = workers.drain().await.unwrap();
    assert!(drained.failed.is_empty(), "{:?}", drained.failed);
}

#[tokio::test]
async fn a_new_installation_key_wraps_every_data_key_and_the_old_one_can_be_given_up() {
    let house = House::alone().await;
    probe(&house).await;
    let other = house.other_organization("Clínica Dois").await;
    let (row, sealed) = seal(&house, &sealer(), b"segredo").await;
    for id in [house.organization.id, other.id] {
        let mut tx = house.db.tenant(id).await.unwrap();
        sealer().for_tenant(&mut tx, &Ids::system(), house.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
    }
    let key = |byte: u8| SecretSlice::from(vec![byte; 32]);
    let both = Sealer::new(vec![key(9), key(7)]);
    let new_alone = || Sealer::new(vec![key(9)]);
    assert!(open(&house, &new_alone(), row, &sealed).await.is_err());
    let node = identity::Identity::new(
        house.db.clone(),
        house.clock.clone(),
        Ids::system(),
        both,
        crate::harness::blobs(),
        crate::harness::quick(),
    )
    .unwrap();
    assert_eq!(node.rewrap_data_keys().await.unwrap(), 2);
    assert_eq!(node.rewrap_data_keys().await.unwrap(), 0);
    assert_eq!(open(&house, &new_alone(), row, &sealed).await.unwrap(), b"segredo");
}

#[tokio::test]
async fn a_provider_elsewhere_wraps_and_unwraps_and_is_told_whose_key_it_is() {
    use store::{KeyProvider, Wrapped};
    let house = House::alone().await;
    probe(&house).await;
    house.sql("delete from data_keys".to_owned()).await;
    // Stands in for a key management service: turns bytes around and remembers for whom.
    let provider = || {
        KeyProvider::new(
            "kms/1",
            |context, key| {
                use secrecy::ExposeSecret as _;
                let mut bytes: Vec<u8> = key.expose_secret().iter().rev().copied().collect();
                bytes.extend_from_slice(context.organization.as_bytes());
                Box::pin(async move { Ok(Wrapped { bytes, by: "kms/1".to_owned() }) })
            },
            |context, wrapped| {
                let (key, whose) = wrapped.bytes.split_at(32);
                let fits = whose == context.organization.as_bytes() && wrapped.by == "kms/1";
                let key: Vec<u8> = key.iter().rev().copied().collect();
                Box::pin(async move {
                    if fits { Ok(SecretSlice::from(key)) } else { Err(kernel::Error::internal("another context")) }
                })
            },
        )
    };
    let (row, sealed) = seal(&house, &sealer().with_provider(provider()), b"segredo").await;
    assert_eq!(open(&house, &sealer().with_provider(provider()), row, &sealed).await.unwrap(), b"segredo");
    assert!(open(&house, &sealer(), row, &sealed).await.is_err());
    assert_eq!(house.text("select wrapped_by from data_keys".to_owned()).await, "kms/1");
}
