//! Who wrote: one person, however the address is written, however many items come at once.

use crate::harness::{World, patiently};
use contacts::Sender;
use futures_util::future::join_all;
use std::collections::HashSet;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_first_items_at_once_are_one_contact_with_one_address() {
    let world = Arc::new(World::new().await);
    let all = (0..100).map(|n| {
        let world = world.clone();
        tokio::spawn(async move {
            // Every item brings one link at least that another one brings too, in changing company.
            let sender = match n % 4 {
                0 => world.sender(Some("5511990000017"), Some("BR.1")),
                1 => world.sender(Some("551190000017"), Some("BR.1")),
                2 => Sender {
                    parent_bsuid: Some("BR.ENT.1".to_owned()),
                    ..world.sender(Some("5511990000017"), Some("BR.1"))
                },
                _ => Sender { parent_bsuid: Some("BR.ENT.1".to_owned()), ..world.sender(None, Some("BR.1")) },
            };
            patiently(|| world.recognize(&sender)).await
        })
    });
    let done: Vec<_> = join_all(all).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(done.iter().map(|who| who.contact_id).collect::<HashSet<_>>().len(), 1);
    assert_eq!(done.iter().map(|who| who.address_id).collect::<HashSet<_>>().len(), 1);
    assert_eq!(done.iter().filter(|who| who.contact_created).count(), 1);
    assert_eq!(world.count("select count(*) from contacts where organization_id = $1").await, 1);
    assert_eq!(
        world.count("select count(*) from contact_identities where organization_id = $1 and is_primary").await,
        3
    );
    let events = world.events().await;
    assert_eq!(events.iter().filter(|kind| *kind == "contact.created").count(), 1);
    assert_eq!(events.iter().filter(|kind| *kind == "contact.identity_added").count(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_strangers_at_once_stay_strangers() {
    let world = Arc::new(World::new().await);
    let all = (0..60).map(|n| {
        let world = world.clone();
        tokio::spawn(async move {
            let phone = format!("55119900000{:02}", n % 20);
            let sender = world.sender(Some(&phone), None);
            patiently(|| world.recognize(&sender)).await.contact_id
        })
    });
    let contacts: HashSet<_> = join_all(all).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(contacts.len(), 20);
}

#[tokio::test]
async fn a_landline_and_a_mobile_with_the_same_last_digits_are_two_people() {
    let world = World::new().await;
    let landline = world.recognize(&world.sender(Some("551130000017"), None)).await.unwrap();
    let mobile = world.recognize(&world.sender(Some("5511930000017"), None)).await.unwrap();
    assert_ne!(landline.contact_id, mobile.contact_id);
    assert_eq!((landline.address.as_str(), mobile.address.as_str()), ("+551130000017", "+5511930000017"));
}

#[tokio::test]
async fn links_that_come_together_are_one_address_later_too() {
    let world = World::new().await;
    let phone = world.recognize(&world.sender(Some("5511990000017"), None)).await.unwrap();
    let both = world.recognize(&world.sender(Some("551190000017"), Some("BR.1"))).await.unwrap();
    let hidden = world.recognize(&world.sender(None, Some("BR.1"))).await.unwrap();
    assert_eq!((phone.contact_id, phone.address_id), (both.contact_id, both.address_id));
    assert_eq!((phone.contact_id, phone.address_id), (hidden.contact_id, hidden.address_id));
    let mut tx = world.tx().await;
    let to = contacts::send_address(&mut tx, phone.address_id).await.unwrap();
    assert_eq!(
        (to.phone_raw.as_deref(), to.bsuid.as_deref()),
        (Some("551190000017"), Some("BR.1")),
        "the form last received"
    );
}

#[tokio::test]
async fn links_of_two_contacts_are_never_joined() {
    let world = World::new().await;
    let one = world.recognize(&world.sender(Some("5511990000017"), None)).await.unwrap();
    let two = world.recognize(&world.sender(None, Some("BR.2"))).await.unwrap();
    let both = world.recognize(&world.sender(Some("5511990000017"), Some("BR.2"))).await.unwrap();
    assert_ne!(one.contact_id, two.contact_id);
    assert_eq!(
        (both.contact_id, both.merged_addresses.len()),
        (two.contact_id, 0),
        "the business-scoped id is believed first"
    );
    assert_eq!(world.recognize(&world.sender(Some("5511990000017"), None)).await.unwrap().contact_id, one.contact_id);
}

#[tokio::test]
async fn an_imported_patient_is_met_by_the_first_message_and_keeps_the_edited_name() {
    let world = World::new().await;
    let contact: uuid::Uuid = world.ids.sortable(world.clock.now());
    let mut admin = world.admin().await;
    sqlx::query("insert into contacts (id, organization_id, name, origin, created_at, updated_at) values ($1, $2, 'Dona Ana', 'import', $3, $3)")
        .bind(contact)
        .bind(world.organization.0)
        .bind(world.clock.now())
        .execute(&mut admin)
        .await
        .unwrap();
    for (kind, value, key) in [("phone", "+5511990000017", "55:11:90000017"), ("whatsapp", "BR.1", "BR.1")] {
        sqlx::query("insert into contact_identities (id, organization_id, contact_id, address_id, kind, value, match_key, raw, trust, is_primary, first_seen, last_seen) values ($1, $2, $3, $1, $4, $5, $6, $5, 'asserted', true, $7, $7)")
            .bind(world.ids.sortable::<uuid::Uuid>(world.clock.now()))
            .bind(world.organization.0)
            .bind(contact)
            .bind(kind)
            .bind(value)
            .bind(key)
            .bind(world.clock.now())
            .execute(&mut admin)
            .await
            .unwrap();
    }
    let who = world.recognize(&world.sender(Some("551190000017"), Some("BR.1"))).await.unwrap();
    assert_eq!(
        (who.contact_id.0, who.contact_created, who.name.as_deref(), who.renamed),
        (contact, false, Some("Dona Ana"), false)
    );
    assert_eq!(who.merged_addresses.len(), 1, "two addresses of one contact turned out to be one");
    let kinds = world.events().await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "contact.identity_verified").count(), 2);
    assert_eq!(kinds.iter().filter(|kind| *kind == "contact.updated").count(), 1, "the profile name is kept beside");
    assert_eq!(world.count("select count(*) from contact_identities where organization_id = $1 and trust = 'verified' and raw in ('551190000017', 'BR.1')").await, 2);
    // A claim of a visitor finds nobody.
    sqlx::query("update contact_identities set trust = 'claimed' where organization_id = $1")
        .bind(world.organization.0)
        .execute(&mut admin)
        .await
        .unwrap();
    assert!(world.recognize(&world.sender(Some("551190000017"), None)).await.unwrap().contact_created);
}

#[tokio::test]
async fn a_new_profile_name_renames_and_the_same_one_writes_nothing() {
    let world = World::new().await;
    let mut sender = world.sender(Some("5511990000017"), None);
    world.recognize(&sender).await.unwrap();
    let before = world.events().await.len();
    world.recognize(&sender).await.unwrap();
    assert_eq!(world.events().await.len(), before);
    sender.profile_name = Some(" Ana\u{202e}  Souza\n".to_owned());
    let who = world.recognize(&sender).await.unwrap();
    assert_eq!((who.name.as_deref(), who.renamed), (Some("Ana Souza"), true));
    sender.profile_name = None;
    let who = world.recognize(&sender).await.unwrap();
    assert_eq!((who.name.as_deref(), who.renamed), (Some("Ana Souza"), false));
}

#[tokio::test]
async fn nobody_is_refused_and_a_number_that_no_plan_knows_is_still_somebody() {
    let world = World::new().await;
    assert_eq!(world.recognize(&world.sender(None, Some(" "))).await.unwrap_err().code(), "VALIDATION_FAILED");
    let odd = world.recognize(&world.sender(Some("15550001234567"), None)).await.unwrap();
    assert_eq!(world.recognize(&world.sender(Some("15550001234567"), None)).await.unwrap().contact_id, odd.contact_id);
}

#[tokio::test]
async fn the_same_phone_in_another_organization_is_another_contact() {
    let (here, there) = (World::new().await, World::new().await);
    let one = here.recognize(&here.sender(Some("5511990000017"), Some("BR.1"))).await.unwrap();
    let two = there.recognize(&there.sender(Some("5511990000017"), Some("BR.1"))).await.unwrap();
    assert_ne!(one.contact_id, two.contact_id);
    let mut tx = there.tx().await;
    assert_eq!(contacts::send_address(&mut tx, one.address_id).await.unwrap(), contacts::SendAddress::default());
    assert!(contacts::display_names(&mut tx, &[one.contact_id]).await.unwrap().is_empty());
    assert_eq!(contacts::is_blocked(&mut tx, one.contact_id).await.unwrap_err().code(), "NOT_FOUND");
    assert_eq!(contacts::block(&there.system(), &mut tx, one.contact_id).await.unwrap_err().code(), "NOT_FOUND");
}
