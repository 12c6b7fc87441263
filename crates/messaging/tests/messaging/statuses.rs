//! The table of statuses over the real commands: rows succeed with their side effects, everything else is 409 and
//! changes nothing.

use crate::harness::{World, code};
use crate::run;
use kernel::ids::ConversationId;
use messaging::{ConversationStatus, ReplyBody, StatusBody, set_status};

const ANA: &str = "5511990000017";

async fn put(world: &World, status: ConversationStatus) -> ConversationId {
    let phone = format!(
        "55119{:08}",
        world.count("select count(*) from contacts where organization_id = $1").await + 90_000_000
    );
    let (id, _) = world.hears(&phone, "oi").await;
    let mut admin = world.admin().await;
    let closed = (status == ConversationStatus::Closed).then(|| world.clock.now());
    sqlx::query("update conversations set status = $2, closed_at = $3 where id = $1")
        .bind(id.0)
        .bind(status.as_str())
        .bind(closed)
        .execute(&mut admin)
        .await
        .unwrap();
    id
}

#[tokio::test]
async fn every_pair_of_status_and_wish() {
    use ConversationStatus::{Closed, Open, Pending, Snoozed, Waiting};
    let world = World::new().await;
    let agent = world.agent("Bia").await;
    let rows = [
        (Pending, Closed),
        (Open, Waiting),
        (Open, Closed),
        (Waiting, Open),
        (Waiting, Closed),
        (Snoozed, Open),
        (Snoozed, Closed),
        (Closed, Open),
    ];
    for from in ConversationStatus::ALL {
        for to in ConversationStatus::ALL {
            let id = put(&world, from).await;
            let (before, events) = (world.find(id).await, world.events().await.len());
            let done = run!(world, tx => set_status(&agent, &mut tx, id, StatusBody { status: to, reason: None }));
            let after = world.find(id).await;
            if from == to {
                assert_eq!(
                    (done.unwrap().version, world.events().await.len()),
                    (before.version, events),
                    "{from:?}: no event"
                );
            } else if rows.contains(&(from, to)) {
                assert_eq!(
                    (done.unwrap().status, after.status, after.version),
                    (to, to, before.version + 1),
                    "{from:?} {to:?}"
                );
                let kinds = world.events().await.split_off(events);
                assert_eq!(kinds.iter().filter(|kind| *kind == "conversation.status_changed").count(), 1);
                assert_eq!(kinds.contains(&"conversation.closed".to_owned()), to == Closed);
                assert_eq!(kinds.contains(&"conversation.reopened".to_owned()), from == Closed);
                assert_eq!(after.closed_at.is_some(), to == Closed);
                if to == Closed {
                    assert_eq!((after.status_reason.as_deref(), after.waiting_since), (Some("resolved"), None));
                }
                if from == Closed {
                    assert_eq!((after.reopened_count, after.owner_id), (1, agent.subject.user_id()));
                }
            } else {
                let refused = done.unwrap_err();
                assert_eq!(refused.code(), "INVALID_STATUS_TRANSITION", "{from:?} {to:?}");
                assert_eq!(refused.extra()["status"], from.as_str());
                assert!(refused.extra()["allowed"].as_array().unwrap().iter().all(|word| word != to.as_str()));
                assert_eq!((after.version, world.events().await.len()), (before.version, events), "nothing changed");
            }
        }
    }
}

#[tokio::test]
async fn every_status_answered_by_a_person_and_by_the_contact() {
    use ConversationStatus::{Closed, Open, Pending, Snoozed, Waiting};
    let world = World::new().await;
    let agent = world.agent("Bia").await;
    for (from, after_reply, after_inbound) in [
        (Pending, Open, Pending),
        (Open, Waiting, Open),
        (Waiting, Waiting, Open),
        (Snoozed, Snoozed, Open),
        (Closed, Waiting, Open),
    ] {
        let id = put(&world, from).await;
        world.says(&agent, id, "Olá").await;
        assert_eq!(world.find(id).await.status, after_reply, "reply in {from:?}");
        let id = put(&world, from).await;
        let address = world.find(id).await.contact.unwrap().address.unwrap();
        assert_eq!(world.hears(address.trim_start_matches('+'), "oi").await.0, id);
        let shown = world.find(id).await;
        assert_eq!(shown.status, after_inbound, "inbound in {from:?}");
        assert_eq!(shown.reopened_count, i32::from(from == Closed));
    }
}

#[tokio::test]
async fn reasons_are_for_closing_only_and_from_the_list() {
    let world = World::new().await;
    let agent = world.agent("Bia").await;
    let (id, _) = world.hears(ANA, "oi").await;
    let body = |status, reason: &str| StatusBody { status, reason: Some(reason.to_owned()) };
    let wrong = run!(world, tx => set_status(&agent, &mut tx, id, body(ConversationStatus::Waiting, "spam")));
    assert_eq!(code(wrong), "VALIDATION_FAILED");
    let unknown = run!(world, tx => set_status(&agent, &mut tx, id, body(ConversationStatus::Closed, "blocked")));
    assert_eq!(code(unknown), "VALIDATION_FAILED");
    run!(world, tx => set_status(&agent, &mut tx, id, body(ConversationStatus::Closed, "spam"))).unwrap();
    assert_eq!(world.find(id).await.status_reason.as_deref(), Some("spam"));
}

#[tokio::test]
async fn only_closed_threads_are_archived_and_a_reply_brings_them_back() {
    let world = World::new().await;
    let (agent, manager) = (world.agent("Bia").await, world.manager("Gil").await);
    let (id, _) = world.hears(ANA, "oi").await;
    let refused = run!(world, tx => messaging::set_archived(&manager, &mut tx, id, true));
    assert_eq!(code(refused), "INVALID_STATUS_TRANSITION");
    run!(world, tx => messaging::close(&agent, &mut tx, id, None)).unwrap();
    let refused = run!(world, tx => messaging::set_archived(&agent, &mut tx, id, true));
    assert_eq!(code(refused), "PERMISSION_DENIED");
    run!(world, tx => messaging::set_archived(&manager, &mut tx, id, true)).unwrap();
    assert!(world.find(id).await.archived_at.is_some());
    world.reply(&agent, id, ReplyBody::text("voltando")).await.unwrap();
    assert_eq!(world.find(id).await.archived_at, None);
    run!(world, tx => messaging::close(&agent, &mut tx, id, None)).unwrap();
    run!(world, tx => messaging::set_archived(&manager, &mut tx, id, true)).unwrap();
    let (next, _) = world.hears(ANA, "oi").await;
    assert_eq!(
        world.find(next).await.previous_conversation_id,
        Some(id),
        "archived ones are not reopened by the contact"
    );
}
