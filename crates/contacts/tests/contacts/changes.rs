//! Addresses that change, forms that are learned, blocks.

use crate::harness::World;
use contacts::{IdentityMove, change_identity, learn_address};

#[tokio::test]
async fn a_changed_number_joins_the_contact_and_the_old_one_is_retired() {
    let world = World::new().await;
    let old = world.sender(Some("5511990000017"), Some("BR.1"));
    let who = world.recognize(&old).await.unwrap();
    let new = world.sender(Some("5531980000017"), Some("BR.2"));
    for (added, retired) in [(2, 2), (0, 0)] {
        let mut tx = world.tx().await;
        let moved = change_identity(&world.system(), &mut tx, &old, &new).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(
            moved,
            IdentityMove::Moved { contact_id: who.contact_id, address_id: who.address_id, added, retired }
        );
    }
    assert_eq!(world.recognize(&new).await.unwrap().address_id, who.address_id);
    // The old number may be somebody else's by now.
    let stranger = world.recognize(&old).await.unwrap();
    assert_ne!(stranger.contact_id, who.contact_id);
    let kinds = world.events().await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "contact.identity_retired").count(), 2);
}

#[tokio::test]
async fn a_changed_id_leaves_the_phone_alone() {
    let world = World::new().await;
    let who = world.recognize(&world.sender(Some("5511990000017"), Some("BR.1"))).await.unwrap();
    let mut tx = world.tx().await;
    let moved =
        change_identity(&world.system(), &mut tx, &world.sender(None, Some("BR.1")), &world.sender(None, Some("BR.2")))
            .await
            .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        moved,
        IdentityMove::Moved { contact_id: who.contact_id, address_id: who.address_id, added: 1, retired: 1 }
    );
    assert_eq!(world.recognize(&world.sender(Some("5511990000017"), None)).await.unwrap().contact_id, who.contact_id);
}

#[tokio::test]
async fn a_new_number_that_is_anothers_moves_nothing_and_suggests_a_duplicate() {
    let world = World::new().await;
    let (old, new) = (world.sender(Some("5511990000017"), Some("BR.1")), world.sender(Some("5531980000017"), None));
    let (who, other) = (world.recognize(&old).await.unwrap(), world.recognize(&new).await.unwrap());
    let mut tx = world.tx().await;
    let moved = change_identity(&world.system(), &mut tx, &old, &new).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        moved,
        IdentityMove::KeptApart { contact_id: who.contact_id, address_id: who.address_id, other: other.contact_id }
    );
    assert_eq!(world.recognize(&old).await.unwrap().contact_id, who.contact_id);
    assert_eq!(world.recognize(&new).await.unwrap().contact_id, other.contact_id);
    assert_eq!(world.events().await.iter().filter(|kind| *kind == "contact.duplicate_suggested").count(), 1);
}

#[tokio::test]
async fn a_change_of_somebody_unknown_is_nothing() {
    let world = World::new().await;
    let mut tx = world.tx().await;
    let (old, new) = (world.sender(Some("5511990000017"), None), world.sender(Some("5531980000017"), None));
    assert_eq!(change_identity(&world.system(), &mut tx, &old, &new).await.unwrap(), IdentityMove::Unknown);
}

#[tokio::test]
async fn the_form_that_the_provider_answers_is_learned_another_number_is_not() {
    let world = World::new().await;
    let who = world.recognize(&world.sender(Some("5531980000017"), None)).await.unwrap();
    let mut tx = world.tx().await;
    assert!(learn_address(&world.system(), &mut tx, who.address_id, "553180000017").await.unwrap());
    assert!(!learn_address(&world.system(), &mut tx, who.address_id, "553180000017").await.unwrap());
    assert!(!learn_address(&world.system(), &mut tx, who.address_id, "5531980000099").await.unwrap());
    assert_eq!(
        contacts::send_address(&mut tx, who.address_id).await.unwrap().phone_raw.as_deref(),
        Some("553180000017")
    );
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn blocking_and_unblocking_tell_once() {
    let world = World::new().await;
    let sender = world.sender(Some("5511990000017"), None);
    let who = world.recognize(&sender).await.unwrap();
    let mut tx = world.tx().await;
    for (first, again) in [(true, false)] {
        assert_eq!(contacts::block(&world.system(), &mut tx, who.contact_id).await.unwrap(), first);
        assert_eq!(contacts::block(&world.system(), &mut tx, who.contact_id).await.unwrap(), again);
    }
    tx.commit().await.unwrap();
    assert!(world.recognize(&sender).await.unwrap().blocked);
    let mut tx = world.tx().await;
    assert!(contacts::unblock(&world.system(), &mut tx, who.contact_id).await.unwrap());
    tx.commit().await.unwrap();
    assert!(!world.recognize(&sender).await.unwrap().blocked);
    let kinds = world.events().await;
    assert_eq!(
        kinds.iter().filter(|kind| kind.ends_with("blocked")).collect::<Vec<_>>(),
        ["contact.blocked", "contact.unblocked"]
    );
}
