//! Owners, what is seen, details.

use crate::harness::{World, code};
use crate::run;
use kernel::{Permission, Scope};
use messaging::{Assignment, DetailsBody, SeenBody, assign, claim, edit_details, release, seen};

const ANA: &str = "5511990000017";

#[tokio::test]
async fn claiming_is_first_come_and_told_to_the_second() {
    let world = World::new().await;
    let (ana, bia, manager) = (world.agent("Ana").await, world.agent("Bia").await, world.manager("Gil").await);
    let (id, _) = world.hears(ANA, "oi").await;
    let owned = run!(world, tx => claim(&ana, &mut tx, id)).unwrap();
    assert_eq!(owned.owner_id, ana.subject.user_id());
    let events = world.events().await.len();
    run!(world, tx => claim(&ana, &mut tx, id)).unwrap();
    assert_eq!(world.events().await.len(), events, "again: no event");
    let refused = run!(world, tx => claim(&bia, &mut tx, id)).unwrap_err();
    assert_eq!(refused.code(), "CONVERSATION_ALREADY_ASSIGNED");
    assert_eq!(refused.extra()["owner_id"], ana.subject.user_id().unwrap().to_string());
    run!(world, tx => claim(&manager, &mut tx, id)).unwrap();
    assert_eq!(code(run!(world, tx => release(&bia, &mut tx, id))), "PERMISSION_DENIED");
    run!(world, tx => release(&manager, &mut tx, id)).unwrap();
    assert_eq!(world.find(id).await.owner_id, None);
    assert_eq!(world.count("select count(*) from conversation_assignments where organization_id = $1").await, 2);
    assert_eq!(
        world.count("select count(*) from conversation_assignments where organization_id = $1 and until is null").await,
        0
    );
}

#[tokio::test]
async fn assigning_moves_owner_and_unit_and_keeps_the_history() {
    let world = World::new().await;
    let (agent, manager) = (world.agent("Ana").await, world.manager("Gil").await);
    let (id, _) = world.hears(ANA, "oi").await;
    let to = Assignment { user_id: agent.subject.user_id(), unit_id: Some(world.other_unit), reason: None };
    assert_eq!(code(run!(world, tx => assign(&agent, &mut tx, id, to.clone()))), "PERMISSION_DENIED");
    let shown = run!(world, tx => assign(&manager, &mut tx, id, to)).unwrap();
    assert_eq!((shown.owner_id, shown.unit_id), (agent.subject.user_id(), Some(world.other_unit)));
    let back = Assignment { unit_id: Some(world.unit), reason: Some("return".to_owned()), ..Assignment::default() };
    let shown = run!(world, tx => assign(&manager, &mut tx, id, back)).unwrap();
    assert_eq!((shown.owner_id, shown.unit_id), (None, Some(world.unit)), "to a unit alone: back to its queue");
    let kinds = world.events().await;
    for kind in ["conversation.assigned", "conversation.unit_changed"] {
        assert_eq!(kinds.iter().filter(|found| *found == kind).count(), 2);
    }
    for (user_id, unit_id) in [(Some(world.ids.random()), None), (None, Some(world.ids.sortable(world.clock.now())))] {
        let unknown = Assignment { user_id, unit_id, reason: None };
        assert_eq!(code(run!(world, tx => assign(&manager, &mut tx, id, unknown))), "NOT_FOUND");
    }
    world.sql("update memberships set status = 'suspended' where organization_id = $1").await.unwrap();
    let gone = Assignment { user_id: agent.subject.user_id(), ..Assignment::default() };
    assert_eq!(code(run!(world, tx => assign(&manager, &mut tx, id, gone))), "VALIDATION_FAILED");
}

#[tokio::test]
async fn what_is_seen_never_goes_back_and_is_nobody_elses_business() {
    let world = World::new().await;
    let (ana, bia) = (world.agent("Ana").await, world.agent("Bia").await);
    let (id, _) = world.hears(ANA, "1").await;
    world.hears(ANA, "2").await;
    world.hears(ANA, "3").await;
    for (up_to, wanted) in [(2, 2), (1, 2), (99, 3), (3, 3)] {
        let now = run!(world, tx => seen(&ana, &mut tx, id, SeenBody { up_to_seq: up_to })).unwrap();
        assert!(now.last_seen_seq <= 3 && (up_to == 1 || now.last_seen_seq == wanted), "{up_to}: {now:?}");
    }
    assert_eq!(
        world.count("select max(last_seen_seq) from conversation_participants where organization_id = $1").await,
        3
    );
    assert_eq!(world.events().await.iter().filter(|kind| *kind == "conversation.seen").count(), 2);
    run!(world, tx => seen(&bia, &mut tx, id, SeenBody { up_to_seq: 1 })).unwrap();
    assert_eq!(
        world.count("select min(last_seen_seq) from conversation_participants where organization_id = $1").await,
        1
    );
    assert_eq!(code(run!(world, tx => seen(&ana, &mut tx, id, SeenBody { up_to_seq: -1 }))), "VALIDATION_FAILED");
}

#[tokio::test]
async fn details_are_edited_by_the_version_that_was_read() {
    let world = World::new().await;
    let agent = world.agent("Ana").await;
    let (id, _) = world.hears(ANA, "oi").await;
    let version = world.find(id).await.version;
    let body = |text: &str| DetailsBody {
        priority: Some("high".to_owned()),
        subject: Some(Some(text.to_owned())),
        ..DetailsBody::default()
    };
    assert_eq!(code(run!(world, tx => edit_details(&agent, &mut tx, id, None, body("a")))), "PRECONDITION_REQUIRED");
    let shown = run!(world, tx => edit_details(&agent, &mut tx, id, Some(version), body("a"))).unwrap();
    assert_eq!((shown.priority.as_str(), shown.subject.as_deref(), shown.version), ("high", Some("a"), version + 1));
    assert_eq!(
        code(run!(world, tx => edit_details(&agent, &mut tx, id, Some(version), body("b")))),
        "PRECONDITION_FAILED"
    );
    let clear = DetailsBody { subject: Some(None), ..DetailsBody::default() };
    let shown = run!(world, tx => edit_details(&agent, &mut tx, id, Some(version + 1), clear)).unwrap();
    assert_eq!((shown.subject, shown.priority.as_str()), (None, "high"));
    let wrong = DetailsBody { priority: Some("asap".to_owned()), ..DetailsBody::default() };
    assert_eq!(
        code(run!(world, tx => edit_details(&agent, &mut tx, id, Some(version + 2), wrong))),
        "VALIDATION_FAILED"
    );
}

#[tokio::test]
async fn check_21_personal_data_is_masked_for_who_may_not_see_it() {
    let world = World::new().await;
    let (id, _) = world.hears(ANA, "oi").await;
    let plain = world.person("Leo", &[Permission::MESSAGING_VIEW], Scope::Organization).await;
    let contact = run!(world, tx => messaging::find_conversation(&plain, &mut tx, id)).unwrap().contact.unwrap();
    assert_eq!((contact.address.as_deref(), contact.masked_fields), (Some("+55 11 *****-**17"), &["address"][..]));
    let agent = world.agent("Ana").await;
    let contact = run!(world, tx => messaging::find_conversation(&agent, &mut tx, id)).unwrap().contact.unwrap();
    assert_eq!((contact.address.as_deref(), contact.masked_fields.len()), (Some("+5511990000017"), 0));
    let told = world.event_data("conversation.created").await;
    assert_eq!(told[0]["conversation"]["contact"]["address"], "+55 11 *****-**17");
}
